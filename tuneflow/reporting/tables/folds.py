"""Scores by fold, and scores on the way up."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from tuneflow.reporting.tables.frame import frame
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
