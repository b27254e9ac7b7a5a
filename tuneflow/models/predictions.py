"""What a fitted estimator says of rows: shares of classes, or values, whatever methods it has."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from tuneflow.data.types import FloatArray


def predictions(model: Any, X: Any, classes: npt.NDArray[Any]) -> FloatArray:
    """Probabilities, shape (rows, classes), or values, shape (rows,), of any estimator.

    Decision values become shares by a monotone map; they keep the order, and are no calibrated
    probabilities. Classes that were not seen in training get a share of zero.

    Args:
        model: Fitted.
        X: The rows.
        classes: All labels, sorted; empty for a regression.
    """
    if model is None:
        raise NotFittedError("predict: grow the learner first.")
    if not len(classes):
        return np.asarray(model.predict(X), dtype=float).reshape(len(X))
    if hasattr(model, "predict_proba"):
        shares = np.asarray(model.predict_proba(X), dtype=float)
    elif hasattr(model, "decision_function"):
        values = np.asarray(model.decision_function(X), dtype=float)
        shares = of_both(expit(values)) if values.ndim == 1 else softmax(values, axis=1)
    else:
        return choices(model, X, classes)
    return over_all(shares, np.asarray(model.classes_), classes)


def choices(model: Any, X: Any, classes: npt.NDArray[Any]) -> FloatArray:
    """The labels that a classifier predicts, as shares of one and zero, shape (rows, classes)."""
    return np.asarray(np.asarray(model.predict(X))[:, None] == classes, dtype=float)


def over_all(shares: FloatArray, seen: npt.NDArray[Any], classes: npt.NDArray[Any]) -> FloatArray:
    """Shares of all classes: those that training has not seen get zero."""
    if len(seen) == len(classes):
        return shares
    every = np.zeros((len(shares), len(classes)))
    every[:, np.searchsorted(classes, seen)] = shares
    return every


def takes_labels(estimator: Any) -> bool:
    """Whether a classifier can be told labels of any type, as scikit-learn's can; XGBoost's takes
    codes from zero alone."""
    return _library(estimator) != "xgboost"


def with_labels(estimator: Any, classes: npt.NDArray[Any]) -> Any:
    """A classifier that is told labels: a vote of one makes codes of them where it takes no
    others, by type too, since False is not 0, or could not be saved with them."""
    codes = classes.dtype.kind in "iu" and classes.tolist() == list(range(len(classes)))
    dates = classes.dtype.kind in "mM" and _library(estimator) == "lightgbm"
    if not len(classes) or codes or (takes_labels(estimator) and not dates):
        return estimator
    from sklearn.ensemble import VotingClassifier

    return VotingClassifier([("model", estimator)], voting="soft")


def _library(estimator: Any) -> str:
    """Of which library an estimator is, or the last step of a pipeline."""
    last = estimator[-1] if isinstance(estimator, Pipeline) else estimator
    return type(last).__module__.split(".")[0]


def of_both(positive: FloatArray) -> FloatArray:
    """Probabilities of both classes, shape (rows, 2), from those of the second."""
    return np.column_stack([1 - positive, positive])
