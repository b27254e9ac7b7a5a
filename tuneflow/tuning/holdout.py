"""Held-out rows, which the search never sees, and what its models score on them."""

import math
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.data.dataset import Data
from tuneflow.data.metrics import Metric
from tuneflow.data.types import FloatArray
from tuneflow.errors import TrialError
from tuneflow.models.pipeline import Refit
from tuneflow.reporting.tables.folds import holdout as holdout_table
from tuneflow.storage.records import HoldoutRecord
from tuneflow.storage.study_record import StudyRecord, score_of
from tuneflow.study.plan import Plan
from tuneflow.tuning.refit import refit

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
        so far; see :func:`tuneflow.reporting.tables.folds.holdout`."""
        return holdout_table(self)

    def __str__(self) -> str:
        interval = f"{self.low:.5g} to {self.high:.5g} at 95 %"
        return f"{self.score:.5g} ({interval}, on {self.rows} held-out rows)"


def judge(
    record: StudyRecord,
    plan: Plan,
    chosen: FrozenTrial,
    model: Refit,
    holdout: Data,
    deadline: float,
) -> Holdout:
    """Score the refitted model on the held-out rows, and each trial that was the best so far.

    Args:
        record: The study.
        plan: What it is about.
        chosen: The trial that was refitted.
        model: What the refit came to.
        holdout: The held-out rows.
        deadline: Until when other trials are refitted, too, in seconds of `time.monotonic`; the
            defaults always are.
    """
    metric = plan.evaluation.metric
    default = record.baseline.number if record.baseline else -1
    predictions = _predictions(record, plan, chosen, model, holdout, deadline)
    rows = np.arange(len(holdout.y))
    scores = {number: metric.score(of, holdout, rows) for number, of in predictions.items()}
    compared = [predictions[number] for number in (chosen.number, default) if number in scores]
    draws = _bootstrap(metric, holdout, compared)
    low, high = _interval(draws[:, 0])
    improvement_low, improvement_high = math.nan, math.nan
    if default in scores:
        improvement_low, improvement_high = _interval(draws[:, 0] - draws[:, 1])
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
        path=tuple(
            (trial.number, score_of(trial), scores[trial.number])
            for trial in record.incumbents
            if trial.number in scores
        ),
    )


def _interval(draws: FloatArray) -> tuple[float, float]:
    low, high = np.nanpercentile(draws, ENDS)
    return float(low), float(high)


def _predictions(
    record: StudyRecord,
    plan: Plan,
    chosen: FrozenTrial,
    model: Refit,
    holdout: Data,
    deadline: float,
) -> dict[int, FloatArray]:
    """Predictions for the held-out rows, by the number of the trial: all are refitted at the
    learning rate of the chosen one, so that they can be compared."""
    rows = holdout.frame
    labels = plan.evaluation.metric.needs == "labels"
    if plan.rate and chosen.params[plan.rate.name] == plan.rate.search_rate:
        plan = replace(plan, rate=replace(plan.rate, refit_rate=model.params[plan.rate.name]))
    predictions = {chosen.number: model.outputs(rows, labels=labels)}
    for trial in record.incumbents:
        is_default = record.baseline is not None and trial.number == record.baseline.number
        if trial.number != chosen.number and (is_default or time.monotonic() < deadline):
            with suppress(TrialError):  # it takes the rows of the folds, and not all of them
                predictions[trial.number] = refit(plan, trial).outputs(rows, labels=labels)
    return predictions


def _bootstrap(metric: Metric, holdout: Data, models: Sequence[FloatArray]) -> FloatArray:
    """Scores of models on rows drawn anew, again and again, shape (draws, models); NaN where a
    draw has no score."""
    rows = len(holdout.y)
    generator = np.random.default_rng(rows)
    scores = np.full((DRAWS if metric.quick else DRAWS // 10, len(models)), math.nan)
    for draw in scores:
        drawn = generator.integers(0, rows, rows)
        with suppress(ValueError):  # a draw without one of the classes
            draw[:] = [metric.score(predictions[drawn], holdout, drawn) for predictions in models]
    return scores
