"""What stands between the table and the model, fitted on the training rows of a fold.

A recipe says how it wants its table (`prepare`): ``native`` keeps gaps and codes of categories,
``ordinal`` takes codes for numbers, ``dense`` imputes, encodes one-hot and standardises,
``clipped`` does that and draws in what is far out, ``raw`` takes the table as it was given. The
same fitted transformers serve the folds, where they make the arrays that all trials share, and
stand in the pipeline that is handed back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import issparse
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    OrdinalEncoder,
    StandardScaler,
)
from sklearn.utils import _safe_indexing

from tuneflow.data.dataset import Data
from tuneflow.data.encoder import Encoder
from tuneflow.data.schema import Schema, frame_of
from tuneflow.data.seeds import numpy_seed, with_seeds
from tuneflow.data.types import FloatArray, IntArray
from tuneflow.errors import RecipeError
from tuneflow.models.estimators import takes_labels
from tuneflow.models.fold_data import FoldData
from tuneflow.recipe.recipe import Recipe

#: Rare levels beyond this many share a code; HistGradientBoosting takes no more.
MOST_CODES = 255
#: Rare levels beyond this many share a column.
MOST_COLUMNS = 50
#: Standard deviations beyond which a number says no more to a network.
FAR = 3.0

Step = tuple[str, Any]
Rows = IntArray | slice


@dataclass(frozen=True)
class Preprocessing:
    """Fitted transformers from an encoded table to the features of a model.

    Attributes:
        steps: The transformers, by name; none if the model takes the table as it is encoded.
        categorical: Positions of the features that hold codes of a category.
        dtype: The precision in which the model is trained.
    """

    steps: tuple[Step, ...] = ()
    categorical: tuple[int, ...] = ()
    dtype: type = np.float64

    @classmethod
    def fit(cls, prepare: str, X: FloatArray, encoder: Encoder, *, gram: bool) -> Preprocessing:
        """Learn from training rows.

        Args:
            prepare: How a recipe wants its table, see the module.
            X: Training rows as the encoder made them, shape (rows, columns).
            encoder: Says which columns hold codes: the last ones.
            gram: Divide by the square root of features x variance, so that a kernel's gamma of 1
                is scikit-learn's ``gamma="scale"``.
        """
        native = prepare == "native"
        if native or prepare == "ordinal":
            steps = _codes(X, encoder, unknown=math.nan if native else -1)
        else:
            dense = _dense(X.shape[1], encoder).set_output(transform="default").fit(X)
            steps = [("prepare", dense)]
            if gram:
                features = dense.transform(X)
                if scale := math.sqrt(features.shape[1] * features.var()):
                    steps.append(("scale", FunctionTransformer(np.dot, kw_args={"b": 1 / scale})))
            if prepare == "clipped":
                ends = {"a_min": -FAR, "a_max": FAR}
                steps.append(("clip", FunctionTransformer(np.clip, kw_args=ends)))
        # steps make arrays, whatever scikit-learn is set to make elsewhere
        plain = tuple((name, step.set_output(transform="default")) for name, step in steps)
        categorical = encoder.schema.categorical if native else ()
        return cls(plain, categorical, np.float32 if prepare == "clipped" else np.float64)

    def transform(self, X: FloatArray) -> FloatArray:
        """Features of encoded rows, shape (rows, features), as a model is trained on them."""
        for _, step in self.steps:
            X = step.transform(X)
        return np.ascontiguousarray(X, dtype=self.dtype) if self.steps else X


def _codes(X: FloatArray, encoder: Encoder, unknown: float) -> list[Step]:
    """Steps for models that take codes: levels of the training rows only, columns in the order of
    the table, and zeros where a column holds nothing, which not all libraries can bin."""
    first = X.shape[1] - len(encoder.schema.categorical)
    empty = np.flatnonzero(np.isnan(X[:, :first]).all(axis=0)).tolist()
    numbers = [at for at in range(first) if at not in empty]
    levels = list(range(first, X.shape[1]))
    codes = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=unknown,
        encoded_missing_value=math.nan,
        max_categories=MOST_CODES,
    )
    steps: list[Step] = []
    if levels or empty:
        zeros = FunctionTransformer(np.zeros_like)
        blocks = [("numbers", "passthrough", numbers), ("levels", codes, levels)]
        blocks = [block for block in (*blocks, ("empty", zeros, empty)) if block[2]]
        prepare = ColumnTransformer(blocks, sparse_threshold=0).set_output(transform="default")
        prepare.fit(X[:1])
        prepare.transformers_ = [  # fitted on columns of levels alone: others would be copied
            (name, clone(fitted).fit(X[:, levels]) if name == "levels" else fitted, at)
            for name, fitted, at in prepare.transformers_
        ]
        steps.append(("prepare", prepare))
    order = [encoder.order[at] for at in (*numbers, *levels, *empty)]
    if order != sorted(order):
        back = {"indices": np.argsort(order).tolist(), "axis": 1}
        steps.append(("order", FunctionTransformer(np.take, kw_args=back)))
    return steps


def _dense(columns: int, encoder: Encoder) -> ColumnTransformer:
    """Numbers without gaps, standardised, beside a column for gaps and one for each level."""
    first = columns - len(encoder.schema.categorical)
    numbers, levels = list(range(first)), list(range(first, columns))
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_COLUMNS, sparse_output=False
    )
    blocks = [
        ("numbers", make_pipeline(impute, StandardScaler()), numbers),
        ("gaps", MissingIndicator(error_on_new=False), numbers),
        ("levels", one_hot, levels),
    ]
    return ColumnTransformer([block for block in blocks if block[2]], sparse_threshold=0)


@dataclass(frozen=True)
class Target:
    """How a target is scaled for training, and predictions are scaled back."""

    mean: float = 0.0
    scale: float = 1.0

    @classmethod
    def fit(cls, y: npt.NDArray[Any], *, standardize: bool) -> Target:
        """Mean and standard deviation of the training rows, if the recipe wants them."""
        return cls(float(y.mean()), float(y.std()) or 1.0) if standardize else cls()

    def transform(self, y: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The target that a model is trained on; class codes stay as they are."""
        return y if self == Target() else (y - self.mean) / self.scale

    def restore(self, predictions: FloatArray) -> FloatArray:
        """Predictions in the units of the target; probabilities stay as they are."""
        return predictions if self == Target() else predictions * self.scale + self.mean


@dataclass(frozen=True)
class Prepared:
    """One fold, prepared: the arrays that its trials share, and what made them.

    Attributes:
        fold: What the engine trains on and is asked about.
        target: How the target was scaled.
        steps: Fitted steps of the pipeline in front of the model.
        schema: The columns to which the recipe came.
    """

    fold: FoldData
    schema: Schema
    target: Target = Target()
    steps: tuple[Step, ...] = ()


def prepare(
    data: Data, recipe: Recipe, train: Rows, valid: IntArray | None = None, seed: int = 0
) -> Prepared:
    """Fit what stands in front of a model on the training rows, and apply it to the others.

    Args:
        data: The table.
        recipe: Says how; a transformer that was given in front of it comes first.
        train: Positions of the training rows.
        valid: Positions of the rows to be scored, if there are any.
        seed: What the seeds of that transformer are set to, where they are not set.

    Raises:
        RecipeError: The transformer makes no table, or one of other rows.
    """
    if recipe.transformer is None:
        return _prepared(data, recipe, train, valid)
    front, encoder, X = fit_transformer(recipe.transformer, data, train, seed)
    rows, fitted, others = train, slice(len(X)), None
    if valid is not None:
        rows, others = np.concatenate([np.arange(len(data.y))[train], valid]), slice(len(X), None)
        X = np.vstack([X, encoder.transform(front.transform(_safe_indexing(data.table, valid)))])
    made = replace(data.take(rows), X=X, encoder=encoder, table=None)
    prepared = _prepared(made, recipe, fitted, others)
    step = front[0] if len(front) == 1 else front
    return replace(prepared, steps=(("front", step), *prepared.steps))


def fit_transformer(
    transformer: Any, data: Data, train: Rows, seed: int
) -> tuple[Any, Encoder, FloatArray]:
    """A person's transformer, fitted on training rows; the encoder of what it makes, and that."""
    fitted = with_seeds(clone(transformer), seed)
    rows = _safe_indexing(data.table, train)
    with numpy_seed(seed):
        made = fitted.fit_transform(rows, data.labels(train))
    table = frame_of(made)
    if len(table) != rows.shape[0] or not table.shape[1]:
        raise RecipeError(
            "recipe: transformers in front of it must make one row a row, and at least one "
            f"column; got shape {table.shape} from {rows.shape[0]} rows."
        )
    encoder, X = Encoder.fit(table, sparse=issparse(made))
    return fitted, encoder, X


def _prepared(data: Data, recipe: Recipe, train: Rows, valid: Rows | None) -> Prepared:
    """Fit on the training rows, which begin with the first one where they are a slice; rows stay
    as they were given for an estimator that prepares them by itself, and labels, if it wants."""
    take: Callable[[Rows], Any] = data.X.__getitem__
    y, classes = data.y[train], np.arange(len(data.classes))
    preprocessing, target = Preprocessing(), Target()
    steps: tuple[Step, ...] = ()
    if recipe.prepare == "raw":
        take = partial(_safe_indexing, data.table)
        if recipe.predicts_labels and takes_labels(recipe.template):
            y, classes = data.labels(train), data.classes
    else:
        _, gram, standardize = recipe.preparation(data.task)
        preprocessing = Preprocessing.fit(recipe.prepare, take(train), data.encoder, gram=gram)
        target = Target.fit(y, standardize=standardize)
        pipeline = Pipeline([*data.encoder.pipeline.steps, *preprocessing.steps])
        steps = (("preprocessing", pipeline),)

    def some(batch: slice) -> FloatArray:
        """Some of the training rows; the others are not copied for it."""
        rows = slice(*batch.indices(len(y))) if isinstance(train, slice) else train[batch]
        return preprocessing.transform(take(rows))

    fold = FoldData(
        some=some,
        y=target.transform(y),
        valid=None if valid is None else lambda: preprocessing.transform(take(valid)),
        categorical=preprocessing.categorical,
        classes=classes,
        weights=None if data.weights is None else data.weights[train],
    )
    return Prepared(fold, data.schema, target, steps)
