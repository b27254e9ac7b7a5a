"""scikit-learn: anything with fit and predict, grown in the way that it honestly supports."""

from collections.abc import Callable
from functools import partial
from inspect import signature
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from sklearn import config_context, ensemble
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.utils import _safe_indexing

from tuneflow.data.seeds import with_seeds
from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError
from tuneflow.models import estimators
from tuneflow.models.engine import Job, Learner, Slope
from tuneflow.models.fold_data import WEIGHTS, FoldData
from tuneflow.models.hypergradients import differentiable, slope
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params

#: Folds of the calibration of a classifier that has no probabilities of its own.
CALIBRATION_FOLDS = 3

#: Ensembles whose prediction is the plain mean over their trees.
FORESTS = (
    ensemble.RandomForestClassifier,
    ensemble.RandomForestRegressor,
    ensemble.ExtraTreesClassifier,
    ensemble.ExtraTreesRegressor,
)

COUNTED = ("rounds", "trees")  # what an ensemble that goes on is made of

Make = Callable[[int], Any]


class Fitted:
    """What the learners here have in common: a fold, a model, and how it is asked."""

    def __init__(self, fold: FoldData, model: Any) -> None:
        self._fold, self.model = fold, model
        self._X = fold.once("sklearn", fold.table)
        self.spent = 0

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values."""
        rows = self._fold.X_valid if X is None else X
        return estimators.predictions(self.model, rows, self._fold.classes)


class Whole(Fitted):
    """An estimator that is trained anew on the first `budget` rows."""

    def __init__(self, fold: FoldData, make: Make, names: tuple[str, ...]) -> None:
        super().__init__(fold, None)
        self._make, self._weight_names = make, names

    def grow(self, budget: int) -> None:
        """Train on the first `budget` rows, unless there are more already."""
        if budget <= self.spent:
            return
        rows = self._fold.first(budget)
        weights = self._fold.weights_by(self._weight_names, rows)
        with config_context(enable_metadata_routing=False):  # weights go by name
            model = self._make(budget)
            self.model = model.fit(_safe_indexing(self._X, rows), self._fold.y[rows], **weights)
        self.spent = budget

    def gradient(self, X: FloatArray, y: npt.NDArray[Any]) -> Slope:
        """Loss on rows kept back and its derivatives, for the estimators that have a rule."""
        rows = self._fold.first(self.spent)
        return slope(self.model, self._X[rows], self._fold.y[rows], X, y)


class Warm(Fitted):
    """An ensemble that goes on where it stopped (`warm_start`), by trees or rounds."""

    def __init__(self, fold: FoldData, make: Make, counter: str) -> None:
        super().__init__(fold, make(len(fold.y)).set_params(warm_start=True))
        self._counter = counter

    def grow(self, budget: int) -> None:
        """Train up to `budget` trees or rounds in all."""
        if budget > self.spent:
            self.model.set_params(**{self._counter: budget})
            self.model.fit(self._X, self._fold.y, **self._fold.weights_by((WEIGHTS,)))
            self.spent = budget


class Trees(Warm):
    """A forest: trees vote once on the rows of the fold, and their votes are kept."""

    def __init__(self, fold: FoldData, make: Make) -> None:
        super().__init__(fold, make, "n_estimators")
        self._votes: FloatArray | float = 0.0
        self._counted = 0

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values; the fold's own rows are shown to new trees only."""
        trees, fold = getattr(self.model, "estimators_", []), self._fold
        if X is not None or not trees or issparse(fold.X_valid):
            return super().predict(X)
        rows = fold.once("sklearn valid", lambda: np.asarray(fold.X_valid, dtype=np.float32))
        for tree in trees[self._counted :]:  # in their order, as the forest adds them up
            vote = tree.predict_proba if self._fold.n_classes else tree.predict
            self._votes = self._votes + vote(rows, check_input=False)
        self._counted = len(trees)
        votes = np.asarray(self._votes / self._counted)
        if not fold.n_classes:
            return votes
        return estimators.over_all(votes, self.model.classes_, fold.classes)


class Epochs(Fitted):
    """A network or a linear model that passes over the rows again and again (`partial_fit`)."""

    def __init__(self, fold: FoldData, make: Make, seed: int) -> None:
        super().__init__(fold, make(len(fold.y)))
        if "random_state" in self.model.get_params():  # a number would shuffle alike every epoch
            self.model.set_params(random_state=np.random.RandomState(seed))
        classes = {"classes": np.unique(fold.y)} if fold.n_classes else {}
        y = fold.y
        if not fold.n_classes and getattr(self._X, "dtype", None) == np.float32:
            y = y.astype(np.float32)  # one precision for all
        weights = fold.weights_by((WEIGHTS,))
        self._epoch = partial(self.model.partial_fit, self._X, y, **classes, **weights)

    def grow(self, budget: int) -> None:
        """Pass over the rows until `budget` epochs are done in all."""
        for _ in range(self.spent, budget):
            self._epoch()
        self.spent = max(self.spent, budget)


class Sklearn:
    """The engine: what all learners of a study share."""

    def __init__(self, job: Job) -> None:
        path = job.recipe.estimator_path(job.task)
        if path is None:
            raise RecipeError(f"recipe {job.recipe.name}: no estimator for {job.task} is named.")
        self._job = job
        self._template = template = job.recipe.template
        self._class = estimators.estimator_class(path) if template is None else type(template)
        self.growth = job.recipe.growth or estimators.natural_growth(self._class)
        searched = job.recipe.space_for(job.task).params
        self.gradients = differentiable(self._class, job.recipe.fixed_for(job.task), searched)
        fit = self._class.partial_fit if self.growth.unit == "epochs" else self._class.fit
        named = (WEIGHTS,) if WEIGHTS in signature(fit).parameters else ()
        self.weight_names = named if template is None else estimators.weight_names(template)

    def defaults(self) -> Params:
        """Arguments of the estimator as it comes."""
        return dict(self._blank().get_params())

    def library_growth(self) -> Growth:
        """All at once, but for what grows by rows."""
        return self.growth if self.growth.unit == "rows" else Growth(schedule="folds")

    def check(self, params: Params) -> None:
        """Refuse names that the estimator's constructor does not take."""
        grown: tuple[str, ...] = ()
        if self.growth.unit == "epochs":
            grown = ("max_iter", "n_iter_no_change", "warm_start")
        elif self.growth.unit in COUNTED:
            grown = (estimators.counter(self._class), "warm_start")
        for name in params:
            if name in grown:
                raise RecipeError(
                    f"recipe: {name} is what grows; [growth] says how far, with first and last."
                )
        if self._template is None:  # what came as an object has been asked
            estimators.check_names(self._class.__name__, params, set(self._blank().get_params()))

    def learner(self, fold: FoldData, arguments: Callable[[int], Params]) -> Learner:
        """An estimator that has seen nothing."""
        make = partial(self._make, fold, arguments)
        if self.growth.unit == "epochs":
            return Epochs(fold, make, self._job.seed)
        if self.growth.unit == "trees" and issubclass(self._class, FORESTS):
            return Trees(fold, make)
        if self.growth.unit in COUNTED:
            return Warm(fold, make, estimators.counter(self._class))
        return Whole(fold, make, self.weight_names)

    def estimator(
        self, fold: FoldData, params: Params, amount: int, classes: npt.NDArray[Any]
    ) -> Any:
        """The estimator itself, which `fit` trains all at once."""
        model = self._make(fold, lambda rows: params, len(fold.y))
        if self.growth.unit in COUNTED:
            model.set_params(**{estimators.counter(self._class): amount})
        if self.growth.unit == "epochs":
            model.set_params(max_iter=amount)
            if "n_iter_no_change" in model.get_params():  # as many epochs, whatever the loss says
                model.set_params(n_iter_no_change=amount)
        return model

    def _blank(self) -> Any:
        return self._class() if self._template is None else clone(self._template)

    def _make(self, fold: FoldData, arguments: Callable[[int], Params], rows: int) -> Any:
        model = with_seeds(self._blank().set_params(**arguments(rows)), self._job.seed)
        takes = model.get_params()
        if isinstance(takes.get("batch_size"), int):
            model.set_params(batch_size=min(takes["batch_size"], rows))
        if fold.categorical and "categorical_features" in takes:
            model.set_params(categorical_features=list(fold.categorical))
        calibrated = fold.n_classes and self._job.probabilities
        if not calibrated or hasattr(model, "predict_proba") or self.growth.unit == "epochs":
            return model  # by epochs, a calibrated one cannot grow
        if np.unique(fold.y[fold.first(rows)], return_counts=True)[1].min() < CALIBRATION_FOLDS:
            return model
        return CalibratedClassifierCV(model, ensemble=False, cv=CALIBRATION_FOLDS)
