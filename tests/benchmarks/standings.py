"""From the lines of the race to numbers: ranks, pairs won, differences, ratios of time."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from lines import Line

ROUND = ["mode", "family", "limit", "data", "seed"]
US = "tuneflow"


def runs(lines: Iterable[Line]) -> pd.DataFrame:
    """One row a run and limit: a run that knows no limit stands beside those of every limit.

    A run that timed out is the last of its round. So is one of tuneflow that failed otherwise; a
    contender that failed otherwise is left out, since that may be our fault.
    """
    columns = [*ROUND, "who", "seconds", "score", "rows", "error"]
    frame = pd.DataFrame([line for line in lines if "who" in line and "data" in line])
    frame = frame.reindex(columns=columns).drop_duplicates([*ROUND, "who"], keep="last")
    lost = (frame["error"] == "timed out") | ((frame["who"] == US) & frame["error"].notna())
    frame.loc[lost, "score"] = -np.inf
    limited, free = frame[frame["limit"].notna()], frame[frame["limit"].isna()]
    rounds = limited[ROUND].drop_duplicates()
    free = free.drop(columns="limit").merge(rounds, on=[name for name in ROUND if name != "limit"])
    return pd.concat([limited, free[columns]], ignore_index=True)


def wide(frame: pd.DataFrame, value: str) -> pd.DataFrame:
    """One row a round (a table, a seed, a limit), one column a contender."""
    return frame.set_index([*ROUND, "who"])[value].unstack("who")


def only(scores: pd.DataFrame, mode: str, families: Iterable[str], limit: float) -> pd.DataFrame:
    """The rounds of one mode, some families and one limit."""
    at = scores.index
    here = (at.get_level_values("mode") == mode) & (at.get_level_values("limit") == limit)
    return scores[here & at.get_level_values("family").isin(list(families))].dropna(
        axis="columns", how="all"
    )


def pair(frame: pd.DataFrame, other: str) -> pd.DataFrame:
    """The rounds in which both tuneflow and another contender have a value."""
    return frame.reindex(columns=[US, other]).dropna()


def share_won(scores: pd.DataFrame, other: str) -> float:
    """Share of rounds in which tuneflow is ahead; a tie is half a round."""
    both = pair(scores, other)
    ahead = np.sign(both[US].to_numpy() - both[other].to_numpy())
    ahead = np.where(np.isnan(ahead), 0.0, ahead)  # both have lost
    return float((ahead.mean() + 1) / 2) if len(both) else np.nan


def difference(scores: pd.DataFrame, other: str) -> float:
    """Mean of (tuneflow - other) / (best - defaults) over the rounds, each within -1 and 1."""
    both = pair(scores.dropna(subset=scores.columns.intersection(["defaults"])), other)
    if both.empty or "defaults" not in scores:
        return np.nan
    span = (scores.max(axis=1) - scores["defaults"]).reindex(both.index)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = ((both[US] - both[other]) / span).where(both[US] != both[other], 0.0)
    return float(found.clip(-1, 1).mean())


def mean_ranks(scores: pd.DataFrame) -> pd.Series:
    """Mean rank over the rounds, 1 for the best; ties share theirs."""
    return scores.rank(axis=1, ascending=False).mean().sort_values()


def time_ratios(seconds: pd.DataFrame, other: str) -> pd.Series:
    """Seconds of tuneflow over those of another, table by table: the median of the seeds."""
    both = pair(seconds, other)
    return (both[US] / both[other]).groupby(level="data").median()
