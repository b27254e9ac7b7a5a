"""How the table becomes what a model takes: fitted on training rows only."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.compose import ColumnTransformer
from sklearn.impute import MissingIndicator, SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Split
from tuneflow.data.types import FloatArray, IntArray
from tuneflow.models.transformer import Front
from tuneflow.recipe.recipe import Recipe

#: Rare levels beyond this many share a code; HistGradientBoosting takes no more.
MOST_CODES = 255
#: Rare levels beyond this many share a column.
MOST_COLUMNS = 50
#: Standard deviations beyond which a number says no more to a network.
FAR = 3.0


@dataclass(frozen=True)
class Preparation:
    """A fitted preparation.

    Attributes:
        transformer: The fitted scikit-learn transformer; None if there is nothing to change.
        columns: The columns it takes; all others stay. Empty if it takes the whole matrix.
        categorical: Positions of features that hold codes, after the preparation.
        scale: What every feature is divided by.
        empty: Columns that held nothing but gaps; some libraries cannot bin them.
        clip: Keep features within three standard deviations, in single precision, as networks
            want them.
    """

    transformer: Any
    columns: tuple[int, ...]
    categorical: tuple[int, ...]
    scale: float = 1.0
    empty: tuple[int, ...] = ()
    clip: bool = False

    @classmethod
    def fit(
        cls, name: str, X: FloatArray, categorical: tuple[int, ...], *, gram: bool
    ) -> Preparation:
        """Learn a preparation from training rows.

        Args:
            name: ``native`` keeps gaps and codes, ``ordinal`` makes codes numbers, ``dense``
                imputes, encodes one-hot and standardises, ``clipped`` also draws in what is far
                out.
            X: Encoded rows, shape (rows, columns).
            categorical: Positions of the columns that hold codes.
            gram: Divide by the square root of features x variance, so that a kernel's gamma of 1
                is scikit-learn's ``gamma="scale"``.
        """
        if name in ("native", "ordinal"):
            return _coded(name, X, categorical)
        transformer = _columns(X, categorical)
        dense = transformer.fit_transform(X)
        scale = math.sqrt(dense.shape[1] * dense.var()) if gram else 1.0
        return cls(transformer, (), (), scale or 1.0, clip=name == "clipped")

    def transform(self, X: FloatArray, rows: IntArray | slice = slice(None)) -> FloatArray:
        """Some rows of a matrix, prepared: shape (rows, features), in C order."""
        if self.transformer is None or self.columns:
            return self._coded(X, rows)
        dense = self.transformer.transform(X[rows]) / self.scale
        if self.clip:
            return np.ascontiguousarray(np.clip(dense, -FAR, FAR), dtype=np.float32)
        return np.ascontiguousarray(dense, dtype=np.float64)

    def _coded(self, X: FloatArray, rows: IntArray | slice) -> FloatArray:
        if not (self.columns or self.empty):
            return X[rows]
        X = X[rows].copy() if isinstance(rows, slice) else X[rows]  # positions copy by themselves
        if self.columns:
            X[:, self.columns] = self.transformer.transform(X[:, self.columns])
        X[:, self.empty] = 0.0
        return X


@dataclass(frozen=True)
class Target:
    """How a target is scaled for training, and predictions are scaled back."""

    mean: float = 0.0
    scale: float = 1.0
    empty: tuple[int, ...] = ()

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
    """Rows made ready for a model: how X and y were changed, and what the engine gets."""

    preparation: Preparation
    target: Target
    split: Split
    front: Front | None = None


def prepare(
    data: Data,
    recipe: Recipe,
    train: IntArray | slice,
    valid: IntArray | None = None,
    seed: int = 0,
) -> Prepared:
    """Fit a recipe's preparation on the training rows, and apply it to those to be scored.

    Args:
        data: The table.
        recipe: Says how; what stands in front of it comes first.
        train: Positions of the training rows.
        valid: Positions of the rows to be scored, if there are any.
        seed: What the seeds in front are set to, where they are not set.
    """
    if recipe.transformer is None:
        return _prepared(data, recipe, train, valid)
    assert data.frame is not None
    front, X = Front.fit(recipe.transformer, data.frame.iloc[train], data.labels(train), seed)
    rows, others = train, slice(len(X), None)
    if valid is not None:
        rows = np.concatenate([np.arange(len(data.y))[train], valid])
        X = np.vstack([X, front.transform(data.frame.iloc[valid])])
    made = replace(data.take(rows), X=X, schema=front.schema, frame=None)
    prepared = _prepared(made, recipe, slice(others.start), None if valid is None else others)
    return replace(prepared, front=front)


def _prepared(
    data: Data, recipe: Recipe, train: IntArray | slice, valid: IntArray | slice | None
) -> Prepared:
    if data.frame is not None and recipe.prepare == "raw":
        return _as_given(data, data.frame, train, valid)
    X, y = data.X[train], data.y[train]
    gram = any(param.unit == "gram" for param in recipe.space_for(data.task).params.values())
    preparation = Preparation.fit(recipe.prepare, X, data.schema.categorical, gram=gram)
    standardize = recipe.target == "standardize" and data.task == "regression"
    target = Target.fit(y, standardize=standardize)
    split = Split(
        some=partial(_some, preparation, data.X, train),
        y=target.transform(y),
        valid=None if valid is None else lambda: preparation.transform(data.X, valid),
        categorical=preparation.categorical,
        n_classes=len(data.classes),
        weights=None if data.weights is None else data.weights[train],
    )
    return Prepared(preparation, target, split)


def _some(
    preparation: Preparation, X: FloatArray, train: IntArray | slice, batch: slice
) -> FloatArray:
    """Some of the training rows, prepared; the others are not copied for it."""
    if isinstance(train, slice):
        return preparation.transform(X[train], batch)
    return preparation.transform(X, train[batch])


def _as_given(
    data: Data, frame: Any, train: IntArray | slice, valid: IntArray | slice | None
) -> Prepared:
    """Rows as they are, for an estimator that prepares them by itself."""
    split = Split(
        some=lambda batch: frame.iloc[train].iloc[batch],
        y=data.y[train],
        valid=None if valid is None else lambda: frame.iloc[valid],
        categorical=(),
        n_classes=len(data.classes),
        weights=None if data.weights is None else data.weights[train],
    )
    return Prepared(Preparation(None, (), ()), Target(), split)


def _coded(name: str, X: FloatArray, categorical: tuple[int, ...]) -> Preparation:
    empty = tuple(np.flatnonzero(np.isnan(X).all(axis=0)).tolist())
    if not categorical:
        return Preparation(None, (), (), empty=empty)
    encoder = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=math.nan if name == "native" else -1,
        encoded_missing_value=math.nan,
        max_categories=MOST_CODES,
    )
    encoder.fit(X[:, categorical])
    return Preparation(encoder, categorical, categorical if name == "native" else (), empty=empty)


def _columns(X: FloatArray, categorical: tuple[int, ...]) -> ColumnTransformer:
    numbers = [i for i in range(X.shape[1]) if i not in set(categorical)]
    impute = SimpleImputer(strategy="median", keep_empty_features=True)
    one_hot = OneHotEncoder(
        handle_unknown="infrequent_if_exist", max_categories=MOST_COLUMNS, sparse_output=False
    )
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(impute, StandardScaler()), numbers),
            ("gaps", MissingIndicator(error_on_new=False), numbers),
            ("levels", one_hot, list(categorical)),
        ],
        sparse_threshold=0,
    )
