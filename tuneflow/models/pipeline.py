"""The model: one pipeline of scikit-learn, from the table as it comes to the library's estimator.

It is trained on every row with what the folds found best, and is what is handed back, saved and
written as code. It needs no tuneflow to predict.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from tuneflow.data.dataset import Data, same_form
from tuneflow.data.encoder import refusal
from tuneflow.data.folds import share
from tuneflow.data.metrics import Metric, Responses
from tuneflow.data.schema import Schema
from tuneflow.data.types import FloatArray, Task
from tuneflow.errors import DataError
from tuneflow.models.engine import Engine, Job
from tuneflow.models.estimators import choices, predictions, with_labels
from tuneflow.models.fold_data import WEIGHTS
from tuneflow.models.preprocessing import Prepared, Target, prepare
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params, Space

#: Engine by the word that a recipe uses for it: module and class.
ENGINES: dict[str, tuple[str, str]] = {
    "lightgbm": ("tuneflow.models.lightgbm", "LightGBM"),
    "xgboost": ("tuneflow.models.xgboost", "XGBoost"),
    "sklearn": ("tuneflow.models.sklearn", "Sklearn"),
}


def start_engine(job: Job) -> Engine:
    """Import the library that a recipe names, and put it to work."""
    module, name = ENGINES[job.recipe.engine]
    engine: Engine = getattr(import_module(module), name)(job)
    return engine


@dataclass(frozen=True)
class Training:
    """How a pipeline is trained, where a call of `fit` on all rows does not say it.

    Attributes:
        seed: Seed of the rows that are drawn, and of their order.
        epochs: Passes over the rows by `partial_fit`; 0 where `fit` does it all.
        rows: Rows that are drawn at random, if there are more; 0 for all.
        weight_names: Arguments of `fit` that weights are given to.
        single: Whether epochs pass over the rows in single precision.
        unit_weights: Whether weights have a mean of 1, whatever their scale was.
    """

    seed: int
    epochs: int = 0
    rows: int = 0
    weight_names: tuple[str, ...] = ("model__sample_weight",)
    single: bool = False
    unit_weights: bool = True


@dataclass(frozen=True)
class Refit:
    """A configuration, trained on every row.

    Attributes:
        model: The fitted pipeline; its last step is called ``model``, but for a pipeline of a
            person's own.
        task: ``binary``, ``multiclass`` or ``regression``.
        classes: Labels, in the order of the columns of `predict_proba`; empty for a regression.
        schema: The columns of the table.
        params: The arguments of the estimator that were tuned.
        amount: What it was trained for, in `unit`.
        unit: ``rounds``, ``trees``, ``epochs`` or ``rows``.
        seconds: What the fit took.
        training: How to train it again.
        is_array: Whether it was trained on an array, or a sparse matrix, as it was given.
    """

    model: Pipeline
    task: Task
    classes: npt.NDArray[Any]
    schema: Schema
    params: Params
    amount: int
    unit: str
    seconds: float
    training: Training
    is_array: bool = False

    @classmethod
    def fit(
        cls, data: Data, job: Job, space: Space, values: Params, growth: Growth, budget: float
    ) -> Refit:
        """Train a configuration on every row, with the budget that was best in the folds.

        Where that is a share of the rows, it is trained on such a share, drawn at random. If the
        job asks for probabilities, a classifier without any of its own is calibrated.
        """
        started, every = time.perf_counter(), len(data.y)
        if growth.unit == "rows":
            data, budget = share(data, growth.amount(budget, {}, every), job.seed), 1.0
        path = job.recipe.estimator_path(data.task) or ""
        by_code = path.endswith("HistGradientBoostingClassifier")  # which looks labels up late
        rows = len(data.y)
        fixed = data.by_class(job.recipe.fixed_for(data.task), codes=by_code)
        params = space.decode(values, rows)
        arguments = {**fixed, **params}
        amount = growth.final or growth.amount(budget, arguments, rows)
        prepared = prepare(data, job.recipe, slice(None), seed=job.seed)
        engine = start_engine(job)
        with threadpool_limits(1):
            model = trained(engine, prepared, data, arguments, amount)
        names = engine.weight_names or (WEIGHTS,)
        if not isinstance(model, Pipeline):  # a person's own takes the table as it is
            model = Pipeline([*prepared.steps, ("model", model)])
            names = tuple(f"model__{name}" for name in names)
        epochs = amount if growth.unit == "epochs" else 0
        single = job.recipe.prepare == "clipped"
        return cls(
            model=model,
            is_array=data.is_array,
            task=data.task,
            classes=data.classes,
            schema=data.schema,
            params=params,
            amount=amount,
            unit="rows" if growth.unit == "none" else growth.unit,
            seconds=time.perf_counter() - started,
            training=Training(
                seed=job.seed,
                epochs=epochs,
                rows=rows if rows < every else 0,
                weight_names=names,
                single=single,
                unit_weights=job.recipe.template is None,
            ),
        )

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels or values, shape (rows,).

        Raises:
            DataError: A column is missing, or holds another kind of value than in training.
        """
        nothing = np.empty(0, dtype=self.classes.dtype if len(self.classes) else float)
        return self._ask(X, lambda rows: np.asarray(self.model.predict(rows)), nothing)

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities, shape (rows, classes), columns in the order of `classes`.

        A classifier without any, such as a linear SVM, is calibrated, unless it was tuned by a
        metric of labels alone: calibration could choose others. Then decision values stand in.

        Raises:
            DataError: The model predicts values; or a column is missing.
        """
        if self.task == "regression":
            raise DataError("predict_proba: only classes have probabilities; this is regression.")
        return self.response("predict_proba", X)

    def responses(self, data: Data, metric: Metric) -> Responses:
        """What the model says of a table, as a metric looks at it; nothing more is kept of the
        model, but for a metric of a person's own."""
        decides = hasattr(self.model, "decision_function")
        if metric.is_custom:
            response = cache(partial(self.response, X=data.table))
            return Responses(response, self.classes, None, self, decides=decides)
        said = {
            method: self.response(method, data.table) for method in metric.methods(decides=decides)
        }
        return Responses(said.__getitem__, self.classes, decides=decides)

    def __getattr__(self, name: str) -> Any:
        """Attributes of the model, for a metric that looks at it."""
        if name.startswith("_") or "model" not in vars(self):
            raise AttributeError(name)
        return getattr(self.model, name)

    def response(self, method: str, X: Any) -> npt.NDArray[Any]:
        """What the model says of a table by one of its methods; see `predict`."""
        classes = self.classes
        if method == "decision_function":
            return self._ask(X, self.model.decision_function, np.empty(0))
        if method == "predict":
            return self.predict(X)
        nothing = np.empty((0, len(classes)) if len(classes) else 0)
        ask = choices if method == "choices" else predictions
        return self._ask(X, lambda rows: ask(self.model, rows, classes), nothing)

    def _ask(
        self, X: Any, question: Callable[[pd.DataFrame], npt.NDArray[Any]], nothing: FloatArray
    ) -> npt.NDArray[Any]:
        """What the model says of a table; `nothing` of an empty one, which scikit-learn does not
        take. Of rows that it refuses, the error says what is wrong with them."""
        rows = self.schema.conform(X)
        try:
            given = same_form(rows, X, as_array=self.is_array)
            return question(given) if len(rows) else nothing
        except (ValueError, TypeError) as error:
            raise refusal(self.schema, rows, error) from error


def trained(engine: Engine, prepared: Prepared, data: Data, params: Params, amount: int) -> Any:
    """The library's estimator, fitted on labels or values as they were given.

    Args:
        engine: The library at work.
        prepared: The rows, all of which train.
        data: The same rows; labels come from here.
        params: The estimator's arguments, fixed ones included.
        amount: What is to be spent.
    """
    fold = prepared.fold
    estimator = with_labels(engine.estimator(fold, params, amount, data.classes), data.classes)
    if engine.growth.unit == "epochs":
        return _by_epochs(engine, estimator, prepared, data, amount)
    if prepared.target != Target():
        estimator = TransformedTargetRegressor(estimator, transformer=_scaler())
    weights = fold.weights_by(engine.weight_names)
    with config_context(enable_metadata_routing=False):  # weights go to the model, by name
        return estimator.fit(fold.table(), data.labels(), **weights)


def _scaler() -> StandardScaler:
    """Scales a target; it makes an array, whatever scikit-learn is set to make elsewhere."""
    return StandardScaler().set_output(transform="default")


def _by_epochs(engine: Engine, estimator: Any, prepared: Prepared, data: Data, amount: int) -> Any:
    """Pass by pass, as in the folds: `fit` would draw the order of the rows differently."""
    fold = prepared.fold
    if len(data.classes):
        fold = replace(fold, y=data.labels(), classes=data.classes)
    learner = engine.learner(fold, lambda rows: estimator.get_params())
    learner.grow(amount)
    model = learner.model.set_params(**estimator.get_params())
    if prepared.target == Target():
        return model
    scaled = TransformedTargetRegressor(FrozenEstimator(model), transformer=_scaler())
    scaled.fit(fold.table(), data.y)
    scaled.regressor, scaled.regressor_ = clone(model), model  # a clone trains anew
    return scaled
