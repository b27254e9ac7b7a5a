"""LightGBM: rounds of boosting on data that is binned once a fold."""

from functools import cached_property
from typing import ClassVar

import lightgbm as lgb
import numpy as np
from sklearn.utils.class_weight import compute_sample_weight

from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError
from tuneflow.models.engine import Boosting
from tuneflow.models.estimators import check_names, shaped
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.space import Params

_GROWN = "rounds are grown, as [growth] says"
#: What the library's estimators take, and a booster that is grown has no use for.
OF_NO_USE = {
    "n_estimators": _GROWN,
    "num_iterations": _GROWN,
    "early_stopping_round": "it is [growth] that says when they peak",
}


CLASS_WEIGHT = "class_weight"  # which the library's estimator takes, but no booster


class Rounds:
    """A booster that grows round by round."""

    def __init__(self, fold: FoldData, params: Params) -> None:
        self._datasets = _datasets(fold, params)
        self._fold = fold
        self._params = {name: value for name, value in params.items() if name != CLASS_WEIGHT}
        self.spent = 0

    @cached_property
    def model(self) -> lgb.Booster:
        """The booster; made when it is needed, for until then other folds are being binned."""
        train, valid = self._datasets
        model = lgb.Booster(self._params, train)
        return model if valid is None else model.add_valid(valid, "valid")

    def grow(self, budget: int) -> None:
        """Boost up to `budget` rounds in all."""
        for _ in range(self.spent, budget):
            self.model.update()
        self.spent = max(self.spent, budget)

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values; the fold's own rows have been scored while growing."""
        if X is not None:
            return shaped(self.model.predict(X, num_threads=1), self._fold)
        scores: list[FloatArray] = []

        def keep(predictions: FloatArray, _: lgb.Dataset) -> tuple[str, float, bool]:
            scores.append(predictions.copy())
            return "kept", 0.0, True

        self.model.eval_valid(keep)
        return shaped(scores[0], self._fold)


class LightGBM(Boosting):
    """The engine: what all learners of a study share."""

    rounds = Rounds
    settings: ClassVar = {
        "metric": "None",
        "verbosity": -1,
        "num_threads": 1,
        "feature_pre_filter": False,  # min_child_samples changes from trial to trial
    }
    kinds = (lgb.LGBMRegressor, lgb.LGBMClassifier)
    estimator_settings: ClassVar = {
        "verbosity": -1,
        "feature_pre_filter": False,  # as in learners: columns are drawn from all
        "data_random_seed": 1,  # as in learners: bins are made of some of many rows
    }

    def check(self, params: Params) -> None:
        """Refuse names that LightGBM would ignore with a word in its log."""
        quiet = {"verbosity": -1, "num_threads": 1}
        tiny = lgb.Dataset(np.array([[0.0], [1.0]]), [0, 1], params=quiet)
        text = lgb.Booster({"verbosity": -1}, tiny).model_to_string()
        core = [line[1:].split(":")[0] for line in text.splitlines() if line.startswith("[")]
        for name, reason in OF_NO_USE.items():
            if name in params:
                raise RecipeError(f"recipe: {name} does nothing for LightGBM here: {reason}.")
        check_names("LightGBM", params, {*core, *lgb.LGBMModel().get_params()})

    def categories(self, fold: FoldData) -> Params:
        """Their positions, if there are any."""
        return {"categorical_column": list(fold.categorical)} if fold.categorical else {}


def _datasets(fold: FoldData, params: Params) -> tuple[lgb.Dataset, lgb.Dataset | None]:
    binning = lgb.Dataset(None, params=params).get_params()  # cannot change on binned data
    binning |= {name: params[name] for name in ("num_threads", "verbosity")}
    by_class = params.get(CLASS_WEIGHT)

    def make() -> tuple[lgb.Dataset, lgb.Dataset | None]:
        codes, weights = list(fold.categorical), fold.weights
        if by_class is not None:
            weights = compute_sample_weight(by_class, fold.y) * (1 if weights is None else weights)
        train = lgb.Dataset(
            fold.batches(), fold.y, None, weights, categorical_feature=codes, params=binning
        ).construct()
        if fold.valid is None:
            return train, None
        return train, lgb.Dataset(fold.valid(), reference=train, params=binning).construct()

    datasets: tuple[lgb.Dataset, lgb.Dataset | None] = fold.once(
        "lightgbm", make, how=(binning, by_class)
    )
    return datasets
