"""What the columns of a table are: numbers, dates, durations or levels of a category."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tuneflow.data.readings import AS_TEXT, Reading
from tuneflow.data.types import Kind
from tuneflow.errors import DataError, did_you_mean, warn


@dataclass(frozen=True)
class Column:
    """One column, as it is recognised by its content.

    Attributes:
        name: Its name, as text.
        kind: What it holds.
        levels: The levels of a category, as text.
        label: Its name as it was, which need not be text.
        dtype: Its type in pandas.
        texts: Whether all levels were text already.
        reading: How text is read that says numbers, dates or durations.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    label: Any = field(default=None, repr=False, compare=False)
    dtype: str = field(default="", repr=False, compare=False)
    texts: bool = field(default=True, repr=False, compare=False)
    reading: Reading = field(default=AS_TEXT, repr=False)

    @classmethod
    def of(cls, label: Any, values: pd.Series) -> Column:
        """Recognise a column by its content.

        Raises:
            DataError: Cells that hold several values, or complex numbers.
        """
        name, dtype, kind = str(label), str(values.dtype), _kind(values)
        if kind != "category":
            return cls(name, kind, (), label, dtype)
        reading = AS_TEXT
        try:
            levels = pd.unique(values.dropna())
        except TypeError as error:
            raise DataError(
                f"column {name!r}: a cell holds one value; got several. {error}"
            ) from error
        if isinstance(values.dtype, pd.CategoricalDtype):  # keeps an order, if there is one
            texts = tuple(dict.fromkeys(map(str, values.cat.categories)))
        else:
            texts = tuple(sorted(set(map(str, levels))))
            reading = Reading.of(name, values)
            if reading.format:
                return cls(name, reading.kind, (), label, dtype, reading=reading)
        is_text = all(isinstance(v, str) for v in levels)
        return cls(name, kind, texts, label, dtype, is_text, reading)

    def is_fine(self, dtype: Any) -> bool:
        """Whether cells of a type need no more looking at: levels are anything, as text."""
        numpy = isinstance(dtype, np.dtype) and dtype.kind in "iufb"
        is_read = self.kind == "category" or bool(self.reading.format)
        return is_read or (self.kind == "number" and numpy)

    def conform(self, values: pd.Series) -> pd.Series:
        """Cells of another table, in the kind of this column."""
        try:
            if values.isna().all():
                return pd.Series(np.nan, values.index)
            return values if _kind(values) == self.kind else self._converted(values)
        except (ValueError, TypeError, ArithmeticError) as error:  # a decimal's signalling NaN
            raise DataError(
                f"column {self.name!r}: its kind is {self.kind}, as when the model was made; "
                f"got {values.dtype}. {error}"
            ) from error

    def _converted(self, values: pd.Series) -> pd.Series:
        """Numbers, dates or durations that are given as text, or as levels of a category."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object).infer_objects()
        kind = _kind(values)
        if kind == self.kind:
            return values
        if kind != "category":
            raise TypeError(f"This is a {kind}.")
        if self.kind == "date":
            return pd.to_datetime(values, utc=True, format="ISO8601")
        return (pd.to_numeric if self.kind == "number" else pd.to_timedelta)(values)


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order.

    Attributes:
        columns: What each of them is.
        sparse: Whether the table was a sparse matrix.
    """

    columns: tuple[Column, ...]
    sparse: bool = field(default=False, compare=False, repr=False)

    @classmethod
    def of(cls, frame: pd.DataFrame, *, sparse: bool = False) -> Schema:
        """Recognise the columns of a table by their content.

        Raises:
            DataError: A column that no model takes.
        """
        columns = (Column.of(label, frame.iloc[:, i]) for i, label in enumerate(frame))
        return cls(tuple(columns), sparse)

    @property
    def notes(self) -> list[str]:
        """What a person has to know of how columns are read."""
        return [column.reading.note for column in self.columns if column.reading.note]

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(i for i, column in enumerate(self.columns) if column.kind == "category")

    @property
    def labels(self) -> list[Any]:
        """The names under which columns come to a model: their own, or their positions where
        scikit-learn takes no such names, as of two columns of one name."""
        labels = [column.label for column in self.columns]
        texts = [isinstance(label, str) for label in labels]
        usable = len(set(labels)) == len(labels) and all(texts) == any(texts)
        return labels if usable else list(range(len(labels)))

    @property
    def selectors(self) -> list[Any]:
        """How a transformer finds each column: by name, so that columns may come in another
        order, or by position where names are no text."""
        labels = self.labels
        return labels if isinstance(labels[0], str) else list(range(len(labels)))

    def select(self, X: Any) -> pd.DataFrame:
        """The columns of a table, by name where names are given once; else by position.

        Raises:
            DataError: A column is missing.
        """
        frame = frame_of(X)
        wanted = [column.name for column in self.columns]
        names = [str(label) for label in frame.columns]
        if names != wanted:
            _check_names(names, wanted)
            frame = frame.iloc[:, [names.index(name) for name in wanted]]
        labels = self.labels
        return frame if list(frame.columns) == labels else frame.set_axis(labels, axis=1)

    def conform(self, X: Any) -> pd.DataFrame:
        """Another table as a model wants it: its columns by name, each of the kind that it had.

        Text that says numbers, dates or durations is taken for these; other kinds are refused.

        Raises:
            DataError: A column is missing, or holds another kind of value than in training.
        """
        frame, changed = self.select(X), {}
        for i, (column, dtype) in enumerate(zip(self.columns, frame.dtypes, strict=True)):
            if not column.is_fine(dtype):
                changed[i] = column.conform(frame.iloc[:, i])
            elif dtype.kind == "f" and (gaps := np.isinf(frame.iloc[:, i].to_numpy()).sum()):
                warn(f"column {column.name!r}: {gaps} infinite values are taken as gaps.")
        if changed:
            parts = [changed.get(i, frame.iloc[:, i]) for i in range(len(self.columns))]
            frame = pd.concat(parts, axis=1).set_axis(frame.columns, axis=1)
        return frame


def _check_names(names: Sequence[str], wanted: Sequence[str]) -> None:
    if len(set(names)) < len(names) or len(set(wanted)) < len(wanted):
        raise DataError(
            "X: with names that occur twice, columns must be the same in the same order; "
            f"got {names}."
        )
    positions = [str(at) for at in range(len(names))]
    if names == positions and wanted == positions[: len(wanted)] and len(names) > len(wanted):
        raise DataError(f"X: an array of {len(wanted)} columns is needed; got {len(names)}.")
    if missing := [name for name in wanted if name not in names]:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        hint = did_you_mean(missing[0], names)
        if len(missing) == len(wanted):
            hint = "Give a frame with the names that the training had; an array has none."
        raise DataError(f"X: columns {missing[:5]}{more} are missing. {hint}")


def frame_of(X: Any) -> pd.DataFrame:
    """A table of any library as a frame of pandas; what is one already is not copied.

    Raises:
        DataError: It is no table.
    """
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "to_pandas"):  # polars, pyarrow
        return pd.DataFrame(X.to_pandas())
    if isinstance(X, str | Path):
        raise DataError(f"X: a table is needed; got a path. Read it: pandas.read_csv({str(X)!r}).")
    if hasattr(X, "toarray"):  # scipy.sparse
        X = X.toarray()
    try:
        frame = pd.DataFrame(X)
    except (ValueError, TypeError) as error:
        raise DataError(
            f"X: a table of rows and columns is needed; got {type(X)}. {error}"
        ) from error
    return frame.infer_objects()


def _kind(values: pd.Series) -> Kind:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.DatetimeTZDtype | pd.PeriodDtype) or dtype.kind in "mM":
        return "duration" if dtype.kind == "m" else "date"
    if pd.api.types.is_complex_dtype(dtype):
        raise DataError(f"column {values.name!r}: complex numbers cannot be used; got {dtype}.")
    if pd.api.types.is_numeric_dtype(dtype):
        return "number"
    inferred = pd.api.types.infer_dtype(values, skipna=True)
    if inferred in ("boolean", "integer", "floating", "mixed-integer-float", "decimal", "empty"):
        return "number"
    if inferred in ("timedelta", "timedelta64"):
        return "duration"
    return "date" if inferred in ("datetime", "datetime64", "date", "period") else "category"
