"""Estimators of scikit-learn's kind: found by their import path, and how they can grow."""

import sys
from importlib import import_module
from importlib.metadata import packages_distributions, requires

from sklearn.base import BaseEstimator

from tuneflow.errors import RecipeError
from tuneflow.recipe.growth import Growth


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
    if not (module in sys.modules or _is_of_sklearn(module.split(".")[0])):
        raise _no_estimator(path, "its package is not installed, or does not require scikit-learn")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise _no_estimator(path, str(error)) from error
    methods = ("fit", "predict", "get_params", "set_params")
    if not isinstance(found, type) or not all(hasattr(found, method) for method in methods):
        raise _no_estimator(path, f"a class with {', '.join(methods)} is needed")
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
        "growth: unit rounds or trees needs an ensemble with warm_start; got "
        f"{estimator.__name__}. "
        "Use rows, or epochs if it has partial_fit."
    )


def _is_of_sklearn(package: str) -> bool:
    if package == "sklearn":
        return True
    owners = packages_distributions().get(package, [])
    needed = [line for owner in owners for line in requires(owner) or []]
    return any(line.replace("_", "-").lower().startswith("scikit-learn") for line in needed)


def _no_estimator(path: str, why: str) -> RecipeError:
    return RecipeError(
        "recipe: estimator must be the import path of a scikit-learn estimator class; got "
        f"{path!r}: {why}."
    )
