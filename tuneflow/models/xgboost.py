"""XGBoost: rounds of boosting on data that is binned once a fold."""

import warnings
from typing import ClassVar

import numpy as np
import xgboost as xgb

from tuneflow.data.types import FloatArray
from tuneflow.models.engine import Boosting
from tuneflow.models.estimators import check_names, shaped
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.space import Params

#: Known arguments that say something of each column, and so cannot be asked about with one.
BY_COLUMN = ("monotone_constraints", "interaction_constraints")


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
        rows = self._valid if X is None else xgb.DMatrix(X, **_about(X, self._fold))
        assert rows is not None
        return shaped(self.model.predict(rows), self._fold)


class XGBoost(Boosting):
    """The engine: what all learners of a study share."""

    rounds = Rounds
    objectives: ClassVar = {
        "binary": "binary:logistic",
        "multiclass": "multi:softprob",
        "regression": "reg:squarederror",
    }
    settings: ClassVar = {
        "seed_per_iteration": True,  # one generator serves all boosters that grow in step
        "tree_method": "hist",
        "nthread": 1,
        "verbosity": 0,
    }
    kinds = (xgb.XGBRegressor, xgb.XGBClassifier)
    estimator_settings: ClassVar = {
        "seed_per_iteration": True,
        "tree_method": "hist",
        "enable_categorical": True,
    }

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
                name, known = text.split('"')[1], set(xgb.XGBModel().get_params())
                check_names("XGBoost", {name: None}, known)

    def categories(self, fold: FoldData) -> Params:
        """The type of every column, if some hold codes."""
        if not fold.categorical:
            return {}
        return {"feature_types": _about(fold.some(slice(1)), fold)["feature_types"]}


def _matrices(fold: FoldData, params: Params) -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
    max_bin = params.get("max_bin")

    def make() -> tuple[xgb.QuantileDMatrix, xgb.DMatrix | None]:
        X = fold.table()
        about = _about(X, fold)
        train = xgb.QuantileDMatrix(X, fold.y, weight=fold.weights, max_bin=max_bin, **about)
        return train, None if fold.valid is None else xgb.DMatrix(fold.valid(), **about)

    matrices: tuple[xgb.QuantileDMatrix, xgb.DMatrix | None] = fold.once("xgboost", make, max_bin)
    return matrices


def _about(X: FloatArray, fold: FoldData) -> Params:
    """What matrices are told of their columns."""
    types = ["c" if i in fold.categorical else "q" for i in range(X.shape[1])]
    return {"feature_types": types, "enable_categorical": True, "nthread": 1}
