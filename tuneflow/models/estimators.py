"""Estimators of scikit-learn's kind: found by their import path, how they can grow, which
arguments they and `fit` take, and what a fitted one says of rows, whatever methods it has."""

import sys
from importlib import import_module
from importlib.metadata import packages_distributions, requires
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn import get_config
from sklearn.base import BaseEstimator
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.fold_data import WEIGHTS, FoldData
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params

#: Estimators that hand on what they do not know, and the argument that takes it.
HANDS_ON = ((TransformedTargetRegressor, "regressor"), (CalibratedClassifierCV, "estimator"))


def estimator_class(path: str) -> type[BaseEstimator]:
    """The estimator class that an import path names.

    Nothing is imported that is not loaded already, unless it belongs to an installed package
    that requires scikit-learn; nothing is instantiated.

    Raises:
        RecipeError: The path does not name a scikit-learn estimator class.

    >>> estimator_class("sklearn.svm.SVC").__name__
    'SVC'
    """
    module, _, name = path.rpartition(".")
    methods = ("fit", "predict", "get_params", "set_params")
    try:
        if not (module in sys.modules or _is_of_sklearn(module.split(".")[0])):
            raise ImportError("its package is not installed, or does not require scikit-learn")
        found = getattr(import_module(module), name)
        if not isinstance(found, type) or not all(hasattr(found, method) for method in methods):
            raise AttributeError(f"a class with {', '.join(methods)} is needed")
    except (ImportError, AttributeError) as error:
        raise RecipeError(
            "recipe: estimator must be the import path of a scikit-learn estimator class; got "
            f"{path!r}: {error}."
        ) from error
    return found


def natural_growth(estimator: type[BaseEstimator]) -> Growth:
    """How an estimator can honestly grow: by trees, by epochs, or by rows.

    >>> from sklearn.linear_model import Ridge, SGDRegressor
    >>> natural_growth(SGDRegressor).unit, natural_growth(Ridge).unit
    ('epochs', 'rows')
    """
    names = estimator().get_params()
    if "warm_start" in names and "n_estimators" in names:
        return Growth(schedule="lockstep", unit="trees", first=25, last=200, factor=2)
    if hasattr(estimator, "partial_fit") and "max_iter" in names:
        return Growth(
            schedule="lockstep", unit="epochs", first=3, last=243, factor=1.5, patience=1.5
        )
    return Growth(schedule="rows", unit="rows", first=500, last=1.0, factor=3)


def counter(estimator: type[BaseEstimator]) -> str:
    """What counts the members of an ensemble that can go on."""
    names = estimator().get_params()
    if "warm_start" in names and "n_estimators" in names:
        return "n_estimators"
    if "warm_start" in names and "max_leaf_nodes" in names and "max_iter" in names:
        return "max_iter"  # HistGradientBoosting; other iterations start a new descent
    raise RecipeError(
        f"growth: unit rounds or trees needs an ensemble with warm_start; got "
        f"{estimator.__name__}. Use rows, or epochs if it has partial_fit."
    )


def weight_names(estimator: Any) -> tuple[str, ...]:
    """Arguments of `fit` that weights are given to; none if it has no use for them.

    A pipeline hands weights to its last step; with scikit-learn's metadata routing switched on,
    to the steps that ask for them by `set_fit_request`.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> weight_names(make_pipeline(StandardScaler(), Ridge()))
    ('ridge__sample_weight',)
    >>> weight_names(make_pipeline(StandardScaler(), KNeighborsRegressor()))
    ()
    """
    if isinstance(estimator, Pipeline):
        steps = estimator.steps[-1:]
        if get_config()["enable_metadata_routing"]:
            steps = [pair for pair in estimator.steps if _asks_for_weights(pair[1])]
        return tuple(f"{name}__{inner}" for name, step in steps for inner in weight_names(step))
    for kind, inner in HANDS_ON:
        if isinstance(estimator, kind) and getattr(estimator, inner) is not None:
            return weight_names(getattr(estimator, inner))
    return (WEIGHTS,) if has_fit_parameter(estimator, WEIGHTS) else ()


def _asks_for_weights(step: Any) -> bool:
    return hasattr(step, "fit") and get_routing_for_object(step).consumes("fit", {WEIGHTS})


def check_names(owner: str, params: Params, allowed: set[str]) -> None:
    """Refuse arguments of other names than those that a library knows."""
    for name in params:
        if name not in allowed:
            hint = did_you_mean(name, sorted(allowed))
            raise RecipeError(f"recipe: {owner} has no parameter {name!r}. {hint}")


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
        return np.asarray(model.predict(X), dtype=float).reshape(X.shape[0])
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


def shaped(predictions: Any, fold: FoldData) -> FloatArray:
    """What a booster predicts: probabilities of all classes, or values."""
    values = np.asarray(predictions, dtype=float)
    return of_both(values) if fold.n_classes == 2 else values


def _is_of_sklearn(package: str) -> bool:
    if package == "sklearn":
        return True
    owners = packages_distributions().get(package, [])
    needed = [line for owner in owners for line in requires(owner) or []]
    return any(line.replace("_", "-").lower().startswith("scikit-learn") for line in needed)
