"""The table and its target as numbers: what a person has in a frame becomes a matrix."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils import _safe_indexing

from tuneflow.data.encoder import Encoder
from tuneflow.data.schema import Schema, frame_of
from tuneflow.data.target import checked, classes_of, series_of, task_of
from tuneflow.data.types import FloatArray, IntArray, Task
from tuneflow.errors import DataError, did_you_mean

ROWS_LOOKED_AT = 100  # of which a study keeps checksums, to say how many have changed
MOST_COLUMNS = 500  # of which it does so


@dataclass(frozen=True)
class Data:
    """A table and its target, as numbers.

    Attributes:
        X: Matrix, shape (rows, columns), made by the encoder: categories as codes, gaps as NaN.
        y: Target, shape (rows,): class codes 0..k-1 or values.
        task: ``binary``, ``multiclass`` or ``regression``.
        classes: Labels by code; empty for a regression.
        encoder: How the columns became numbers.
        weights: Weight of each row, shape (rows,); None if all count alike.
        table: The table for an estimator or a transformer of a person's own: an array or a sparse
            matrix as it was given, anything else as a frame; None where it is not needed.
        original: Table and target as they were given, for whoever is to see them so; None where
            nobody is.
        reason: Why the task was guessed, and how to say otherwise; empty if it was said, or is
            the only one.

    >>> data = Data.of([[1.0], [2.0], [3.0]], ["no", "yes", "no"])
    >>> data.task, data.classes.tolist(), data.y.tolist()
    ('binary', ['no', 'yes'], [0, 1, 0])
    """

    X: FloatArray
    y: npt.NDArray[Any]
    task: Task
    classes: npt.NDArray[Any]
    encoder: Encoder
    weights: FloatArray | None = None
    table: Any = None
    original: tuple[Any, Any] | None = None
    reason: str = ""

    @classmethod
    def of(
        cls,
        X: Any,
        y: Any,
        tasks: Sequence[Task] = (),
        sample_weight: Any = None,
        *,
        task: str | None = None,
        likely: Sequence[Task] = (),
    ) -> Data:
        """Read a table and a target.

        Args:
            X: Frame, array, or anything that makes a frame; shape (rows, columns).
            y: Array or series of shape (rows,), or the name of a column of `X`.
            tasks: The tasks that come into question; all, if empty.
            sample_weight: Weight of each row, shape (rows,); None if all count alike.
            task: ``classification``, ``regression``, ``binary`` or ``multiclass``; None to guess.
            likely: Tasks that are guessed before others, such as those of the metric.

        Raises:
            DataError: Empty table, unknown target, gaps or a single class in the target, weights
                that are no weights.
        """
        frame, target = _split_target(frame_of(X), y)
        original = (frame, target) if isinstance(y, str | int) else (X, y)
        if isinstance(X, Mapping):  # which scikit-learn cannot split
            original = (frame, original[1])
        if frame.shape[0] == 0 or frame.shape[1] == 0:
            raise DataError(f"X: at least one row and one column are needed; got {frame.shape}.")
        target, task, reason = task_of(target, tasks, task, likely)
        encoder, matrix = Encoder.fit(frame, sparse=hasattr(X, "toarray"))
        if task == "regression":
            values, classes = target.to_numpy(float), np.empty(0)
        else:
            classes, values = classes_of(target)
        weights = None if sample_weight is None else _weights(sample_weight, len(frame))
        table: Any = X.tocsr() if issparse(X) else X  # other sparse ones have no rows to take
        if isinstance(y, str | int) or not is_array(table):
            table = frame
        if weights is not None and len(classes) and len(np.unique(values[weights > 0])) < 2:
            raise DataError(
                "sample_weight: at least two classes need rows of weight; got one class."
            )
        return cls(matrix, values, task, classes, encoder, weights, table, original, reason)

    @property
    def schema(self) -> Schema:
        """What the columns of the table are."""
        return self.encoder.schema

    def take(self, rows: IntArray | slice) -> Data:
        """Some of the rows; columns and classes stay what they are."""
        weights = None if self.weights is None else self.weights[rows]
        table = None if self.table is None else _safe_indexing(self.table, rows)
        original = self.original and self.given(rows)
        some = replace(self, X=self.X[rows], y=self.y[rows], weights=weights)
        return replace(some, table=table, original=original)

    def given(self, rows: IntArray | slice = slice(None)) -> tuple[Any, Any]:
        """Table and target of some rows as they were given, as scikit-learn hands them on."""
        assert self.original is not None
        X, y = self.original
        return _safe_indexing(X, rows), _safe_indexing(y, rows)

    def same_form(self, X: Any) -> Any:
        """Another table for an estimator of a person's own, in the form of the first one."""
        return same_form(self.schema.conform(X), X, as_array=self.is_array)

    @property
    def is_array(self) -> bool:
        """Whether an estimator of a person's own gets an array, or a sparse matrix."""
        return is_array(self.table)

    def labels(self, rows: IntArray | slice = slice(None)) -> npt.NDArray[Any]:
        """The target of some rows as it was given: labels or values."""
        return self.y[rows] if self.task == "regression" else self.classes[self.y[rows]]

    def by_class(self, arguments: Mapping[str, Any], *, codes: bool) -> dict[str, Any]:
        """Arguments of an estimator with weights of classes by label, or by code.

        Raises:
            DataError: Weights of what is no label.
        """
        names = {str(label): label for label in self.classes.tolist()}
        keys = {name: code if codes else label for code, (name, label) in enumerate(names.items())}
        changed = dict(arguments)
        for name, weights in arguments.items():
            if name.endswith("class_weight") and isinstance(weights, Mapping):
                if unknown := [label for label in weights if str(label) not in keys]:
                    raise DataError(f"{name}: labels are {list(names)[:9]}; got {unknown[0]!r}.")
                changed[name] = {keys[str(label)]: weight for label, weight in weights.items()}
        return changed

    def digest(self) -> str:
        """A short fingerprint of table, target and weights, to recognise them again."""
        seen = hashlib.sha256(repr((self.schema, self.task, self.classes.tolist())).encode())
        for numbers in (self.X, self.y, self.weights):
            if numbers is not None:
                seen.update(np.ascontiguousarray(numbers).data)  # no copy, if in order
        return seen.hexdigest()[:16]

    def digests(self) -> tuple[dict[str, str], list[str]]:
        """Fingerprints of each column, by name, of target and weights, and of some of the rows:
        they say what has changed where the one of all has."""
        names = [self.schema.columns[at].name for at in self.encoder.order]
        parts = {repr(name): self.X[:, at] for at, name in enumerate(names[:MOST_COLUMNS])}
        parts |= {"the target": self.y}
        parts |= {} if self.weights is None else {"the weights": self.weights}
        at = np.linspace(0, len(self.y) - 1, ROWS_LOOKED_AT).astype(int)
        rows = np.column_stack([self.X[at], self.y[at]])
        return {name: _checksum(part) for name, part in parts.items()}, [*map(_checksum, rows)]


def same_form(frame: pd.DataFrame, X: Any, *, as_array: bool) -> Any:
    """A table for an estimator of a person's own, which was trained on an array or on a frame."""
    if not as_array:
        return frame
    return X if is_array(X) else frame.to_numpy()


def is_array(X: Any) -> bool:
    """Whether a table is an array of two dimensions, or a sparse matrix."""
    return issparse(X) or (isinstance(X, np.ndarray) and X.ndim == 2)


def _checksum(numbers: npt.NDArray[Any]) -> str:
    return f"{zlib.crc32(np.ascontiguousarray(numbers).data):08x}"


def named_columns(X: Any, groups: Any, weights: Any) -> tuple[Any, Any, Any]:
    """Groups and weights that are given as names of columns, taken out of the table.

    Raises:
        DataError: There is no such column.
    """
    if not isinstance(groups, str) and not isinstance(weights, str):
        return X, groups, weights
    frame, taken = frame_of(X), {}
    for argument, name in (("groups", groups), ("sample_weight", weights)):
        if isinstance(name, str):
            if name not in frame:
                hint = did_you_mean(name, list(map(str, frame)))
                raise DataError(f"{argument}: a column of X is needed; got {name!r}. {hint}")
            taken[argument] = frame[name].to_numpy()
    frame = frame.drop(columns={name for name in (groups, weights) if isinstance(name, str)})
    return frame, taken.get("groups", groups), taken.get("sample_weight", weights)


def _split_target(frame: pd.DataFrame, y: Any) -> tuple[pd.DataFrame, pd.Series]:
    if isinstance(y, str | int):
        names = [str(name) for name in frame.columns]
        if (times := names.count(str(y))) != 1:
            raise DataError(
                f"y: exactly one column must have the target's name; got {y!r}, which {times} "
                f"columns have. {did_you_mean(str(y), names)}"
            )
        at = names.index(str(y))
        return frame.drop(columns=frame.columns[at]), checked(frame.iloc[:, at])
    if isinstance(y, pd.DataFrame) and y.shape[1] == 1:
        y = y.iloc[:, 0]
    values = y.to_pandas() if hasattr(y, "to_pandas") else y
    values = values if isinstance(values, pd.Series) else series_of(values)
    if len(values) != len(frame):
        raise DataError(f"y: one value a row is needed; got {len(values)} for {len(frame)} rows.")
    return frame, checked(values)


def _weights(sample_weight: Any, rows: int) -> FloatArray:
    try:
        weights: FloatArray = np.asarray(sample_weight, dtype=float)
    except (ValueError, TypeError) as error:
        raise DataError(f"sample_weight: a number for each row is needed. {error}") from error
    if weights.shape != (rows,):
        raise DataError(
            f"sample_weight: one a row is needed, shape ({rows},); got {weights.shape}."
        )
    if not np.isfinite(weights).all() or weights.min() < 0 or not weights.any():
        seen = f"{weights.min()} to {weights.max()}"
        raise DataError(
            f"sample_weight: finite numbers from 0, not all of them zero, are needed; got {seen}."
        )
    return weights
