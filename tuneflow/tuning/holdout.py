"""Rows that the search must not see, and what its models score on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tuneflow.data.dataset import Data
from tuneflow.data.metrics import Metric
from tuneflow.data.types import FloatArray, IntArray
from tuneflow.reporting.tables import holdout as table
from tuneflow.storage.records import HoldoutRecord

DRAWS = 1000  # of the bootstrap; a scorer of one's own is asked a tenth as often
SURE = (2.5, 97.5)  # per cent


@dataclass(frozen=True)
class Holdout(HoldoutRecord):
    """What models score on rows that nothing has looked at; see :class:`tuneflow.storage.records.HoldoutRecord`.

    >>> print(Holdout("r2", 88, 0.5, 0.43, 0.31, 0.52, 0.4, 0.0, 0.1, ()))
    0.43 (0.31 to 0.52 at 95 %, on 88 rows kept aside)
    """

    @property
    def optimism(self) -> float:
        """By how much the folds were too good."""
        return self.inner - self.score

    def table(self) -> pd.DataFrame:
        """Inner against outer score along the study, one row for each trial that led.

        Returns:
            The table :func:`holdout <tuneflow.reporting.tables.holdout.holdout>` of a report.
        """
        return table.holdout(self)

    def __str__(self) -> str:
        span = f"{self.low:.5g} to {self.high:.5g} at 95 %"
        return f"{self.score:.5g} ({span}, on {self.rows} rows kept aside)"


def judge(
    holdout: Data,
    metric: Metric,
    outputs: Sequence[tuple[int, float, FloatArray]],
    default: int | None,
    chosen: tuple[float, FloatArray],
) -> Holdout:
    """Score models on the rows that were kept aside.

    Args:
        outer: These rows.
        metric: What is good.
        outputs: For each trial that led: number, inner score, and predictions for the rows.
        default: The number of the defaults; None, or one that is missing, if they have no score.
        chosen: Inner score of the model that is handed back, and its predictions.
    """
    rows = np.arange(len(holdout.y))
    before = next((said for number, _, said in outputs if number == default), None)
    inside, kept = chosen

    def scores(at: IntArray) -> tuple[float, float]:
        base = math.nan if before is None else metric.score(before[at], holdout, at)
        return metric.score(kept[at], holdout, at), base

    score, base = scores(rows)
    drawn = _drawn(scores, len(rows), DRAWS if metric.quick else DRAWS // 10)
    low, high = np.nanpercentile(drawn[:, 0], SURE)
    improvements = drawn[:, 0] - drawn[:, 1]
    improvement_low, improvement_high = (
        (math.nan, math.nan) if before is None else np.nanpercentile(improvements, SURE)
    )
    path = tuple((n, inner, metric.score(said, holdout, rows)) for n, inner, said in outputs)
    ends = (float(low), float(high), base, float(improvement_low), float(improvement_high))
    return Holdout(metric.name, len(rows), inside, score, *ends, path)


def _drawn(scores: Callable[[IntArray], tuple[float, float]], rows: int, draws: int) -> FloatArray:
    """Scores on rows drawn anew, again and again; NaN where the draw has no score."""
    chance, found = np.random.default_rng(rows), []
    for _ in range(draws):
        try:
            found.append(scores(chance.integers(0, rows, rows)))
        except ValueError:  # a draw without one of the classes
            found.append((np.nan, np.nan))
    return np.array(found)
