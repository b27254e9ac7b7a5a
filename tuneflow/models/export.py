"""The same model without tuneflow: a pipeline of scikit-learn and of the library that was tuned.

What a :class:`Model <tuneflow.models.pipeline.Model>` does in its own way, so that trials can share work, is
said here in the words of scikit-learn, to the same predictions. Columns become numbers by
functions of pandas and NumPy: a pipeline that is pickled must not name tuneflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import resample

from tuneflow.data.types import FloatArray
from tuneflow.models.columns import Step, steps_of
from tuneflow.models.engine import Job, Trained, start_engine
from tuneflow.models.pipeline import Model
from tuneflow.models.preprocessing import Target
from tuneflow.models.sample_weight import WEIGHTS, weight_names


@dataclass(frozen=True)
class Plain:
    """A pipeline that has seen nothing, and how it is trained.

    Attributes:
        pipeline: Preparation and model; the last step is called ``model``.
        epochs: Passes over the rows by `partial_fit`; 0 where `fit` does it all.
        seed: Seed of the order of the rows in these passes.
        weighed: Arguments of `fit` that weights are given to.
        rows: How many rows it is trained on, if there are more; 0 for all.
    """

    pipeline: Pipeline
    epochs: int
    seed: int
    weighed: tuple[str, ...] = ("model__sample_weight",)
    rows: int = 0

    @classmethod
    def of(cls, model: Model, seed: int) -> Plain:
        """What a model is, in plain words.

        Args:
            model: Fitted by this process: a model that was loaded does not know its table.
            seed: Seed of the study.
        """
        raw = model.recipe.prepare == "raw"
        steps = [] if raw else steps_of(model.features, model.preparation)
        pipeline = Pipeline([*_front(model), *steps, ("model", _estimator(model, seed))])
        template = model.recipe.template
        names = (WEIGHTS,) if template is None else weight_names(template)
        weighed = tuple(f"model__{name}" for name in names)
        epochs, rows = (model.amount if model.unit == u else 0 for u in ("epochs", "rows"))
        return cls(pipeline, epochs, seed, weighed, rows)

    def fit(
        self, X: Any, y: npt.NDArray[Any], sample_weight: FloatArray | None = None
    ) -> Pipeline:
        """Train a copy on a table as it was given, and on labels or values."""
        pipeline = clone(self.pipeline)
        if 0 < self.rows < len(y):
            X, y, sample_weight = self._share(X, y, sample_weight)
        if self.epochs:
            return self._by_epochs(pipeline, X, y, sample_weight)
        weights = {} if sample_weight is None else dict.fromkeys(self.weighed, sample_weight)
        with config_context(enable_metadata_routing=False):  # weights go to the model, by name
            return pipeline.fit(X, y, **weights)

    def _share(
        self, X: Any, y: npt.NDArray[Any], sample_weight: FloatArray | None
    ) -> tuple[Any, npt.NDArray[Any], FloatArray | None]:
        """The rows that the model was trained on."""
        draw: dict[str, Any] = {"replace": False, "n_samples": self.rows}
        draw |= {"stratify": y if is_classifier(self.pipeline) else None}
        draw |= {"random_state": self.seed}
        weights = None if sample_weight is None else resample(sample_weight, **draw)
        return resample(X, **draw), resample(y, **draw), weights

    def _by_epochs(
        self, pipeline: Pipeline, X: Any, y: npt.NDArray[Any], sample_weight: FloatArray | None
    ) -> Pipeline:
        """Pass by pass, from one generator: `fit` would draw the order of the rows differently."""
        rows = pipeline[:-1].fit_transform(X, y) if len(pipeline) > 1 else X
        model = pipeline[-1]
        scaled = isinstance(model, TransformedTargetRegressor)
        inner = model.regressor if scaled else model
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        target = StandardScaler().fit_transform(y[:, None])[:, 0] if scaled else y
        if is_classifier(inner):
            more["classes"] = np.unique(y)
        else:
            target = target.astype("float32" if "single" in pipeline.named_steps else float)
        inner.set_params(random_state=np.random.RandomState(self.seed))
        for _ in range(self.epochs):
            inner.partial_fit(rows, target, **more)
        inner.set_params(random_state=self.seed)
        if scaled:
            model.set_params(regressor=FrozenEstimator(inner)).fit(rows, y)
            model.regressor, model.regressor_ = clone(inner), inner  # a clone trains anew
        return pipeline


def _front(model: Model) -> list[Step]:
    """The transformer in front; what it makes is made dense, as the recipe got it."""
    if model.front is None:
        return []
    dense = ColumnTransformer([("all", "passthrough", slice(None))], sparse_threshold=0)
    more: list[Step] = [("dense", dense)] if model.front.sparse else []
    front = clone(model.front.transformer)
    return [("front", front[0] if len(front) == 1 else front), *more]


def _estimator(model: Model, seed: int) -> Any:
    trained = Trained(
        model.estimator,
        {**model.recipe.fixed_for(model.task), **model.params},
        model.amount,
        model.preparation.categorical,
        len(model.features.columns),
        model.classes_,
    )
    job = Job(model.recipe, model.task, seed, probabilities=True)
    estimator = start_engine(job).plain(trained)
    if model.target == Target():
        return estimator
    return TransformedTargetRegressor(estimator, transformer=StandardScaler())
