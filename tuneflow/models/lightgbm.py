"""LightGBM: rounds of boosting on data that is binned once a fold."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import lightgbm as lgb
import numpy as np

from tuneflow.data.folds import Split
from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.models.engine import Job, Trained, spread
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

    def __init__(self, split: Split, params: Params) -> None:
        self._datasets = _datasets(split, params)
        self._split, self._params = split, params
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
        """Probabilities or values; the split's own rows have been scored while growing."""
        if X is not None:
            return _shaped(self.model.predict(X, num_threads=1), self._split.n_classes)
        seen: list[FloatArray] = []

        def keep(predictions: FloatArray, _: lgb.Dataset) -> tuple[str, float, bool]:
            seen.append(predictions.copy())
            return "kept", 0.0, True

        self.model.eval_valid(keep)
        return _shaped(seen[0], self._split.n_classes)


class LightGBM:
    """The engine: what all learners of a study share."""

    errors = (lgb.basic.LightGBMError,)
    gradients: frozenset[str] = frozenset()
    weighs = True

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

    def learner(self, split: Split, arguments: Callable[[int], Params]) -> Rounds:
        """A booster without a tree."""
        params = {
            "objective": OBJECTIVES[self._job.task],
            "metric": "None",
            "seed": self._job.seed,
            "verbosity": -1,
            "num_threads": 1,
            "feature_pre_filter": False,  # min_child_samples changes from trial to trial
            **arguments(len(split.y)),
        }
        if split.n_classes > 2:
            params["num_class"] = split.n_classes
        return Rounds(split, params)

    def plain(self, trained: Trained) -> lgb.LGBMModel:
        """LightGBM's estimator for scikit-learn."""
        kind = lgb.LGBMClassifier if len(trained.classes) else lgb.LGBMRegressor
        codes: Params = {}
        if trained.categorical:
            codes = {"categorical_column": list(trained.categorical)}
        return kind(
            n_estimators=trained.amount,
            random_state=self._job.seed,
            n_jobs=1,
            verbosity=-1,
            feature_pre_filter=False,  # as in learners: columns are drawn from all
            data_random_seed=1,  # as in learners: bins are made of some of many rows
            **codes,
            **trained.params,
        )

    def predict(self, model: lgb.Booster, X: FloatArray, n_classes: int) -> FloatArray:
        """Probabilities or values of a fitted booster."""
        return _shaped(model.predict(X, num_threads=1), n_classes)


def _datasets(split: Split, params: Params) -> tuple[lgb.Dataset, lgb.Dataset | None]:
    binning = {name: params[name] for name in BINNING if name in params}
    binning |= {name: params[name] for name in ("feature_pre_filter", "num_threads", "verbosity")}

    def make() -> tuple[lgb.Dataset, lgb.Dataset | None]:
        train = lgb.Dataset(
            split.batches(),
            split.y,
            weight=split.weights,
            categorical_feature=list(split.categorical),
            params=binning,
        ).construct()
        if split.valid is None:
            return train, None
        return train, lgb.Dataset(split.valid(), reference=train, params=binning).construct()

    datasets: tuple[lgb.Dataset, lgb.Dataset | None] = split.once("lightgbm", make, how=binning)
    return datasets


def _shaped(predictions: Any, n_classes: int) -> FloatArray:
    values: FloatArray = predictions
    return spread(values) if n_classes == 2 else values
