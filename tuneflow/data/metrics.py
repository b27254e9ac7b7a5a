"""Metrics: a scorer, and which kind of predictions it needs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.metrics import get_scorer, get_scorer_names, log_loss, make_scorer

from tuneflow.data.dataset import Data
from tuneflow.data.types import FloatArray, IntArray, Task
from tuneflow.errors import ScoringError, did_you_mean

Quick: TypeAlias = Callable[[FloatArray, npt.NDArray[Any]], float]
Needs = Literal["labels", "ranks", "probabilities", "values"]

#: The default scorer of each task; scikit-learn's names.
DEFAULTS: dict[Task, str] = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}


def _scorers_of(module: str) -> frozenset[str]:
    """Names of scikit-learn's scorers whose function is defined in a module or package."""
    return frozenset(
        name
        for name in get_scorer_names()
        if get_scorer(name)._score_func.__module__.startswith(module)
    )


#: Scorers for regressions; they would run on class codes, and mean nothing.
REGRESSION = _scorers_of("sklearn.metrics._regression")
#: Scorers for clusterings, which tuneflow does not tune.
CLUSTERING = _scorers_of("sklearn.metrics.cluster")


def _roc_auc(shares: FloatArray, codes: IntArray) -> float:
    """The chance that a row of the second class ranks above one of the first (Mann-Whitney U)."""
    positive = int(codes.sum())
    negative = len(codes) - positive
    if not positive or not negative:
        return math.nan
    above = rankdata(shares[:, 1])[codes == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def _neg_log_loss(shares: FloatArray, codes: IntArray) -> float:
    true = shares[np.arange(len(codes)), codes] / shares.sum(axis=1)
    return float(np.log(np.clip(true, np.finfo(float).eps, None)).mean())


def _accuracy(shares: FloatArray, codes: IntArray) -> float:
    return float((shares.argmax(axis=1) == codes).mean())


def _neg_rmse(values: FloatArray, true: FloatArray) -> float:
    return -math.sqrt(float(((values - true) ** 2).mean()))


#: The usual metrics without scikit-learn's checks, which cost more than a rung on a small table:
#: predictions and the encoded target, to the same score.
QUICK: dict[str, Quick] = {
    "roc_auc": _roc_auc,
    "neg_log_loss": _neg_log_loss,
    "accuracy": _accuracy,
    "neg_root_mean_squared_error": _neg_rmse,
    "neg_mean_squared_error": lambda values, true: -(_neg_rmse(values, true) ** 2),
    "neg_mean_absolute_error": lambda values, true: -float(np.abs(values - true).mean()),
}


class _Predicted:
    """Ready predictions as a fitted model, which is what scikit-learn's scorers take.

    It notes which kind of predictions a scorer asks for.
    """

    def __init__(self, predictions: FloatArray) -> None:
        self.predictions = predictions
        self.asked: set[str] = set()

    def fit(self, X: Any, y: Any) -> None:
        """Do nothing; scorers only look for the method."""

    def __sklearn_is_fitted__(self) -> bool:
        return True


class _Values(_Predicted, RegressorMixin, BaseEstimator):
    def predict(self, X: Any) -> FloatArray:
        self.asked.add("values")
        return self.predictions


class _Classes(_Predicted, ClassifierMixin, BaseEstimator):
    def __init__(self, predictions: FloatArray, classes_: npt.NDArray[Any]) -> None:
        super().__init__(predictions)
        self.classes_ = classes_

    def predict(self, X: Any) -> npt.NDArray[Any]:
        self.asked.add("labels")
        labels: npt.NDArray[Any] = self.classes_[self.predictions.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        self.asked.add("probabilities")
        return self.predictions

    def decision_function(self, X: Any) -> FloatArray:
        self.asked.add("ranks")
        return self.predictions[:, 1] if len(self.classes_) == 2 else self.predictions


@dataclass(frozen=True)
class Metric:
    """A scorer that works on this target: it has been tried.

    Attributes:
        name: scikit-learn's name, or that of the callable.
        scorer: ``scorer(estimator, X, y) -> float``.
        direction: Which way is better: always up, as with scikit-learn's scorers.
        needs: What the scorer looks at: ``ranks`` are probabilities up to a monotone change.
        classes: Labels by column of the predictions; empty for a regression.
        quick: The same score without scikit-learn's checks, for the usual metrics.
        uses_weights: Whether there are weights of rows, and the scorer takes them.
    """

    name: str
    scorer: Callable[..., float]
    needs: Needs
    classes: npt.NDArray[Any]
    quick: Quick | None = None
    uses_weights: bool = False
    direction: ClassVar[Literal["maximize"]] = "maximize"

    @classmethod
    def of(cls, scoring: str | Callable[..., float] | None, data: Data) -> Metric:
        """Find the scorer and try it on the target, before anything is fitted.

        Raises:
            ScoringError: The name is unknown, or the metric does not fit the task.
        """
        name, scorer = _scorer(DEFAULTS[data.task] if scoring is None else scoring, data)
        probe = _as_model(_constant_predictions(data, len(data.y)), data.classes)
        try:
            with warnings.catch_warnings():  # the probe predicts the same for every row
                warnings.simplefilter("ignore")
                scorer(probe, data.X, data.labels())
        except (ValueError, TypeError, AttributeError, IndexError) as error:
            raise _not_for_task(name, data.task, f" scikit-learn says: {error}") from error
        order: list[Needs] = ["probabilities", "ranks", "labels", "values"]
        needs: Needs = next((need for need in order if need in probe.asked), "probabilities")
        uses_weights = data.weights is not None and _takes_weights(scorer)
        quick = QUICK.get(name) if isinstance(scoring, str | None) and not uses_weights else None
        return cls(name, scorer, needs, data.classes, quick, uses_weights)

    def score(self, predictions: FloatArray, data: Data, rows: IntArray) -> float:
        """The scorer's score of predictions.

        Args:
            predictions: Probabilities (rows, classes) or values (rows,).
            data: The table.
            rows: Positions of the rows that they were made for.
        """
        if self.quick:
            return self.quick(predictions, data.y[rows])
        model, weights = _as_model(predictions, self.classes), {}
        if self.uses_weights and data.weights is not None:
            weights = {"sample_weight": data.weights[rows]}
        return float(self.scorer(model, data.X[rows], data.labels(rows), **weights))

    def score_of_class_shares(self, data: Data, rows: IntArray) -> float:
        """The score of predicting the share of each class; NaN where the metric has none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self.score(_constant_predictions(data, len(rows)), data, rows)
        except ValueError:
            return math.nan


def scoring_list(scoring: Any) -> list[Any]:
    """The metric that is optimised, and those that are recorded beside it.

    Raises:
        ScoringError: An empty list, or a metric twice.
    """
    if isinstance(scoring, str | None) or callable(scoring):
        return [scoring]
    metrics = list(scoring)
    if not metrics or len(set(map(str, metrics))) < len(metrics):
        raise ScoringError(
            f"scoring: a metric, or a list of different ones, is needed; got {scoring!r}."
        )
    return metrics


def _scorer(scoring: str | Callable[..., float], data: Data) -> tuple[str, Callable[..., float]]:
    if callable(scoring):
        return getattr(scoring, "__name__", None) or repr(scoring), scoring
    if scoring not in get_scorer_names():
        raise ScoringError(
            "scoring: a scikit-learn scorer name or a callable is needed; "
            f"got {scoring!r}. {did_you_mean(str(scoring), get_scorer_names())}"
        )
    wrong = CLUSTERING if data.task == "regression" else CLUSTERING | REGRESSION
    if scoring in wrong or (data.task == "regression" and scoring not in REGRESSION):
        raise _not_for_task(scoring, data.task)
    if scoring == "neg_log_loss":  # a fold may lack a rare class
        return scoring, make_scorer(
            log_loss, greater_is_better=False, response_method="predict_proba", labels=data.classes
        )
    return scoring, get_scorer(scoring)


def _takes_weights(scorer: Callable[..., float]) -> bool:
    """Whether a scorer, or the function inside one of scikit-learn's, takes weights."""
    return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters


def _not_for_task(name: str, task: Task, reason: str = "") -> ScoringError:
    return ScoringError(
        f"scoring: the metric must fit the task, which is {task}; got {name!r}. "
        f"The default is {DEFAULTS[task]!r}.{reason}"
    )


def _as_model(predictions: FloatArray, classes: npt.NDArray[Any]) -> _Classes | _Values:
    return _Classes(predictions, classes) if len(classes) else _Values(predictions)


def _constant_predictions(data: Data, rows: int) -> FloatArray:
    """The mean of the target, or the share of each class, for every row alike.

    Any metric that fits the task can score them.
    """
    if data.task == "regression":
        return np.full(rows, data.y.mean())
    shares = np.bincount(data.y) / len(data.y)
    return np.broadcast_to(shares, (rows, len(shares)))
