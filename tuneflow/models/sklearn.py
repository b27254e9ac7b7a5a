"""scikit-learn: anything with fit and predict, grown in the way that it honestly supports."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.metadata import packages_distributions, requires
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit, softmax
from sklearn import config_context
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.exceptions import NotFittedError

from tuneflow.data.folds import Split
from tuneflow.data.seeds import with_seeds
from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.engine import Job, Learner, Slope, Trained, spread
from tuneflow.models.hypergradients import differentiable, slope
from tuneflow.models.sample_weight import WEIGHTS, weight_names
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params

#: Folds of the calibration of a classifier that has no probabilities of its own.
CALIBRATION_FOLDS = 3

#: Ensembles whose prediction is the plain mean over their trees.
FORESTS = (
    RandomForestClassifier,
    RandomForestRegressor,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
)

COUNTED = ("rounds", "trees")  # what an ensemble that goes on is made of

Make = Callable[[int], Any]


class Fitted:
    """What the learners here have in common: a split, a model, and how it is asked."""

    _split: Split
    model: Any

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values."""
        rows = self._split.X_valid if X is None else X
        return predictions(self.model, rows, self._split.n_classes)


class Whole(Fitted):
    """An estimator that is trained anew on the first `budget` rows."""

    def __init__(self, split: Split, make: Make, weighed: tuple[str, ...]) -> None:
        self._split, self._make, self._weighed = split, make, weighed
        self._X = split.once("sklearn", split.table)
        self.model: Any = None
        self.spent = 0

    def grow(self, budget: int) -> None:
        """Train on the first `budget` rows, unless there are more already."""
        if budget <= self.spent:
            return
        weights = weights_of(self._split, budget, self._weighed)
        with config_context(enable_metadata_routing=False):  # weights go by name
            model = self._make(budget)
            self.model = model.fit(self._X[:budget], self._split.y[:budget], **weights)
        self.spent = budget

    def gradient(self, X: FloatArray, y: npt.NDArray[Any]) -> Slope:
        """Loss on rows kept back and its derivatives, for the estimators that have a rule."""
        return slope(self.model, self._X[: self.spent], self._split.y[: self.spent], X, y)


class Warm(Fitted):
    """An ensemble that goes on where it stopped (`warm_start`), by trees or rounds."""

    def __init__(self, split: Split, make: Make, counter: str) -> None:
        self._split, self._counter = split, counter
        self._X = split.once("sklearn", split.table)
        self.model = make(len(split.y)).set_params(warm_start=True)
        self.spent = 0

    def grow(self, budget: int) -> None:
        """Train up to `budget` trees or rounds in all."""
        if budget > self.spent:
            self.model.set_params(**{self._counter: budget})
            self.model.fit(self._X, self._split.y, **weights_of(self._split))
            self.spent = budget


class Trees(Warm):
    """A forest: trees vote once on the rows of the fold, and their votes are kept."""

    def __init__(self, split: Split, make: Make) -> None:
        super().__init__(split, make, "n_estimators")
        self._votes: FloatArray | float = 0.0
        self._counted = 0

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values; the split's own rows are shown to new trees only."""
        trees, split = getattr(self.model, "estimators_", []), self._split
        if X is not None or not trees:
            return super().predict(X)
        rows = split.once("sklearn valid", lambda: np.asarray(split.X_valid, dtype=np.float32))
        for tree in trees[self._counted :]:  # in their order, as the forest adds them up
            vote = tree.predict_proba if self._split.n_classes else tree.predict
            self._votes = self._votes + vote(rows, check_input=False)
        self._counted = len(trees)
        votes = np.asarray(self._votes / self._counted)
        n_classes = self._split.n_classes
        return _over_all(votes, self.model.classes_, n_classes) if n_classes else votes


class Epochs(Fitted):
    """A network or a linear model that passes over the rows again and again (`partial_fit`)."""

    def __init__(self, split: Split, make: Make, seed: int) -> None:
        self._split = split
        self._X = split.once("sklearn", split.table)
        self.model = make(len(split.y))
        if "random_state" in self.model.get_params():  # a number would shuffle alike every epoch
            self.model.set_params(random_state=np.random.RandomState(seed))
        classes = {"classes": np.unique(split.y)} if split.n_classes else {}
        y = split.y
        if not split.n_classes and isinstance(self._X, np.ndarray):
            y = y.astype(self._X.dtype)  # one precision for all
        self._epoch = partial(self.model.partial_fit, self._X, y, **classes, **weights_of(split))
        self.spent = 0

    def grow(self, budget: int) -> None:
        """Pass over the rows until `budget` epochs are done in all."""
        for _ in range(self.spent, budget):
            self._epoch()
        self.spent = max(self.spent, budget)


class Sklearn:
    """The engine: what all learners of a study share."""

    errors = (ValueError, FloatingPointError, np.linalg.LinAlgError)

    def __init__(self, job: Job) -> None:
        path = job.recipe.estimator_path(job.task)
        if path is None:
            raise RecipeError(f"recipe {job.recipe.name}: no estimator for {job.task} is named.")
        self._job = job
        self._template = job.recipe.template
        self._class = estimator_class(path) if self._template is None else type(self._template)
        self.growth = job.recipe.growth or natural_growth(self._class)
        searched = job.recipe.space_for(job.task).params
        self.gradients = differentiable(self._class, job.recipe.fixed_for(job.task), searched)
        fit = self._class.partial_fit if self.growth.unit == "epochs" else self._class.fit
        named = (WEIGHTS,) if WEIGHTS in signature(fit).parameters else ()
        self._weighed = named if self._template is None else weight_names(self._template)
        self.weighs = bool(self._weighed)

    def check(self, params: Params) -> None:
        """Refuse names that the estimator's constructor does not take."""
        names = sorted(self._blank().get_params())
        for name in params:
            if name in self._grown():
                raise RecipeError(
                    f"recipe: {name} is what grows; [growth] says how far, with first and last."
                )
            if name not in names:
                owner = self._class.__name__
                raise RecipeError(
                    f"recipe: {owner} has no parameter {name!r}. {did_you_mean(name, names)}"
                )

    def _grown(self) -> tuple[str, ...]:
        """Arguments that growth sets by itself."""
        if self.growth.unit == "epochs":
            return ("max_iter", "n_iter_no_change", "warm_start")
        return (_counter(self._class), "warm_start") if self.growth.unit in COUNTED else ()

    def learner(self, split: Split, arguments: Callable[[int], Params]) -> Learner:
        """An estimator that has seen nothing."""
        make = partial(self._make, split, arguments)
        if self.growth.unit == "epochs":
            return Epochs(split, make, self._job.seed)
        if self.growth.unit == "trees" and issubclass(self._class, FORESTS):
            return Trees(split, make)
        if self.growth.unit in COUNTED:
            return Warm(split, make, _counter(self._class))
        return Whole(split, make, self._weighed)

    def plain(self, trained: Trained) -> Any:
        """The estimator itself, trained all at once."""
        plain = clone(trained.model)
        wrapped = isinstance(plain, CalibratedClassifierCV) and self._class is not type(plain)
        inner = plain.estimator if wrapped else plain
        takes = inner.get_params()
        inner.set_params(
            **{name: trained.params[name] for name in trained.params if name in takes}
        )
        if self.growth.unit in COUNTED:
            inner.set_params(warm_start=False)
        if self.growth.unit == "epochs":
            inner.set_params(random_state=self._job.seed, max_iter=trained.amount)
            if "n_iter_no_change" in takes:  # as many epochs, whatever the loss says
                inner.set_params(n_iter_no_change=trained.amount)
        return plain

    def predict(self, model: Any, X: FloatArray, n_classes: int) -> FloatArray:
        """Probabilities or values of a fitted estimator."""
        return predictions(model, X, n_classes)

    def _blank(self) -> Any:
        return self._class() if self._template is None else clone(self._template)

    def _make(self, split: Split, arguments: Callable[[int], Params], rows: int) -> Any:
        model = with_seeds(self._blank().set_params(**arguments(rows)), self._job.seed)
        takes = model.get_params()
        if isinstance(takes.get("batch_size"), int):
            model.set_params(batch_size=min(takes["batch_size"], rows))
        if split.categorical and "categorical_features" in takes:
            model.set_params(categorical_features=list(split.categorical))
        if not (split.n_classes and self._job.probabilities) or hasattr(model, "predict_proba"):
            return model
        if self.growth.unit == "epochs":  # which a calibrated one cannot grow by
            return model
        if np.bincount(split.y[:rows]).min() < CALIBRATION_FOLDS:
            return model
        return CalibratedClassifierCV(model, ensemble=False, cv=CALIBRATION_FOLDS)


def weights_of(
    split: Split, rows: int | None = None, names: tuple[str, ...] = (WEIGHTS,)
) -> dict[str, FloatArray]:
    """What `fit` is told of the weights of the first rows; nothing if all count alike."""
    return {} if split.weights is None else dict.fromkeys(names, split.weights[:rows])


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


def predictions(model: Any, X: FloatArray, n_classes: int) -> FloatArray:
    """Probabilities (rows, classes) or values (rows,), whatever the estimator offers.

    Decision values become shares by a monotone map; they keep the order, and are no calibrated
    probabilities. Classes that were not seen in training get a share of zero.
    """
    if model is None:
        raise NotFittedError("predict: grow the learner first.")
    if not n_classes:
        return np.asarray(model.predict(X), dtype=float).reshape(len(X))
    seen = np.asarray(model.classes_)
    if hasattr(model, "predict_proba"):
        shares = np.asarray(model.predict_proba(X), dtype=float)
    elif hasattr(model, "decision_function"):
        values = np.asarray(model.decision_function(X), dtype=float)
        shares = spread(expit(values)) if values.ndim == 1 else softmax(values, axis=1)
    else:
        shares = (np.asarray(model.predict(X))[:, None] == seen).astype(float)
    return _over_all(shares, seen, n_classes)


def _over_all(shares: FloatArray, seen: npt.NDArray[Any], n_classes: int) -> FloatArray:
    """Shares of all classes: those that training has not seen get zero."""
    if len(seen) == n_classes:
        return shares
    every = np.zeros((len(shares), n_classes))
    every[:, seen] = shares
    return every


def _counter(estimator: type[BaseEstimator]) -> str:
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
