"""LightGBM: rounds of boosting on data that is binned once a fold."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np
import numpy.typing as npt

from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.engine import Job
from tuneflow.models.estimators import WEIGHTS, of_both
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params

OBJECTIVES = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}

#: Parameters of the binned data: they cannot change on a dataset that is there already.
BINNING = (
    "max_bin",
    "min_data_in_bin",
    "bin_construct_sample_cnt",
    "use_missing",
    "zero_as_missing",
    "linear_tree",
    "enable_bundle",
)

_GROWN = "rounds are grown, as [growth] says"
#: What the library's estimators take, and a booster that is grown has no use for.
OF_NO_USE = {
    "n_estimators": _GROWN,
    "num_iterations": _GROWN,
    "early_stopping_round": "it is [growth] that says when they peak",
    "class_weight": "use is_unbalance, scale_pos_weight or sample_weight",
}


class Rounds:
    """A booster that grows round by round."""

    def __init__(self, fold: FoldData, params: Params) -> None:
        self._datasets = _datasets(fold, params)
        self._fold, self._params = fold, params
        self.spent = 0

    @cached_property
    def model(self) -> lgb.Booster:
        """The booster; made when it is needed, for until then other folds are being binned."""
        train, valid = self._datasets
        model = lgb.Booster({**self._params}, train)
        return model if valid is None else model.add_valid(valid, "valid")

    def grow(self, budget: int) -> None:
        """Boost up to `budget` rounds in all."""
        for _ in range(self.spent, budget):
            self.model.update()
        self.spent = max(self.spent, budget)

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities or values; the fold's own rows have been scored while growing."""
        if X is not None:
            return self._shaped(self.model.predict(X, num_threads=1))
        scores: list[FloatArray] = []

        def keep(predictions: FloatArray, _: lgb.Dataset) -> tuple[str, float, bool]:
            scores.append(predictions.copy())
            return "kept", 0.0, True

        self.model.eval_valid(keep)
        return self._shaped(scores[0])

    def _shaped(self, predictions: Any) -> FloatArray:
        values: FloatArray = predictions
        return of_both(values) if self._fold.n_classes == 2 else values


class LightGBM:
    """The engine: what all learners of a study share."""

    errors = (lgb.basic.LightGBMError,)
    gradients: frozenset[str] = frozenset()
    weight_names = (WEIGHTS,)

    def __init__(self, job: Job) -> None:
        self._job = job
        self.growth = job.recipe.growth or Growth(
            schedule="lockstep", unit="rounds", per="learning_rate", first=1, last=64, factor=1.25
        )

    def check(self, params: Params) -> None:
        """Refuse names that LightGBM would ignore with a word in its log."""
        tiny = lgb.Dataset(
            np.array([[0.0], [1.0]]), [0, 1], params={"verbosity": -1, "num_threads": 1}
        )
        text = lgb.Booster({"verbosity": -1}, tiny).model_to_string()
        core = [line[1:].split(":")[0] for line in text.splitlines() if line.startswith("[")]
        allowed = sorted({*core, *lgb.LGBMModel().get_params()})
        for name in params:
            if name in OF_NO_USE:
                raise RecipeError(
                    f"recipe: {name} does nothing for LightGBM here: {OF_NO_USE[name]}."
                )
            if name not in allowed:
                raise RecipeError(
                    f"recipe: LightGBM has no parameter {name!r}. {did_you_mean(name, allowed)}"
                )

    def learner(self, fold: FoldData, arguments: Callable[[int], Params]) -> Rounds:
        """A booster without a tree."""
        params = {
            "objective": OBJECTIVES[self._job.task],
            "metric": "None",
            "seed": self._job.seed,
            "verbosity": -1,
            "num_threads": 1,
            "feature_pre_filter": False,  # min_child_samples changes from trial to trial
            **arguments(len(fold.y)),
        }
        if fold.n_classes > 2:
            params["num_class"] = fold.n_classes
        return Rounds(fold, params)

    def estimator(
        self, fold: FoldData, params: Params, amount: int, classes: npt.NDArray[Any]
    ) -> lgb.LGBMModel:
        """LightGBM's estimator for scikit-learn."""
        kind = lgb.LGBMClassifier if len(classes) else lgb.LGBMRegressor
        codes: Params = {"categorical_column": list(fold.categorical)} if fold.categorical else {}
        return kind(
            n_estimators=amount,
            random_state=self._job.seed,
            n_jobs=1,
            verbosity=-1,
            feature_pre_filter=False,  # as in learners: columns are drawn from all
            data_random_seed=1,  # as in learners: bins are made of some of many rows
            **codes,
            **params,
        )


def _datasets(fold: FoldData, params: Params) -> tuple[lgb.Dataset, lgb.Dataset | None]:
    binning = {name: params[name] for name in BINNING if name in params}
    binning |= {name: params[name] for name in ("feature_pre_filter", "num_threads", "verbosity")}

    def make() -> tuple[lgb.Dataset, lgb.Dataset | None]:
        train = lgb.Dataset(
            fold.batches(),
            fold.y,
            weight=fold.weights,
            categorical_feature=list(fold.categorical),
            params=binning,
        ).construct()
        if fold.valid is None:
            return train, None
        return train, lgb.Dataset(fold.valid(), reference=train, params=binning).construct()

    datasets: tuple[lgb.Dataset, lgb.Dataset | None] = fold.once("lightgbm", make, how=binning)
    return datasets
