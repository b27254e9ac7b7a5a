"""A learner that costs nothing and counts what is asked of it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna
from sklearn.base import BaseEstimator

import tuneflow as tf
from tuneflow.models.engine import Job, Slope
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.growth import Growth

RECIPE = tf.Recipe(
    name="double",
    title="Double",
    family="double",
    engine="lightgbm",
    tasks=["regression"],
    prepare="native",
    growth=Growth(schedule="lockstep", unit="rounds", first=1, last=16, factor=2, prune_from=2),
    pruner="none",
    space={
        "x": {"low": 0.0, "high": 1.0, "default": 0.9, "grid": [0.0, 0.5, 1.0], "gradient": True},
        "kind": {"choices": ["a", "b"], "default": "a", "grid": ["a", "b"]},
        "n": {"low": 1, "high": 8, "default": 2, "grid": [1, 4], "when": {"kind": "b"}},
    },
)


@dataclass
class Counted:
    """A learner whose error falls with `x` near 0.3 and with the budget."""

    engine: Counting
    values: dict
    fold: FoldData | None = None
    model: dict = field(default_factory=dict)
    spent: int = 0

    def grow(self, budget: int) -> None:
        self.engine.grown.append(budget)
        self.engine.on_grow(self.values)
        self.spent = max(self.spent, budget)
        self.model = {**self.values, "spent": self.spent}

    def predict(self, X=None):
        return self.engine.predict(self.model, self.fold.X_valid if X is None else X, 0)

    def gradient(self, X, y):
        over = self.predict(X) - y
        by = 2 * over.mean() * np.sign(self.model["x"] - 0.3)
        return Slope(float((over**2).mean()), {"x": float(by)})


class Predicted(BaseEstimator):
    """What the double is as an estimator of scikit-learn's."""

    def __init__(self, engine: Counting, values: dict) -> None:
        self.engine, self.values = engine, values

    def __getitem__(self, name):
        return self.values[name]

    def __deepcopy__(self, memo):
        return Predicted(self.engine, dict(self.values))

    def fit(self, X, y):
        self.engine.grown.append(self.values["spent"])
        self.engine.on_grow(self.values)
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        values = self.engine.predict(self.values, X, self.values["classes"])
        return self.classes_[values.argmax(axis=1)] if values.ndim > 1 else values

    def predict_proba(self, X):
        return self.engine.predict(self.values, X, self.values["classes"])


class Counting:
    """The engine of the double: register it in `ENGINES`."""

    gradients = frozenset({"x"})
    weight_names = ()
    on_grow: Callable[[dict], None] = staticmethod(lambda values: None)

    def __init__(self, job: Job) -> None:
        self.growth = job.recipe.growth
        self.grown: list[int] = []

    def defaults(self) -> dict:
        return {"x": 0.9, "kind": "a"}

    def library_growth(self) -> Growth:
        return self.growth

    def check(self, params) -> None:
        assert {"x", "kind"} <= set(params)

    def learner(self, fold: FoldData, arguments) -> Counted:
        return Counted(self, {**self.defaults(), **arguments(len(fold.y))}, fold)

    def estimator(self, fold: FoldData, params, amount: int, classes) -> Predicted:
        params = {**self.defaults(), **params}
        return Predicted(self, {**params, "spent": amount, "classes": len(classes)})

    def predict(self, model, X, n_classes):
        error = abs(model["x"] - 0.3) + 0.1 * (model["kind"] == "b") + 1 / model["spent"]
        return np.full(len(X), error)


def is_odd(values: dict) -> bool:
    """Whether a trial does the deed that it was asked for: about half of them, not the first."""
    return values["x"] > 0.5 and values["x"] != 0.9


class Acting(Counting):
    """A double that takes a moment, and does what the recipe's fixed arguments ask for."""

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.on_grow = self.act

    def act(self, values: dict) -> None:
        time.sleep(values.get("takes", 0.002))
        deed = values.get("deed") if is_odd(values) else None
        if deed == "hang":
            time.sleep(600)
        if deed == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        if deed == "bug":
            msg = "a bug"
            raise tf.DataError(msg)
        if deed == "die once" and not Path(values["mark"]).exists():
            Path(values["mark"]).touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Every(frozenset):
    """Holds whatever is looked for."""

    def __contains__(self, name: object) -> bool:
        return True


class Flat(Counted):
    """A learner of :class:`Tame`, whose model is an estimator, as that of epochs is."""

    def grow(self, budget: int) -> None:
        super().grow(budget)
        self.model = Predicted(self.engine, self.model)
        self.model.classes_ = self.fold.classes

    def gradient(self, X, y):
        return Slope(1.0, dict.fromkeys(self.values, 0.0))


class Tame(Counting):
    """A double that takes any arguments and any task."""

    gradients = Every()

    def __init__(self, job: Job) -> None:
        super().__init__(job)
        self.growth = job.recipe.growth or Growth(schedule="folds")

    def check(self, params) -> None:
        return

    def learner(self, fold: FoldData, arguments) -> Flat:
        return Flat(self, {**arguments(len(fold.y)), "classes": fold.n_classes}, fold)

    def predict(self, model, X, n_classes):
        count = model["classes"]
        return np.full((len(X), count), 1 / count) if count else np.zeros(len(X))


def rows(count: int = 40):
    """A table on which the double's score is its error and nothing else."""
    return np.arange(float(count)).reshape(-1, 1), np.tile([-1.0, 1.0], count // 2)


def told(study: optuna.Study) -> list[tuple]:
    """What a study says of each trial, but for times."""
    return [(t.state.name, t.value, t.params) for t in study.get_trials(deepcopy=False)]
