"""What stands in front of a recipe: a transformer of one's own, and the table that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse
from sklearn.base import clone

from tuneflow.data.schema import Schema, frame_of
from tuneflow.data.seeds import numpy_seed, with_seeds
from tuneflow.data.types import FloatArray
from tuneflow.errors import RecipeError


@dataclass(frozen=True)
class Front:
    """Transformers, fitted.

    Attributes:
        transformer: A pipeline of them, which takes the table as it was given.
        schema: The columns of what it makes.
        sparse: Whether it makes a sparse matrix.
    """

    transformer: Any
    schema: Schema
    sparse: bool = False

    @classmethod
    def fit(
        cls, transformer: Any, rows: pd.DataFrame, y: npt.NDArray[Any], seed: int
    ) -> tuple[Front, FloatArray]:
        """Fit a copy of transformers on training rows, and make of these what they make.

        Args:
            transformer: A pipeline; what it has seen is forgotten.
            rows: Training rows as they were given.
            y: Their labels or values.
            seed: What their seeds are set to, where they are not set.

        Raises:
            RecipeError: They make no table, or one of other rows.
        """
        fitted = with_seeds(clone(transformer), seed)
        with numpy_seed(seed):
            made = fitted.fit_transform(rows, y)
        table = frame_of(made)
        if len(table) != len(rows) or not table.shape[1]:
            raise RecipeError(
                "recipe: transformers in front of it must make one row a row, and at least one "
                f"column; got shape {table.shape} from {len(rows)} rows."
            )
        front = cls(fitted, Schema.of(table), issparse(made))
        return front, front.schema.encode(table)

    def transform(self, rows: pd.DataFrame) -> FloatArray:
        """The matrix of other rows, shape (rows, columns of its schema)."""
        return self.schema.encode(self.transformer.transform(rows))
