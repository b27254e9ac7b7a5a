"""Runs to tables: scores side by side, ranks, wins, and what it took."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

RUN = [
    *("table", "contender", "seed", "state", "score", "default", "trials", "seconds"),
    *("seconds_sampler", "modelled", "recipe", "sampler", "pruner", "scoring", "error"),
]
STEP = ["table", "contender", "seed", "trial", "seconds", "score", "best"]


def ended(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that have come to their end, whichever."""
    return runs[runs["state"] != "open"]


def failed(runs: pd.DataFrame) -> list[str]:
    """Contenders that failed in every run that ended."""
    states = ended(runs).groupby("contender", sort=False)["state"]
    return [str(name) for name, found in states if (found == "failed").all()]


def waiting(runs: pd.DataFrame) -> list[str]:
    """Contenders of which no run has ended."""
    states = runs.groupby("contender", sort=False)["state"]
    return [str(name) for name, found in states if (found == "open").all()]


def filled(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that ended; one that failed gets the worst score of its table, so that it loses."""
    runs = ended(runs).copy()
    worst = runs.groupby("table")["score"].transform("min")
    runs["score"] = runs["score"].fillna(worst)
    return runs


def normalised(runs: pd.DataFrame) -> pd.DataFrame:
    """Scores from 0, the median of the defaults of a table, to 1, the best known there."""
    groups = runs.groupby("table")
    low, high = groups["default"].transform("median"), groups["score"].transform("max")
    span = (high - low).where(high > low)
    return runs.assign(score=((runs["score"] - low) / span).fillna(0.0).astype(float))


def with_regret(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Steps with the distance of the best so far from the best known; normalised in a suite."""
    key = ["table", "contender", "seed"]
    done = runs[runs["state"] == "done"]
    every = steps.merge(done[key], on=key).copy()
    if runs["table"].nunique() > 1:
        groups = done.groupby("table")
        low, high = groups["default"].median(), groups["score"].max()
        span = (high - low).where(high > low)
        every["best"] = (every["best"] - every["table"].map(low)) / every["table"].map(span)
    return every.assign(regret=every.groupby("table")["best"].transform("max") - every["best"])


def blocks(runs: pd.DataFrame) -> pd.DataFrame:
    """Scores, a column a contender: a row a seed; for a suite a row a table, over its seeds.

    Within a suite scores are normalised, and seeds that not all contenders of a table have run
    are left out of its mean; a contender that failed everywhere, or of which no run has ended,
    has no column.
    """
    without = {*failed(runs), *waiting(runs)}
    names = [name for name in dict.fromkeys(runs["contender"]) if name not in without]
    found = filled(runs)
    found = found[found["contender"].isin(names)]
    if runs["table"].nunique() <= 1:
        return _wide(found, "seed", names)
    found = normalised(found)
    width = found.groupby(["table", "seed"])["contender"].transform("nunique")
    most = width.groupby(found["table"]).transform("max")
    return _wide(found[width == most], "table", names)


def _wide(runs: pd.DataFrame, index: str, names: Sequence[str]) -> pd.DataFrame:
    wide = runs.pivot_table(index=index, columns="contender", values="score", aggfunc="mean")
    return wide.reindex(columns=pd.Index(names, name="contender")).dropna(how="all")


def ranking(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """A row a contender, best mean rank first; the columns are told at `Comparison.table`."""
    names = list(dict.fromkeys(runs["contender"]))
    several = runs["table"].nunique() > 1
    done = ended(runs)
    done = done[done["state"] == "done"]
    shown = normalised(done) if several else done
    scores = shown.groupby("contender")["score"]
    costs = done.groupby("contender")
    frame = pd.DataFrame(index=pd.Index(names, name="contender"))
    frame["runs"] = costs.size().reindex(names, fill_value=0)
    frame["failed"] = (runs["state"] == "failed").groupby(runs["contender"]).sum()
    frame["mean"], frame["median"], frame["spread"] = scores.mean(), scores.median(), scores.std()
    frame["rank"], frame["wins"] = ranks(runs)
    frame["trials_to_lift"], frame["trials_to_best"] = _reached(done, steps)
    for name in ("trials", "seconds", "seconds_sampler", "modelled"):
        frame[name] = costs[name].median()
    return frame.sort_values("rank", kind="stable")


def ranks(runs: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Mean rank (1 is best), and rounds won, shared ones in parts; who failed is last."""
    wide = ended(runs).pivot_table(
        index=["table", "seed"], columns="contender", values="score", aggfunc="mean", dropna=False
    )
    ran = ended(runs).pivot_table(
        index=["table", "seed"], columns="contender", values="trials", aggfunc="size"
    )
    wide = wide.reindex(index=ran.index, columns=ran.columns).fillna(-math.inf).where(ran.notna())
    first = wide.eq(wide.max(axis=1), axis=0) & (wide > -math.inf)
    share = first.div(first.sum(axis=1).clip(lower=1), axis=0)
    return wide.rank(axis=1, ascending=False).mean(), share.sum()


def _reached(done: pd.DataFrame, steps: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Median trials until the defaults were beaten, and until the best contender's median."""
    key = ["table", "contender", "seed"]
    medians = done.groupby(["table", "contender"])["score"].median()
    best = medians.groupby(level="table").max().rename("goal").reset_index()
    runs = done[[*key, "default"]].merge(best, on="table")
    every = steps.merge(runs, on=key)
    lifted = every[every["best"] > every["default"]].groupby(key)["trial"].min()
    there = every[every["best"] >= every["goal"]].groupby(key)["trial"].min()
    return _median(lifted, runs), _median(there, runs)


def _median(first: pd.Series[float], runs: pd.DataFrame) -> pd.Series[float]:
    """Median over runs; one that never came there counts as later than all."""
    index = pd.MultiIndex.from_frame(runs[["table", "contender", "seed"]])
    known = first.reindex(index).astype(float).fillna(math.inf)
    medians = known.groupby(level="contender").median()
    return medians.where(medians < math.inf)
