"""Where the time went."""

import math

import pandas as pd

from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.study_record import StudyRecord

STATES = ("complete", "pruned", "fail", "running", "waiting")


def cost(trials: pd.DataFrame, record: StudyRecord) -> pd.DataFrame:
    """Time by what became of the trials, one row a state.

    Args:
        trials: The table of trials.
        record: The study.

    Returns:
        A frame indexed by ``state``: ``trials``; ``seconds`` of wall clock, of which
        ``seconds_fit`` went into training, ``seconds_score`` into scoring and ``seconds_other``
        into the rest; and ``saved``: for pruned trials, what they would have cost in addition at
        the median of complete ones; for complete trials, what growing on to the last rung would
        have cost had they not peaked. ``saved`` is an estimate, missing where nothing was.
    """
    sums = trials.groupby("state")[["seconds", "seconds_fit", "seconds_score"]].sum(min_count=1)
    sums.insert(0, "trials", trials["state"].value_counts())
    sums["seconds_other"] = sums["seconds"] - sums["seconds_fit"] - sums["seconds_score"]
    sums["saved"] = math.nan
    if "pruned" in sums.index:
        spent = trials.loc[trials["state"] == "pruned", "seconds"]
        sums.loc["pruned", "saved"] = (typical_seconds(trials) - spent).clip(lower=0).sum()
    if "complete" in sums.index and record.header:
        last = record.header.growth.get("last")
        peaked = [entry for entry in record.records if entry and entry.ended == "patience"]
        reached = [(entry.seconds_fit, entry.curve[-1][1]) for entry in peaked if entry.curve]
        sums.loc["complete", "saved"] = sum(  # training, from where it ended to the last rung
            seconds * max(0.0, last / budget - 1)
            for seconds, budget in reached
            if budget and isinstance(last, int | float)
        )
    return sums.reindex([state for state in STATES if state in sums.index])


def typical_seconds(trials: pd.DataFrame) -> float:
    """The median time of a complete trial; NaN if there is none."""
    return float(trials.loc[trials["state"] == "complete", "seconds"].median())


def timeline(trials: pd.DataFrame) -> pd.DataFrame:
    """When trials ran, beside each other where they ran at once.

    Returns:
        A frame with columns ``number``, ``state``, ``worker`` (from 0; the first that was free),
        ``start`` and ``end`` in seconds since the first trial began.
    """
    ran = trials.dropna(subset="started").sort_values("started", kind="stable")
    start = (ran["started"] - ran["started"].min()).dt.total_seconds()
    now = (start + ran["seconds"].fillna(0)).max()
    end = (start + ran["seconds"]).fillna(now)  # a running trial has got as far as the others
    rows, free_from = [], list[float]()  # by worker
    for number, state, begun, ended in zip(ran.index, ran["state"], start, end, strict=True):
        free = (i for i, at in enumerate(free_from) if at <= begun + 1e-6)
        worker = next(free, len(free_from))
        free_from[worker : worker + 1] = [max(ended, begun)]
        rows.append((number, state, worker, begun, ended))
    kinds = {"number": int, "state": "str", "worker": int, "start": float, "end": float}
    return frame(rows, kinds)
