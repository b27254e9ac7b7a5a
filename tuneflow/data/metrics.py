"""Metrics: a scorer, and which kind of predictions it needs."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata
from sklearn.base import BaseEstimator
from sklearn.metrics import accuracy_score, r2_score
from sklearn.utils.metaestimators import available_if

from tuneflow.data.dataset import Data
from tuneflow.data.scorers import (
    DEFAULTS,
    named_scorings,
    not_for_task,
    scorer_for,
    takes_weights,
)
from tuneflow.data.types import FloatArray, IntArray
from tuneflow.errors import ScoringError

Quick: TypeAlias = Callable[[FloatArray, npt.NDArray[Any]], float]
Needs = Literal["labels", "ranks", "probabilities", "values"]


def _roc_auc(shares: FloatArray, codes: IntArray) -> float:
    """The chance that a row of the second class ranks above one of the first (Mann-Whitney U)."""
    positive = int(codes.sum())
    negative = len(codes) - positive
    if not positive or not negative:
        return math.nan
    scores = shares if shares.ndim == 1 else shares[:, 1]  # decision values, or probabilities
    above = rankdata(scores)[codes == 1].sum() - positive * (positive + 1) / 2
    return float(above / (positive * negative))


def _neg_log_loss(shares: FloatArray, codes: IntArray) -> float:
    true = shares[np.arange(len(codes)), codes] / shares.sum(axis=1)
    return float(np.log(np.clip(true, np.finfo(float).eps, None)).mean())


def _accuracy(shares: FloatArray, codes: IntArray) -> float:
    return float((shares.argmax(axis=1) == codes).mean())


def _neg_rmse(values: FloatArray, true: FloatArray) -> float:
    return -math.sqrt(float(((values - true) ** 2).mean()))


#: What a model is asked for what a metric needs: a method of estimators; choices are labels as
#: shares of one and zero, or probabilities that are highest where the label is.
METHODS: dict[Needs, str] = {
    "labels": "choices",
    "ranks": "predict_proba",
    "probabilities": "predict_proba",
    "values": "predict",
}

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


class Responses(BaseEstimator):
    """A fitted model as scikit-learn's scorers see it.

    What it says of the rows that are scored is known, or asked for once, whatever the number of
    metrics; what is said of other rows is for the model itself to say.

    Args:
        response: Method of the model to what it says of the rows that are scored: labels or values
            (``predict``), probabilities, decision values.
        classes: Labels by column; empty for a regression.
        rows: These rows, as scorers get them.
        model: What says the same of other rows, `response(method, rows)`, and has the attributes
            of the model; None if there is nothing.
        decides: Whether the model has decision values.
    """

    def __init__(
        self,
        response: Callable[[str], npt.NDArray[Any]],
        classes: npt.NDArray[Any],
        rows: Any = None,
        model: Any = None,
        *,
        decides: bool = False,
    ) -> None:
        self.response, self.classes_, self.rows, self.model = response, classes, rows, model
        self.decides, self.asked = decides, set[str]()

    @classmethod
    def of(
        cls, shown: FloatArray, classes: npt.NDArray[Any], *, decides: bool = False
    ) -> Responses:
        """Of ready probabilities or values."""

        def response(method: str) -> npt.NDArray[Any]:
            if method == "decision_function":
                return shown[:, 1] if len(classes) == 2 else shown
            labels = method == "predict" and len(classes)
            return np.asarray(classes[shown.argmax(axis=1)] if labels else shown)

        return cls(response, classes, decides=decides)

    def take(self, rows: IntArray) -> Responses:
        """For some of the rows."""
        model, decides = self.model, self.decides
        return Responses(
            lambda m: self.response(m)[rows], self.classes_, None, model, decides=decides
        )

    def fit(self, X: Any, y: Any) -> None:
        """Do nothing; scorers only look for the method."""

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if len(self.classes_) else "regressor"
        return tags

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels or values."""
        return self._ask("predict", X)

    @available_if(lambda self: len(self.classes_) > 0)  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any) -> npt.NDArray[Any]:
        """Probabilities."""
        return self._ask("predict_proba", X)

    @available_if(lambda self: self.decides)  # type: ignore[untyped-decorator]
    def decision_function(self, X: Any) -> npt.NDArray[Any]:
        """Decision values."""
        return self._ask("decision_function", X)

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """Accuracy, or R2."""
        score = accuracy_score if len(self.classes_) else r2_score
        return float(score(y, self.predict(X), sample_weight=sample_weight))

    def __getattr__(self, name: str) -> Any:
        """What else the model has, such as coefficients."""
        if name.startswith("__") or vars(self).get("model") is None:
            raise AttributeError(name)
        return getattr(self.model, name)

    def _ask(self, method: str, X: Any) -> npt.NDArray[Any]:
        self.asked.add(method)
        is_other = self.model is not None and X is not self.rows
        values: npt.NDArray[Any] = (
            self.model.response(method, X) if is_other else self.response(method)
        )
        return values


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
        is_custom: Whether it is a function of a person's own, of model, table and target.
    """

    name: str
    scorer: Callable[..., float]
    needs: Needs
    classes: npt.NDArray[Any]
    quick: Quick | None = None
    uses_weights: bool = False
    is_custom: bool = False
    direction: ClassVar[Literal["maximize"]] = "maximize"

    @classmethod
    def of(
        cls, scoring: Any, data: Data, name: str | None = None, pos_label: Any = None
    ) -> Metric:
        """Find the scorer and try it on the target, before anything is fitted.

        Args:
            scoring: A word, a callable, or None for the default.
            data: The table.
            name: What it is called, if not by its own name.
            pos_label: The label that counts as positive.

        Raises:
            ScoringError: The name is unknown, or the metric does not fit the task.
        """
        if name is None:
            ((name, scoring),) = named_scorings(scoring).items()
        name, scorer = scorer_for(scoring, name, data.task, data.classes, pos_label)
        is_custom = not hasattr(scorer, "_score_func")  # it may look at the table and the model
        probe = Responses.of(_constant_predictions(data, len(data.y)), data.classes, decides=True)
        X, y = data.given() if is_custom else (data.X, data.labels())
        probe.rows, probe.model = X, _Constant(data)
        try:
            with warnings.catch_warnings():  # the probe predicts the same for every row
                warnings.simplefilter("ignore")
                score = scorer(probe, X, y)
        except Exception as error:
            is_wrong = isinstance(error, ValueError | TypeError | IndexError)
            if is_wrong or not is_custom:
                raise not_for_task(name, data.task, f" scikit-learn says: {error}") from error
            score = math.nan  # it looks at what a fitted model has: the baseline will tell
        if not isinstance(score, Real):
            raise ScoringError(
                f"scoring: {name!r} must give one number; got {type(score).__name__} {score!r}."
            )
        usual, said = ("probabilities", "labels") if len(data.classes) else ("values", "values")
        order = {"predict_proba": "probabilities", "decision_function": "ranks", "predict": said}
        needs: Any = next((order[method] for method in order if method in probe.asked), usual)
        uses_weights = data.weights is not None and takes_weights(scorer)
        word = scoring or DEFAULTS[data.task]
        is_ovr = word == "roc_auc" and data.task == "multiclass"
        is_usual = isinstance(word, str) and not uses_weights and not is_ovr
        quick = QUICK.get(word) if is_usual else None
        return cls(name, scorer, needs, data.classes, quick, uses_weights, is_custom)

    def score(self, predictions: FloatArray | Responses, data: Data, rows: IntArray) -> float:
        """The scorer's score of predictions.

        Args:
            predictions: Probabilities (rows, classes) or values (rows,); or what a model says.
            data: The table.
            rows: Positions of the rows that they were made for.
        """
        model = predictions
        if not isinstance(model, Responses):
            model = Responses.of(model, self.classes)
        if self.quick:
            decides = self.needs == "ranks" and model.decides
            shown = model.response("decision_function" if decides else METHODS[self.needs])
            return self.quick(shown, data.y[rows])
        X, y = data.given(rows) if self.is_custom else (data.X[rows], data.labels(rows))
        model.rows, weights = X, {}
        if self.uses_weights and data.weights is not None:
            weights = {"sample_weight": data.weights[rows]}
        return float(self.scorer(model, X, y, **weights))

    def methods(self, *, decides: bool) -> tuple[str, ...]:
        """The methods of a model that the scorer asks for, if it has decision values or not."""
        if self.needs == "ranks" and decides:
            return ("decision_function",)
        if self.needs == "labels" and not self.quick:
            return ("predict",)
        return (METHODS[self.needs],)

    def score_of_class_shares(self, data: Data, rows: IntArray) -> float:
        """The score of predicting the share of each class; NaN where the metric has none."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return self.score(_constant_predictions(data, len(rows)), data, rows)
        except ValueError:
            return math.nan


@dataclass(frozen=True)
class _Constant:
    """What predicts the same for every row."""

    data: Data

    def response(self, method: str, X: Any) -> npt.NDArray[Any]:
        shown = _constant_predictions(self.data, len(X))
        return Responses.of(shown, self.data.classes, decides=True).response(method)


def _constant_predictions(data: Data, rows: int) -> FloatArray:
    """The mean of the target, or the share of each class, for every row alike.

    Any metric that fits the task can score them.
    """
    if data.task == "regression":
        return np.full(rows, data.y.mean())
    shares = np.bincount(data.y) / len(data.y)
    return np.broadcast_to(shares, (rows, len(shares)))
