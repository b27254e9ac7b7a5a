"""The table as numbers: what a person has in a frame becomes one matrix, now and later."""

from __future__ import annotations

import hashlib
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from tuneflow.errors import DataError, TuneflowWarning, known

Task = Literal["binary", "multiclass", "regression"]
Kind = Literal["number", "date", "duration", "category"]
FloatArray: TypeAlias = npt.NDArray[np.float64]
IntArray: TypeAlias = npt.NDArray[np.int64]

#: A numeric target with at most this many whole values is taken for classes.
MOST_CLASSES = 20
UNKNOWN = -1.0  # the code of a level that was not there when the schema was made


@dataclass(frozen=True)
class Column:
    """One column: numbers, dates (days since 1970), durations (days) or levels of a category."""

    name: str
    kind: Kind
    levels: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: Any, values: pd.Series) -> Column:
        """Recognise a column by its content."""
        kind = _kind(values)
        if kind != "category":
            return cls(str(name), kind)
        if isinstance(values.dtype, pd.CategoricalDtype):  # keeps an order, if there is one
            return cls(str(name), kind, tuple(dict.fromkeys(_texts(values.cat.categories))))
        try:
            uniques = pd.factorize(values)[1]
        except TypeError as error:
            msg = f"column {str(name)!r}: a cell holds one value; got several. {error}"
            raise DataError(msg) from error
        return cls(str(name), kind, tuple(sorted(set(_texts(uniques)))))

    def encode(self, values: pd.Series) -> FloatArray:
        """The column as floats: gaps are NaN, a level that is new is `UNKNOWN`."""
        if values.isna().all():
            return np.full(len(values), math.nan)
        try:
            return self._codes(values) if self.kind == "category" else self._measure(values)
        except (ValueError, TypeError) as error:
            msg = (
                f"column {self.name!r}: its kind is {self.kind}, as when the model was made; "
                f"got {values.dtype}. {error}"
            )
            raise DataError(msg) from error

    def _measure(self, values: pd.Series) -> FloatArray:
        """Numbers, dates or durations; also text that says the same, but never one as another."""
        if isinstance(values.dtype, pd.CategoricalDtype):
            values = values.astype(object).infer_objects()
        if (kind := _kind(values)) not in (self.kind, "category"):
            msg = f"This is a {kind}."
            raise TypeError(msg)
        if self.kind == "number":
            return _finite(pd.to_numeric(values).to_numpy(float, na_value=math.nan), self.name)
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

    @property
    def categorical(self) -> tuple[int, ...]:
        """Positions of the categorical columns."""
        return tuple(i for i, column in enumerate(self.columns) if column.kind == "category")

    def encode(self, X: Any) -> FloatArray:
        """The matrix of a table, shape (rows, columns).

        Raises:
            DataError: A column is missing, or holds another kind of value than before.
        """
        frame = self._select(_frame(X))
        matrix = np.empty((len(frame), len(self.columns)))
        for i, column in enumerate(self.columns):
            matrix[:, i] = column.encode(frame.iloc[:, i])
        return matrix

    def _select(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The columns by name where names are given once; otherwise by position."""
        wanted = [column.name for column in self.columns]
        given = [str(name) for name in frame.columns]
        if given == wanted:
            return frame
        if len(set(given)) < len(given) or len(set(wanted)) < len(wanted):
            msg = (
                "X: with names that occur twice, columns must be the same in the same order; "
                f"got {given}."
            )
            raise DataError(msg)
        if missing := [name for name in wanted if name not in given]:
            msg = f"X: columns {missing} are missing. {known(missing[0], given)}"
            raise DataError(msg)
        return frame.iloc[:, [given.index(name) for name in wanted]]


@dataclass(frozen=True)
class Data:
    """A table and its target, as numbers.

    Attributes:
        X: Matrix, shape (rows, columns); categories as codes, gaps as NaN.
        y: Target, shape (rows,): class codes 0..k-1 or values.
        task: ``binary``, ``multiclass`` or ``regression``.
        classes: Labels by code; empty for a regression.
        schema: What the columns are.

    >>> data = Data.of([[1.0], [2.0], [3.0]], ["no", "yes", "no"])
    >>> data.task, data.classes.tolist(), data.y.tolist()
    ('binary', ['no', 'yes'], [0, 1, 0])
    """

    X: FloatArray
    y: npt.NDArray[Any]
    task: Task
    classes: npt.NDArray[Any]
    schema: Schema

    @classmethod
    def of(cls, X: Any, y: Any, tasks: Sequence[Task] = ()) -> Data:
        """Read a table and a target.

        Args:
            X: Frame, array, or anything that makes a frame; shape (rows, columns).
            y: Array or series of shape (rows,), or the name of a column of `X`.
            tasks: The tasks that come into question; all, if empty.

        Raises:
            DataError: Empty table, unknown target, gaps or a single class in the target.
        """
        frame, target = _split_target(_frame(X), y)
        if frame.shape[0] == 0 or frame.shape[1] == 0:
            msg = f"X: at least one row and one column are needed; got {frame.shape}."
            raise DataError(msg)
        task = _task(target, tasks)
        schema = Schema(tuple(Column.of(name, frame.iloc[:, i]) for i, name in enumerate(frame)))
        if task == "regression":
            values, classes = target.to_numpy(float), np.empty(0)
        else:
            classes, values = _classes(target)
        return cls(schema.encode(frame), values, task, classes, schema)

    @property
    def labels(self) -> npt.NDArray[Any]:
        """The target as it was given: labels or values."""
        return self.y if self.task == "regression" else self.classes[self.y]

    def digest(self) -> str:
        """A short fingerprint of table and target, to recognise them again."""
        seen = hashlib.sha256(repr((self.schema, self.task, self.classes.tolist())).encode())
        seen.update(self.X.tobytes())
        seen.update(self.y.tobytes())
        return seen.hexdigest()[:16]


def _frame(X: Any) -> pd.DataFrame:
    if isinstance(X, pd.DataFrame):
        return X
    if hasattr(X, "to_pandas"):  # polars, pyarrow
        return pd.DataFrame(X.to_pandas())
    if hasattr(X, "toarray"):  # scipy.sparse
        X = X.toarray()
    try:
        frame = pd.DataFrame(X)
    except (ValueError, TypeError) as error:
        msg = f"X: a table of rows and columns is needed; got {type(X)}. {error}"
        raise DataError(msg) from error
    return frame.infer_objects()


def _split_target(frame: pd.DataFrame, y: Any) -> tuple[pd.DataFrame, pd.Series]:
    if isinstance(y, str | int):
        names = [str(name) for name in frame.columns]
        if (times := names.count(str(y))) != 1:
            msg = (
                f"y: exactly one column must have the target's name; got {y!r}, which {times} "
                f"columns have. {known(str(y), names)}"
            )
            raise DataError(msg)
        at = names.index(str(y))
        return frame.drop(columns=frame.columns[at]), _checked(frame.iloc[:, at])
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    values = y.to_pandas() if hasattr(y, "to_pandas") else y
    values = values if isinstance(values, pd.Series) else _series(values)
    if len(values) != len(frame):
        msg = f"y: one value a row is needed; got {len(values)} for {len(frame)} rows."
        raise DataError(msg)
    return frame, _checked(values)


def _series(y: Any) -> pd.Series:
    try:
        values = np.asarray(y)
    except ValueError as error:
        msg = f"y: one value a row is needed; got lists of different lengths. {error}"
        raise DataError(msg) from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        msg = f"y: one target is needed, shape (rows,); got shape {values.shape}."
        raise DataError(msg)
    return pd.Series(values)


def _checked(target: pd.Series) -> pd.Series:
    target = target.infer_objects()
    gaps = int(target.isna().sum())
    if not gaps and pd.api.types.is_float_dtype(target.dtype):
        gaps = int(np.isinf(target.to_numpy(float)).sum())
    if gaps:
        msg = (
            f"y: every row needs a finite value; got {gaps} of {len(target)} rows without one. "
            "Leave these rows out."
        )
        raise DataError(msg)
    try:
        distinct = target.nunique()
    except TypeError as error:
        msg = f"y: one value a row is needed; got cells that hold several. {error}"
        raise DataError(msg) from error
    if distinct < 2:
        msg = f"y: at least two different values are needed; got {distinct}."
        raise DataError(msg)
    return target


def _task(target: pd.Series, tasks: Sequence[Task]) -> Task:
    """The first task that the target suggests and that comes into question."""
    distinct = target.nunique()
    classes: Task = "binary" if distinct == 2 else "multiclass"
    numeric = pd.api.types.is_numeric_dtype(target.dtype) and target.dtype != bool
    if not numeric:
        suggested: list[Task] = [classes]
    elif distinct <= MOST_CLASSES and bool((target == target.round()).all()):
        suggested = [classes, "regression"]
    else:
        whole = bool((target == target.round()).all())
        suggested = ["regression", classes] if whole else ["regression"]
    fitting = [task for task in suggested if not tasks or task in tasks]
    if not fitting:
        msg = (
            f"y: the recipe is for {', '.join(tasks)}; got a target of type {target.dtype} with "
            f"{distinct} different values, which is for {' or '.join(suggested)}."
        )
        raise DataError(msg)
    return fitting[0]


def _classes(target: pd.Series) -> tuple[npt.NDArray[Any], IntArray]:
    values = target.to_numpy()
    try:
        classes, codes = np.unique(values, return_inverse=True)
    except TypeError as error:
        msg = f"y: labels must be of one type; got {target.dtype}. {error}"
        raise DataError(msg) from error
    if classes.dtype == object and all(isinstance(label, str) for label in classes):
        classes = classes.astype(str)
    return classes, codes.astype(np.int64)


def _kind(values: pd.Series) -> Kind:
    dtype = values.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if isinstance(dtype, pd.DatetimeTZDtype | pd.PeriodDtype) or dtype.kind in "mM":
        return "duration" if dtype.kind == "m" else "date"
    if pd.api.types.is_complex_dtype(dtype):
        msg = f"column {values.name!r}: complex numbers cannot be used; got {dtype}."
        raise DataError(msg)
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
    return np.asarray((since / pd.Timedelta(days=1)).to_numpy(float), dtype=np.float64)


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
