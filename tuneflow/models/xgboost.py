"""XGBoost: rounds of boosting on data that is binned once a fold."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import xgboost as xgb
from sklearn.ensemble import VotingClassifier

from tuneflow.data.folds import Split
from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.engine import Job, Trained, spread
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

    def __init__(self, split: Split, params: Params) -> None:
        self._train, self._valid = _matrices(split, params)
        self._split = split
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
        rows = self._valid if X is None else _matrix(X, self._split.categorical)
        assert rows is not None
        return _shaped(self.model.predict(rows), self._split.n_classes)


class XGBoost:
    """The engine: what all learners of a study share."""

    errors = (xgb.core.XGBoostError,)
    gradients: frozenset[str] = frozenset()
    weighs = True

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

    def learner(self, split: Split, arguments: Callable[[int], Params]) -> Rounds:
        """A booster without a tree."""
        params = {
            "objective": OBJECTIVES[self._job.task],
            "seed": self._job.seed,
            "seed_per_iteration": True,  # one generator serves all boosters that grow in step
            "tree_method": "hist",
            "nthread": 1,
            "verbosity": 0,
            **arguments(len(split.y)),
        }
        if split.n_classes > 2:
            params["num_class"] = split.n_classes
        return Rounds(split, params)

    def plain(self, trained: Trained) -> Any:
        """XGBoost's estimator for scikit-learn; a vote of one gives labels that are no codes."""
        n_classes = len(trained.classes)
        codes: Params = {}
        if trained.categorical:
            codes = {"feature_types": _types(trained.columns, trained.categorical)}
        model = (xgb.XGBClassifier if n_classes else xgb.XGBRegressor)(
            n_estimators=trained.amount,
            random_state=self._job.seed,
            seed_per_iteration=True,
            tree_method="hist",
            enable_categorical=True,
            n_jobs=1,
            **codes,
            **trained.params,
        )
        if not n_classes or _are_codes(trained.classes):
            return model
        return VotingClassifier([("xgboost", model)], voting="soft")

    def predict(self, model: xgb.Booster, X: FloatArray, n_classes: int) -> FloatArray:
        """Probabilities or values of a fitted booster."""
        types = model.feature_types or []
        categorical = tuple(i for i, kind in enumerate(types) if kind == "c")
        return _shaped(model.predict(_matrix(X, categorical)), n_classes)


def _matrices(split: Split, params: Params) -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
    def make() -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
        X = split.table()
        train = xgb.QuantileDMatrix(
            X,
            split.y,
            weight=split.weights,
            feature_types=_types(X.shape[1], split.categorical),
            enable_categorical=True,
            max_bin=params.get("max_bin"),
            nthread=1,
        )
        valid = None if split.valid is None else _matrix(split.valid(), split.categorical)
        return train, valid

    how = params.get("max_bin")
    matrices: tuple[xgb.QuantileDMatrix, xgb.DMatrix | None] = split.once("xgboost", make, how)
    return matrices


def _matrix(X: FloatArray, categorical: tuple[int, ...]) -> xgb.DMatrix:
    types = _types(X.shape[1], categorical)
    return xgb.DMatrix(X, feature_types=types, enable_categorical=True, nthread=1)


def _types(columns: int, categorical: tuple[int, ...]) -> list[str]:
    return ["c" if i in categorical else "q" for i in range(columns)]


def _are_codes(classes: npt.NDArray[Any]) -> bool:
    """Whether labels are what XGBoost makes of them, by type too: False is not 0."""
    return classes.dtype.kind in "iu" and classes.tolist() == list(range(len(classes)))


def _shaped(predictions: FloatArray, n_classes: int) -> FloatArray:
    values = predictions.astype(float)
    return spread(values) if n_classes == 2 else values
