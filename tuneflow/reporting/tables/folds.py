"""Scores by fold, on the way up, and on held-out rows."""

import math
from typing import Any

import pandas as pd

from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.records import HoldoutRecord
from tuneflow.storage.study_record import StudyRecord


def folds(record: StudyRecord) -> pd.DataFrame:
    """Scores of the folds, one row a trial and fold.

    Returns:
        A frame with columns ``number``, ``fold`` (from 0), ``score``, and ``improvement``: the
        score over that of the defaults on the same fold; positive is better.
    """
    entry = record.record(record.baseline)
    base = dict(enumerate(entry.scores if entry else ()))
    rows = [
        (number, fold, score, (score - base.get(fold, math.nan)) * record.sign)
        for number, entry in enumerate(record.records)
        if entry
        for fold, score in enumerate(entry.scores)
    ]
    return frame(rows, {"number": int, "fold": int, "score": float, "improvement": float})


def rungs(record: StudyRecord) -> pd.DataFrame:
    """Scores on the way up, one row a trial and rung.

    Returns:
        A frame with columns ``number``, ``rung`` (from 0), ``folds`` (how many took part; missing
        in studies of others), ``budget`` (for these, the step reported) and ``score``.
    """
    rows: list[tuple[Any, ...]] = []
    for trial, entry in zip(record.trials, record.records, strict=True):
        steps = sorted(trial.intermediate_values.items())
        curve = entry.curve if entry else [(None, step, score) for step, score in steps]
        rows += [(trial.number, rung, *reached) for rung, reached in enumerate(curve)]
    kinds = {"number": int, "rung": int, "folds": "Int64", "budget": float, "score": float}
    return frame(rows, kinds)


def holdout(record: HoldoutRecord | None) -> pd.DataFrame:
    """Score in the folds and on held-out rows, one row for each trial that was the best so far.

    Where the inner score goes on rising and the one on held-out rows falls, the search has begun
    to fit the folds: overtuning (Schneider, Bischl, Feurer 2025).

    Returns:
        A frame indexed by ``number`` with columns ``inner``, ``holdout``, ``optimism`` (inner less
        holdout) and ``overtuned`` (by how much an earlier one was better on the held-out rows);
        empty where no rows were held out.
    """
    kinds = {"number": int, "inner": float, "holdout": float}
    table = frame(record.path if record else (), kinds, "number")
    table["optimism"] = table["inner"] - table["holdout"]
    table["overtuned"] = table["holdout"].cummax() - table["holdout"]
    return table
