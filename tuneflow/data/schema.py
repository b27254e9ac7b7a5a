"""What the columns of a table are, and how another table with these columns becomes a matrix."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import pandas as pd

from tuneflow.data.types import FloatArray
from tuneflow.errors import DataError, TuneflowWarning, did_you_mean

Kind = Literal["number", "date", "duration", "category"]

UNKNOWN = -1.0  # the code of a level that was not there when the schema was made


@dataclass(frozen=True)
class Given:
    """How a column looked in the table from which a schema was made.

    Attributes:
        name: Its name as it was, which need not be text.
        dtype: Its type in pandas.
        seen: The levels that occurred, as they were, in the order of `Column.levels`.
        gaps: Whether a level was missing somewhere.
        infinite: Whether there were infinite numbers, which are taken as gaps.
    """

    name: Any
    dtype: str
    seen: tuple[Any, ...] = ()
    gaps: bool = False
    infinite: bool = False


@dataclass(frozen=True)
class Column:
    """One column: numbers, dates (days since 1970), durations (days) or levels of a category.

    Attributes:
        name: Its name, as text.
        kind: What it holds.
        levels: The levels of a category, as text.
        given: How it looked when the schema was made; of no weight in comparisons, and not saved.
    """

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()
    given: Given | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, name: Any, values: pd.Series) -> Column:
        """Recognise a column by its content."""
        kind = _kind(values)
        if kind != "category":
            infinite = values.dtype.kind == "f" and bool(np.isinf(values.to_numpy(float)).any())
            return cls(str(name), kind, (), Given(name, str(values.dtype), infinite=infinite))
        try:
            codes, uniques = pd.factorize(values)
        except TypeError as error:
            raise DataError(
                f"column {str(name)!r}: a cell holds one value; got several. {error}"
            ) from error
        texts = dict(zip(_texts(uniques), uniques, strict=True))
        if isinstance(values.dtype, pd.CategoricalDtype):  # keeps an order, if there is one
            levels = tuple(dict.fromkeys(_texts(values.cat.categories)))
        else:
            levels = tuple(sorted(texts))
        seen = tuple(texts[level] for level in levels if level in texts)
        return cls(str(name), kind, levels, Given(name, str(values.dtype), seen, codes.min() < 0))

    def encode(self, values: pd.Series) -> FloatArray:
        """The column as floats: gaps are NaN, a level that is new is `UNKNOWN`."""
        try:
            if values.isna().all():
                return np.full(len(values), math.nan)
            return self._codes(values) if self.kind == "category" else self._measure(values)
        except (ValueError, TypeError, ArithmeticError) as error:  # a decimal's signalling NaN
            raise DataError(
                f"column {self.name!r}: its kind is {self.kind}, as when the model was made; "
                f"got {values.dtype}. {error}"
            ) from error

    def _measure(self, values: pd.Series) -> FloatArray:
        """Numbers, dates or durations; also text that says the same, but never one as another."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object).infer_objects()
        if (kind := _kind(values)) not in (self.kind, "category"):
            raise TypeError(f"This is a {kind}.")
        if self.kind == "number":
            arrow = isinstance(values.dtype, pd.ArrowDtype)  # to_numeric fails on gaps in decimals
            numbers = values if arrow else pd.to_numeric(values)
            return _finite(numbers.to_numpy(float, na_value=math.nan), self.name)
        return _days(values, self.kind)

    def _codes(self, values: pd.Series) -> FloatArray:
        codes, uniques = pd.factorize(values)
        found = pd.Index(self.levels, dtype=object).get_indexer(
            pd.Index(_texts(uniques), dtype=object)
        )
        table = np.append(found.astype(float), math.nan)  # factorize marks a gap by -1: the last
        return table[codes]


@dataclass(frozen=True)
class Schema:
    """The columns of a table, in order; turns another table with these columns into a matrix."""

    columns: tuple[Column, ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Schema:
        """Recognise the columns of a table by their content."""
        return cls(tuple(Column.of(name, frame.iloc[:, i]) for i, name in enumerate(frame)))

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(i for i, column in enumerate(self.columns) if column.kind == "category")

    def encode(self, X: Any) -> FloatArray:
        """The matrix of a table, shape (rows, columns).

        Raises:
            DataError: A column is missing, or holds another kind of value than before.
        """
        frame = self.select(X)
        matrix = np.empty((len(frame), len(self.columns)))
        for i, column in enumerate(self.columns):
            matrix[:, i] = column.encode(frame.iloc[:, i])
        return matrix

    def select(self, X: Any) -> pd.DataFrame:
        """The columns by name where names are given once; otherwise by position.

        Raises:
            DataError: A column is missing.
        """
        frame = frame_of(X)
        wanted = [column.name for column in self.columns]
        given = [str(name) for name in frame.columns]
        if given == wanted:
            return frame
        if len(set(given)) < len(given) or len(set(wanted)) < len(wanted):
            raise DataError(
                "X: with names that occur twice, columns must be the same in the same order; "
                f"got {given}."
            )
        if wanted == _places(wanted) and given == _places(given) and len(given) > len(wanted):
            raise DataError(f"X: an array of {len(wanted)} columns is needed; got {len(given)}.")
        if missing := [name for name in wanted if name not in given]:
            more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
            hint = did_you_mean(missing[0], given)
            if len(missing) == len(wanted):
                hint = "Give a frame with the names that the training had; an array has none."
            raise DataError(f"X: columns {missing[:5]}{more} are missing. {hint}")
        return frame.iloc[:, [given.index(name) for name in wanted]]


def _places(names: list[str]) -> list[str]:
    """What columns are called that have no names."""
    return [str(at) for at in range(len(names))]


def frame_of(X: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "to_pandas"):  # polars, pyarrow
        return pd.DataFrame(X.to_pandas())
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


def _texts(values: Any) -> tuple[str, ...]:
    """Levels as text; a gap among whole numbers makes them floats, but 1.0 is still level 1."""
    return tuple(
        str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
        for value in values
    )


def _days(values: pd.Series, kind: Kind) -> FloatArray:
    """Days since 1970, or a duration in days; gaps are NaN."""
    if isinstance(values.dtype, pd.PeriodDtype):
        values = values.dt.to_timestamp()
    if kind == "duration":
        since = pd.to_timedelta(values)
    else:
        text = pd.api.types.infer_dtype(values, skipna=True) == "string"
        times = pd.to_datetime(values, utc=True, format="ISO8601" if text else None)
        since = times - pd.Timestamp("1970-01-01", tz="UTC")  # not of 0: it would be in ns
    return np.asarray(
        (since / pd.Timedelta(days=1).as_unit("s")).to_numpy(float), dtype=np.float64
    )


def _finite(values: FloatArray, name: str) -> FloatArray:
    infinite = np.isinf(values)
    if infinite.any():
        warnings.warn(
            f"column {name!r}: {int(infinite.sum())} infinite values are taken as gaps.",
            TuneflowWarning,
            stacklevel=2,
        )
        return np.where(infinite, math.nan, values)
    return values
