"""XGBoost: rounds of boosting on data that is binned once a fold."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb

from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.engine import Job
from tuneflow.models.estimators import WEIGHTS, of_both
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params

#: Known arguments that say something of each column, and so cannot be asked about with one.
BY_COLUMN = ("monotone_constraints", "interaction_constraints")

OBJECTIVES = {
    "binary": "binary:logistic",
    "multiclass": "multi:softprob",
    "regression": "reg:squarederror",
}


class Rounds:
    """A booster that grows round by round."""

    def __init__(self, fold: FoldData, params: Params) -> None:
        self._train, self._valid = _matrices(fold, params)
        self._fold = fold
        self.spent = 0
        watched = [self._train] + ([self._valid] if self._valid is not None else [])
        self.model = xgb.Booster(params, watched)

    def grow(self, budget: int) -> None:
        """Boost up to `budget` rounds in all."""
        for round_ in range(self.spent, budget):
            self.model.update(self._train, round_)
        self.spent = max(self.spent, budget)

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values; XGBoost keeps the margins of rows that it has seen."""
        rows = self._valid if X is None else _matrix(X, self._fold.categorical)
        assert rows is not None
        return _shaped(self.model.predict(rows), self._fold.n_classes)


class XGBoost:
    """The engine: what all learners of a study share."""

    errors = (xgb.core.XGBoostError,)
    gradients: frozenset[str] = frozenset()
    weight_names = (WEIGHTS,)

    def __init__(self, job: Job) -> None:
        self._job = job
        self.growth = job.recipe.growth or Growth(
            schedule="lockstep", unit="rounds", per="learning_rate", first=1, last=64, factor=1.25
        )

    def check(self, params: Params) -> None:
        """Refuse names that XGBoost would ignore with a warning: ask it."""
        tiny = xgb.DMatrix(np.array([[0.0], [1.0]]), [0, 1], nthread=1)
        asked = {name: value for name, value in params.items() if name not in BY_COLUMN}
        asked |= {"validate_parameters": True, "verbosity": 1}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            xgb.Booster(asked, [tiny]).update(tiny, 0)
        for text in (str(warning.message) for warning in caught):
            if "are not used" in text:
                name = text.split('"')[1]
                names = sorted(xgb.XGBModel().get_params())
                raise RecipeError(
                    f"recipe: XGBoost has no parameter {name!r}. {did_you_mean(name, names)}"
                )

    def learner(self, fold: FoldData, arguments: Callable[[int], Params]) -> Rounds:
        """A booster without a tree."""
        params = {
            "objective": OBJECTIVES[self._job.task],
            "seed": self._job.seed,
            "seed_per_iteration": True,  # one generator serves all boosters that grow in step
            "tree_method": "hist",
            "nthread": 1,
            "verbosity": 0,
            **arguments(len(fold.y)),
        }
        if fold.n_classes > 2:
            params["num_class"] = fold.n_classes
        return Rounds(fold, params)

    def estimator(
        self, fold: FoldData, params: Params, amount: int, classes: npt.NDArray[Any]
    ) -> Any:
        """XGBoost's estimator for scikit-learn."""
        codes: Params = {}
        if fold.categorical:
            features = fold.some(slice(1)).shape[1]
            codes = {"feature_types": _types(features, fold.categorical)}
        return (xgb.XGBClassifier if len(classes) else xgb.XGBRegressor)(
            n_estimators=amount,
            random_state=self._job.seed,
            seed_per_iteration=True,
            tree_method="hist",
            enable_categorical=True,
            n_jobs=1,
            **codes,
            **params,
        )


def _matrices(fold: FoldData, params: Params) -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
    def make() -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
        X = fold.table()
        train = xgb.QuantileDMatrix(
            X,
            fold.y,
            weight=fold.weights,
            feature_types=_types(X.shape[1], fold.categorical),
            enable_categorical=True,
            max_bin=params.get("max_bin"),
            nthread=1,
        )
        valid = None if fold.valid is None else _matrix(fold.valid(), fold.categorical)
        return train, valid

    how = params.get("max_bin")
    matrices: tuple[xgb.QuantileDMatrix, xgb.DMatrix | None] = fold.once("xgboost", make, how)
    return matrices


def _matrix(X: FloatArray, categorical: tuple[int, ...]) -> xgb.DMatrix:
    types = _types(X.shape[1], categorical)
    return xgb.DMatrix(X, feature_types=types, enable_categorical=True, nthread=1)


def _types(columns: int, categorical: tuple[int, ...]) -> list[str]:
    return ["c" if i in categorical else "q" for i in range(columns)]


def _shaped(predictions: FloatArray, n_classes: int) -> FloatArray:
    values = predictions.astype(float)
    return of_both(values) if n_classes == 2 else values
