"""The trials of a study in the form that scikit-learn's search classes give them."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.ma as ma
import optuna
from scipy.stats import rankdata

from tuneflow.recipe.space import Params
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import StudyRecord, score_of

Trial = optuna.trial.FrozenTrial


def cv_results(
    record: StudyRecord, trials: Sequence[Trial], params: Sequence[Params], n_splits: int
) -> dict[str, Any]:
    """What scikit-learn calls ``cv_results_``, of trials that have ended.

    A trial that was pruned or failed has no mean, stands last in the ranking, and has the scores
    of the folds that it came to. Times are those of all folds together, divided by their number:
    what the folds took one by one is not recorded, so that its deviation is NaN.

    Args:
        record: The study.
        trials: In the order of the table.
        params: The estimator's arguments in each of them.
        n_splits: Number of folds.
    """
    entries = [record.record(trial) or TrialRecord() for trial in trials]
    scores = np.array([_padded(entry.scores, n_splits) for entry in entries])
    means = np.array([score_of(trial) for trial in trials])
    names = dict.fromkeys(name for point in params for name in point)
    unknown = np.full(len(trials), math.nan)
    return {
        "mean_fit_time": np.array([_mean(entry.seconds_fit, entry) for entry in entries]),
        "std_fit_time": unknown,
        "mean_score_time": np.array([_mean(entry.seconds_score, entry) for entry in entries]),
        "std_score_time": unknown.copy(),
        **{f"param_{name}": _column(name, params) for name in names},
        "params": list(params),
        **{f"split{fold}_test_score": scores[:, fold] for fold in range(n_splits)},
        "mean_test_score": means,
        "std_test_score": np.where(np.isnan(means), math.nan, scores.std(axis=1)),
        "rank_test_score": _ranks(means),
    }


def _padded(scores: Sequence[float], n_splits: int) -> list[float]:
    return [*scores, *[math.nan] * (n_splits - len(scores))]


def _mean(seconds: float, entry: TrialRecord) -> float:
    return seconds / max(1, len(entry.scores))


def _column(name: str, params: Sequence[Params]) -> ma.MaskedArray[Any, Any]:
    column: ma.MaskedArray[Any, Any] = ma.array(np.empty(len(params), dtype=object), mask=True)
    for at, point in enumerate(params):
        if name in point:
            column[at] = point[name]
    return column


def _ranks(means: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    ranks: np.ndarray[Any, Any] = rankdata(
        np.where(np.isnan(means), math.inf, -means), method="min"
    )
    return ranks.astype(np.int32)
