"""Frames of runs and trials to scores side by side, ranks, wins, and what it took."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

RUN = [
    *("table", "contender", "seed", "state", "score", "default", "trials", "seconds"),
    *("seconds_sampler", "modelled", "recipe", "sampler", "pruner", "scoring", "error"),
]
STEP = ["table", "contender", "seed", "trial", "seconds", "score", "best"]
KEY = ["table", "contender", "seed"]  # of one run, in both frames


def failed(runs: pd.DataFrame) -> list[str]:
    """Contenders that failed in every run that ended."""
    states = _ended(runs).groupby("contender", sort=False)["state"]
    return [str(name) for name, state in states if (state == "failed").all()]


def waiting(runs: pd.DataFrame) -> list[str]:
    """Contenders of which no run has ended."""
    states = runs.groupby("contender", sort=False)["state"]
    return [str(name) for name, state in states if (state == "open").all()]


def normalised(runs: pd.DataFrame) -> pd.DataFrame:
    """Scores from 0, the median of the defaults of a table, to 1, the best known there."""
    low, span = _scales(runs)
    scores = (runs["score"] - runs["table"].map(low)) / runs["table"].map(span)
    return runs.assign(score=scores.fillna(0.0).astype(float))


def with_regret(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """Steps with the distance of the best so far from the best known; normalised in a suite."""
    done = runs[runs["state"] == "done"]
    steps = steps.merge(done[KEY], on=KEY)
    if runs["table"].nunique() > 1:
        low, span = _scales(done)
        steps["best"] = (steps["best"] - steps["table"].map(low)) / steps["table"].map(span)
    return steps.assign(regret=steps.groupby("table")["best"].transform("max") - steps["best"])


def blocks(runs: pd.DataFrame) -> pd.DataFrame:
    """Scores, a column a contender: a row a seed; for a suite a row a table, over its seeds.

    A run that failed gets the worst score of its table, so that it loses. Within a suite scores
    are normalised, and seeds that not all contenders of a table have run are left out of its
    mean. A contender that failed everywhere, or of which no run has ended, has no column.
    """
    without = {*failed(runs), *waiting(runs)}
    names = [name for name in dict.fromkeys(runs["contender"]) if name not in without]
    runs = _ended(runs)
    worst = runs.groupby("table")["score"].transform("min")
    runs = runs.assign(score=runs["score"].fillna(worst))
    runs = runs[runs["contender"].isin(names)]
    if runs["table"].nunique() <= 1:
        return _wide(runs, "seed", names)
    runs = normalised(runs)
    width = runs.groupby(["table", "seed"])["contender"].transform("nunique")
    most = width.groupby(runs["table"]).transform("max")
    return _wide(runs[width == most], "table", names)


def ranking(runs: pd.DataFrame, steps: pd.DataFrame) -> pd.DataFrame:
    """A row a contender, best mean rank first; `Comparison.table` explains the columns."""
    names = list(dict.fromkeys(runs["contender"]))
    done = runs[runs["state"] == "done"]
    scaled = normalised(done) if runs["table"].nunique() > 1 else done
    scores, costs = scaled.groupby("contender")["score"], done.groupby("contender")
    frame = pd.DataFrame(index=pd.Index(names, name="contender"))
    frame["runs"] = costs.size().reindex(names, fill_value=0)
    frame["failed"] = (runs["state"] == "failed").groupby(runs["contender"]).sum()
    frame["mean"], frame["median"], frame["spread"] = scores.mean(), scores.median(), scores.std()
    frame["rank"], frame["wins"] = ranks(runs)
    frame["trials_to_improvement"], frame["trials_to_best"] = _trials_to(done, steps)
    for name in ("trials", "seconds", "seconds_sampler", "modelled"):
        frame[name] = costs[name].median()
    return frame.sort_values("rank", kind="stable")


def ranks(runs: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Mean rank (1 is best), and rounds won, shared ones in parts; who failed is last."""
    scores = _ended(runs).set_index(["table", "seed", "contender"])["score"]
    wide = scores.fillna(-math.inf).unstack()
    first = wide.eq(wide.max(axis=1), axis=0) & (wide > -math.inf)
    share = first.div(first.sum(axis=1).clip(lower=1), axis=0)
    return wide.rank(axis=1, ascending=False).mean(), share.sum()


def _ended(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs that have come to their end, with a score or without."""
    return runs[runs["state"] != "open"]


def _scales(runs: pd.DataFrame) -> tuple[pd.Series[float], pd.Series[float]]:
    """Of each table the median of the defaults, and by how much the best known is above it."""
    tables = runs.groupby("table")
    low = tables["default"].median()
    span = tables["score"].max() - low
    return low, span.where(span > 0)


def _wide(runs: pd.DataFrame, index: str, names: Sequence[str]) -> pd.DataFrame:
    wide = runs.pivot_table(index=index, columns="contender", values="score", aggfunc="mean")
    return wide.reindex(columns=pd.Index(names, name="contender")).dropna(how="all")


def _trials_to(done: pd.DataFrame, steps: pd.DataFrame) -> tuple[pd.Series[float], ...]:
    """Median trials until the defaults were beaten, and until the best contender's median.

    A run that never came there counts as later than all; if half of them did not, it is missing.
    """
    medians = done.groupby(["table", "contender"])["score"].median()
    goal = done["table"].map(medians.groupby(level="table").max()).astype(float)
    runs = done[[*KEY, "default"]].assign(goal=goal)
    steps = steps.merge(runs, on=KEY)
    firsts = []
    for reached in (steps["best"] > steps["default"], steps["best"] >= steps["goal"]):
        first = steps[reached].groupby(KEY)["trial"].min()
        every = first.reindex(pd.MultiIndex.from_frame(runs[KEY])).astype(float).fillna(math.inf)
        medians = every.groupby(level="contender").median()
        firsts.append(medians.where(medians < math.inf))
    return tuple(firsts)
