"""Held-out rows, which the search never sees, and what its models score on them."""

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.data.dataset import Data
from tuneflow.data.metrics import Metric, Responses
from tuneflow.data.types import FloatArray
from tuneflow.reporting.tables.trials import holdout as holdout_table
from tuneflow.storage.records import HoldoutRecord
from tuneflow.storage.study_record import StudyRecord, score_of

DRAWS = 1000  # of the bootstrap; a tenth for a scorer that is slow
ENDS = (2.5, 97.5)  # of an interval at 95 %, in per cent


@dataclass(frozen=True)
class Holdout(HoldoutRecord):
    """What models score on held-out rows.

    Its attributes are those of :class:`HoldoutRecord <tuneflow.storage.records.HoldoutRecord>`.

    >>> print(Holdout("r2", 88, 0.5, 0.43, 0.31, 0.52, 0.4, 0.0, 0.1, ()))
    0.43 (0.31 to 0.52 at 95 %, on 88 held-out rows)
    """

    @property
    def optimism(self) -> float:
        """How much better the folds were than the held-out rows."""
        return self.inner - self.score

    def table(self) -> pd.DataFrame:
        """Scores in the folds and on the held-out rows, one row for each trial that was the best
        so far; see :func:`tuneflow.reporting.tables.trials.holdout`."""
        return holdout_table(self)

    def __str__(self) -> str:
        interval = f"{self.low:.5g} to {self.high:.5g} at 95 %"
        return f"{self.score:.5g} ({interval}, on {self.rows} held-out rows)"


def judge(
    record: StudyRecord,
    metric: Metric,
    holdout: Data,
    chosen: FrozenTrial,
    predictions: Mapping[int, Responses],
) -> Holdout:
    """Score the refitted model on the held-out rows, and each trial that was the best so far.

    Args:
        record: The study.
        metric: What they are scored by.
        holdout: The held-out rows.
        chosen: The trial that was refitted.
        predictions: For these rows, by the number of the trial; that of the chosen one among them.
    """
    default = record.baseline.number if record.baseline else -1
    rows = np.arange(len(holdout.y))
    scores = {number: metric.score(of, holdout, rows) for number, of in predictions.items()}
    compared = [predictions[number] for number in (chosen.number, default) if number in scores]
    draws = _bootstrap(metric, holdout, compared)
    low, high = np.nanpercentile(draws[:, 0], ENDS).tolist()
    improvement_low, improvement_high = math.nan, math.nan
    if default in scores:
        improvements = draws[:, 0] - draws[:, 1]
        improvement_low, improvement_high = np.nanpercentile(improvements, ENDS).tolist()
    refitted = [trial for trial in record.incumbents if trial.number in scores]
    return Holdout(
        scoring=metric.name,
        rows=len(rows),
        inner=score_of(chosen),
        score=scores[chosen.number],
        low=low,
        high=high,
        default=scores.get(default, math.nan),
        improvement_low=improvement_low,
        improvement_high=improvement_high,
        path=tuple((trial.number, score_of(trial), scores[trial.number]) for trial in refitted),
    )


def _bootstrap(metric: Metric, holdout: Data, models: Sequence[Responses]) -> FloatArray:
    """Scores of models on rows drawn anew, again and again, shape (draws, models); NaN where a
    draw has no score."""
    rows = len(holdout.y)
    generator = np.random.default_rng(rows)
    scores = np.full((DRAWS if metric.quick else DRAWS // 10, len(models)), math.nan)
    for draw in scores:
        drawn = generator.integers(0, rows, rows)
        with suppress(ValueError):  # a draw without one of the classes
            draw[:] = [metric.score(said.take(drawn), holdout, drawn) for said in models]
    return scores
