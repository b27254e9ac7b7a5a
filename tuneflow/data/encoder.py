"""How the columns of a table become numbers: dates become days, levels of a category codes.

The encoder is a pipeline of scikit-learn's own transformers and of functions of pandas and NumPy,
so that a model that begins with it works where tuneflow is not installed. It learns nothing but
the levels of categories, and is therefore fitted once on the whole table; what is learned from
training rows alone comes behind it (:mod:`tuneflow.models.preprocessing`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OrdinalEncoder

from tuneflow.data.schema import Column, Schema
from tuneflow.data.types import FloatArray
from tuneflow.errors import DataError

UNKNOWN = -1  # the code of a level that was not there when the encoder was fitted


@dataclass(frozen=True)
class Encoder:
    """The fitted encoder of a table.

    Attributes:
        schema: The columns that it takes.
        pipeline: What makes numbers of them.
    """

    schema: Schema
    pipeline: Pipeline

    @classmethod
    def fit(cls, frame: pd.DataFrame, *, sparse: bool = False) -> tuple[Encoder, FloatArray]:
        """Recognise the columns of a table, and make numbers of them.

        Args:
            frame: The table.
            sparse: Whether it was given as a sparse matrix.

        Returns:
            The encoder, and a matrix of shape (rows, columns): missing values are NaN, columns
            are in the order of `order`.

        Raises:
            DataError: A column that cannot become numbers; the message names it.
        """
        schema = Schema.of(frame, sparse=sparse)
        pipeline, rows = encoding(schema), schema.conform(frame)
        try:
            texts = [rows.columns[i] for i in schema.categorical if schema.columns[i].texts]
            rows = rows.astype(dict.fromkeys(texts, "category"))  # in memory, each is there once
            matrix = np.ascontiguousarray(pipeline.fit_transform(rows))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise refusal(schema, rows, error) from error
        return cls(schema, pipeline), matrix

    @property
    def order(self) -> tuple[int, ...]:
        """Which column of the table each column of the matrix is: categories come last."""
        return tuple(at for _, _, positions in _blocks(self.schema) for at in positions)

    def transform(self, X: Any) -> FloatArray:
        """The matrix of another table, columns as in `order`; new levels are `UNKNOWN`.

        Raises:
            DataError: A column is missing, or holds another kind of value than before.
        """
        rows = self.schema.conform(X)
        if not len(rows):  # which scikit-learn does not take
            return np.empty((0, len(self.schema.columns)))
        try:
            return np.asarray(self.pipeline.transform(rows))
        except (ValueError, TypeError, ArithmeticError) as error:
            raise refusal(self.schema, rows, error) from error


def encoding(schema: Schema) -> Pipeline:
    """The pipeline that makes numbers of columns; nothing in it is fitted."""
    selectors = schema.selectors
    blocks = [(name, made, [selectors[i] for i in at]) for name, made, at in _blocks(schema)]
    steps: list[tuple[str, Any]] = []
    if schema.sparse:
        everything = [("all", "passthrough", list(range(len(schema.columns))))]
        steps.append(("dense", ColumnTransformer(everything, sparse_threshold=0)))
    steps.append(("columns", ColumnTransformer(blocks, sparse_threshold=0)))
    gaps = {"nan": math.nan, "posinf": math.nan, "neginf": math.nan, "copy": False}
    steps.append(("finite", FunctionTransformer(np.nan_to_num, kw_args=gaps)))
    return Pipeline(steps).set_output(transform="default")


def refusal(schema: Schema, rows: pd.DataFrame, error: Exception) -> DataError:
    """What is wrong with a table, by the name of the first column that cannot be encoded."""
    for i, column in enumerate(schema.columns):
        try:
            encoding(Schema((column,))).fit(rows.iloc[:, [i]])
        except (ValueError, TypeError, ArithmeticError) as reason:
            return DataError(
                f"column {column.name!r}: its kind is {column.kind}, and it cannot become "
                f"numbers; got {rows.dtypes.iloc[i]}. {type(reason).__name__}: {reason}"
            )
    return DataError(f"X: a table like the one of the training is needed. {error}")


def _blocks(schema: Schema) -> list[tuple[str, Any, list[int]]]:
    """Name, transformer and positions of columns that become numbers in the same way."""
    dates = sorted(f for column in schema.columns if (f := column.reading.format) not in MEASURES)
    ways: dict[str, list[int]] = {way: [] for way in (*MEASURES, *filter(None, dates), *LEVELS)}
    for i, column in enumerate(schema.columns):
        ways[_way(column)].append(i)
    return [(way, _transformer(way, schema, at), at) for way, at in ways.items() if at]


def _way(column: Column) -> str:
    """By which entry of `MEASURES` or `LEVELS`, or format of dates, a column becomes numbers."""
    if column.kind == "category":
        if list(column.levels) != sorted(column.levels):
            return "ordered levels"
        return "levels" if column.texts else "mixed levels"
    if column.reading.format:
        return column.reading.format
    if column.kind == "date":
        return "periods" if column.dtype.startswith("period") else "dates"
    if column.kind == "duration":
        return "timedeltas"
    return "objects" if column.dtype == "object" else "numbers"


def steps_of(way: str) -> Sequence[FunctionTransformer]:
    """Steps that make floats, by an entry of `MEASURES` or ``dates`` and their format."""
    if way in MEASURES:
        return MEASURES[way]()
    return _dates(format=way.removeprefix("dates "), errors="coerce")


def _call(name: str, *arguments: Any) -> FunctionTransformer:
    """A step that calls a method of the frame."""
    return FunctionTransformer(methodcaller(name, *arguments))


def _frame() -> FunctionTransformer:
    """A step that makes a frame of columns, whatever library the table is of."""
    return FunctionTransformer(pd.DataFrame)


def _floats() -> FunctionTransformer:
    return _call("to_numpy", "float64", False, math.nan)


def _written_numbers(*replacements: tuple[str, str]) -> list[FunctionTransformer]:
    """Steps from numbers as people write them; what is none becomes a gap."""
    texts = [_call("astype", "str"), FunctionTransformer(np.asarray, kw_args={"dtype": "str"})]
    for old, new in (*((sign, "") for sign in "%$€£"), *replacements):
        replace = {"old": old, "new": new}
        texts.append(FunctionTransformer(np.strings.replace, kw_args=replace))
    numbers = _call("apply", partial(pd.to_numeric, errors="coerce"))
    return [*texts, FunctionTransformer(np.strings.strip), _frame(), numbers, _floats()]


def _written_durations(ending: str = "") -> list[FunctionTransformer]:
    """Steps from durations and times of day to days; what is none becomes a gap."""
    read = _call("apply", partial(pd.to_timedelta, errors="coerce"))
    return [_call("astype", "str"), _call("add", ending), read, _days()]


def _dates(**how: str) -> list[FunctionTransformer]:
    """Steps from dates of any type to days since 1970, in UTC."""
    return [
        _call("apply", partial(pd.to_datetime, utc=True, **how)),
        FunctionTransformer(np.asarray, kw_args={"dtype": "datetime64[us]"}),
        _frame(),
        _call("sub", np.datetime64("1970-01-01")),
        _days(),
    ]


def _days() -> FunctionTransformer:
    return _call("div", np.timedelta64(1, "D"))


#: Steps that make floats of numbers, dates and durations, behind a frame of these columns.
MEASURES: dict[str, Callable[[], Sequence[FunctionTransformer]]] = {
    "numbers": lambda: [_floats()],
    "objects": lambda: [_call("apply", pd.to_numeric), _floats()],
    "dates": _dates,
    "periods": lambda: [
        _call("apply", methodcaller("astype", "datetime64[us]")),
        *_dates(),
    ],
    "timedeltas": lambda: [_call("apply", pd.to_timedelta), _days()],
    "numbers as text": lambda: _written_numbers((",", "")),
    "decimal commas": lambda: _written_numbers((",", ".")),
    "decimal commas, points between thousands": lambda: _written_numbers((".", ""), (",", ".")),
    "durations": _written_durations,
    "hours and minutes": lambda: _written_durations(":00"),
}

#: Steps that make text of levels of a category.
LEVELS: dict[str, Callable[[], Sequence[FunctionTransformer]]] = {
    "levels": lambda: [],
    "mixed levels": lambda: _texts(),
    "ordered levels": lambda: _texts(),
}


def _texts() -> list[FunctionTransformer]:
    """Steps that make one level of 1, 1.0 and "1"."""
    return [_call("convert_dtypes"), _call("astype", "object"), _call("map", str, "ignore")]


def _transformer(way: str, schema: Schema, positions: Sequence[int]) -> Pipeline:
    if way not in LEVELS:
        return make_pipeline(_frame(), *steps_of(way))
    objects = FunctionTransformer(pd.DataFrame, kw_args={"dtype": "object"})
    missing = _call("fillna", math.nan)  # None and NA are gaps, too
    categories: Any = "auto"
    if way == "ordered levels":
        categories = [[*schema.columns[i].levels, math.nan] for i in positions]
    codes = OrdinalEncoder(
        categories=categories, handle_unknown="use_encoded_value", unknown_value=UNKNOWN
    )
    return make_pipeline(objects, *LEVELS[way](), missing, _call("to_numpy"), codes)
