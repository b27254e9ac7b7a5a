"""A recipe refitted on every row: preparation, learner and labels in one."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from tuneflow.data.dataset import Data
from tuneflow.data.folds import share
from tuneflow.data.schema import Column, Schema
from tuneflow.data.types import FloatArray, Task
from tuneflow.errors import DataError
from tuneflow.models.engine import Job, choices, start_engine
from tuneflow.models.preprocessing import Preparation, Target, prepare
from tuneflow.models.transformer import Front
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.recipe import Recipe
from tuneflow.recipe.space import Params, Space

FORMAT = 1

#: Types in a saved model beyond those that skops trusts: fitted state, and no code.
TRUSTED = (
    "collections.OrderedDict",
    "functools.partial",  # what it calls is listed, and has to be trusted, by itself
    "lightgbm.basic.Booster",
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.metrics._dist_metrics.EuclideanDistance64",
    "sklearn.metrics._dist_metrics.ManhattanDistance64",
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils.validation.check_array",
    "xgboost.core.Booster",
)


@dataclass(frozen=True)
class Model:
    """A fitted model that takes tables as they come.

    Attributes:
        recipe: Where it comes from.
        task: ``binary``, ``multiclass`` or ``regression``.
        params: The arguments of the estimator that were tuned.
        amount: What it was trained for, in `unit`.
        unit: ``rounds``, ``trees``, ``epochs`` or ``rows``.
        classes_: Labels, in the order of the columns of `predict_proba`; empty for a regression.
        estimator: The library's own fitted object.
        seconds: What the fit took.
    """

    recipe: Recipe
    task: Task
    params: Params
    amount: int
    unit: str
    classes_: npt.NDArray[Any]
    estimator: Any
    seconds: float
    schema: Schema
    preparation: Preparation
    target: Target
    front: Front | None = None

    @classmethod
    def fit(
        cls, data: Data, job: Job, space: Space, values: Params, growth: Growth, budget: float
    ) -> Model:
        """Refit a configuration on every row, with the budget that was best in the folds.

        Where that is a share of the rows, it is refitted on such a share, drawn at random. If the
        job asks for probabilities, a classifier without any of its own is calibrated.
        """
        started = time.perf_counter()
        if growth.unit == "rows":
            data, budget = share(data, growth.amount(budget, {}, len(data.y)), job.seed), 1.0
        rows = len(data.y)
        prepared = prepare(data, job.recipe, slice(None), seed=job.seed)
        fixed = job.recipe.fixed_for(data.task)
        engine = start_engine(job)
        learner = engine.learner(
            prepared.split, lambda count: {**fixed, **space.decode(values, count)}
        )
        params = space.decode(values, rows)
        amount = growth.final or growth.amount(budget, {**fixed, **params}, rows)
        with threadpool_limits(1):
            learner.grow(amount)
        return cls(
            recipe=job.recipe,
            task=data.task,
            params=params,
            amount=amount,
            unit="rows" if growth.unit == "none" else growth.unit,
            classes_=data.classes,
            estimator=learner.model,
            seconds=time.perf_counter() - started,
            schema=data.schema,
            preparation=prepared.preparation,
            target=prepared.target,
            front=prepared.front,
        )

    @property
    def features(self) -> Schema:
        """The columns that the preparation takes: those of the table, or what is made of them."""
        return self.front.schema if self.front else self.schema

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels or values, shape (rows,).

        Raises:
            DataError: A column is missing, or holds another kind of value than in training.
        """
        predictions = self._predictions(X, labels=True)
        if self.task == "regression":
            return predictions
        labels: npt.NDArray[Any] = self.classes_[predictions.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities, shape (rows, classes), columns in the order of `classes_`.

        A classifier without any, such as a linear SVM, is calibrated, unless it was tuned by a
        metric of labels alone: calibration could choose others. Then decision values stand in.

        Raises:
            DataError: The model predicts values; or a column is missing.
        """
        if self.task == "regression":
            raise DataError(
                "predict_proba: only classes have probabilities; this is a regression."
            )
        return self._predictions(X)

    def save(self, path: str | Path) -> Path:
        """Write the model to one file that :func:`load` reads without running foreign code.

        The file is a skops archive: nothing in it is pickled.
        """
        import skops.io

        prepared = self.preparation
        told = {
            "format": FORMAT,
            "recipe": self.recipe.model_dump_json(exclude_unset=True),
            "task": self.task,
            "amount": self.amount,
            "unit": self.unit,
            "seconds": self.seconds,
            "params": json.dumps(self.params),
            "columns": _columns_told(self.schema),
            "front": self.front and [self.front.transformer, _columns_told(self.front.schema)],
            "classes_": self.classes_,
            "estimator": self.estimator,
            "transformer": self.preparation.transformer,
            "preparation": json.dumps(
                {f.name: getattr(prepared, f.name) for f in fields(prepared)[1:]}
            ),
            "target": json.dumps([self.target.mean, self.target.scale]),
        }
        path = Path(path)
        skops.io.dump(told, path)
        return path

    def _predictions(self, X: Any, *, labels: bool = False) -> FloatArray:
        as_given = self.recipe.prepare == "raw" or self.front is not None
        encoded = self.schema.select(X) if as_given else self.schema.encode(X)
        return self.outputs(encoded, labels=labels)

    def outputs(self, encoded: Any, *, labels: bool = False) -> FloatArray:
        """Probabilities or values for rows that the schema has encoded, or selected; if labels
        are all that counts, what a classifier of a person's own chooses."""
        engine = start_engine(Job(self.recipe, self.task, seed=0, probabilities=True))
        if not len(encoded):  # scikit-learn takes no empty tables
            return np.empty((0, len(self.classes_)) if len(self.classes_) else 0)
        made = self.front.transform(encoded) if self.front else encoded
        rows = made if self.recipe.prepare == "raw" else self.preparation.transform(made)
        if self.preparation.clip:  # in single precision a row's output depends on those beside it
            rows = rows.astype(np.float64)
        if labels and self.recipe.predicts_labels and len(self.classes_):
            return choices(self.estimator, rows, len(self.classes_))
        return self.target.restore(engine.predict(self.estimator, rows, len(self.classes_)))


def load(path: str | Path, *, trusted: Sequence[str] = ()) -> Model:
    """Read a model that :meth:`Result.save <tuneflow.Result.save>` wrote.

    No code from the file is run: types that are not known to be plain fitted state are refused.
    A file made by a stranger can still hold trees that crash the process.

    Args:
        path: The file.
        trusted: Names of further types to admit, for estimators of your own.

    Raises:
        DataError: Not a saved model, or one that holds types that are not trusted.
    """
    import skops.io

    try:
        told = skops.io.load(path, trusted=_admitted(path, trusted))
        return _model_of(told)
    except DataError:
        raise
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise DataError(f"load: {path} is not a model that tuneflow saved. {error}") from error


def _admitted(path: str | Path, trusted: Sequence[str]) -> list[str]:
    import skops.io

    found = skops.io.get_untrusted_types(file=path)
    if strangers := [name for name in found if name not in {*TRUSTED, *trusted}]:
        raise DataError(
            f"load: {path} holds types that are not known to be harmless: {', '.join(strangers)}. "
            "If you trust where it comes from, pass their names as `trusted`."
        )
    return list(found)


def _with_tuples(params: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples: layers came back as a list."""
    return {k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}


def _model_of(told: dict[str, Any]) -> Model:
    if told["format"] != FORMAT:
        raise ValueError(f"This version reads format {FORMAT}; got {told['format']!r}.")
    prepared = _with_tuples(json.loads(told["preparation"]))
    front = told["front"] and Front(told["front"][0], _schema_of(told["front"][1]))
    return Model(
        recipe=Recipe.model_validate_json(told["recipe"]),
        task=told["task"],
        params=json.loads(told["params"], object_hook=_with_tuples),
        amount=told["amount"],
        unit=told["unit"],
        classes_=told["classes_"],
        estimator=told["estimator"],
        seconds=told["seconds"],
        schema=_schema_of(told["columns"]),
        preparation=Preparation(told["transformer"], **prepared),
        target=Target(*json.loads(told["target"])),
        front=front,
    )


def _columns_told(schema: Schema) -> str:
    return json.dumps([[c.name, c.kind, list(c.levels)] for c in schema.columns])


def _schema_of(told: str) -> Schema:
    return Schema(tuple(Column(n, kind, tuple(levels)) for n, kind, levels in json.loads(told)))
