"""The target: one value a row, which task it is for, and its labels."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from tuneflow.data.types import IntArray, Task
from tuneflow.errors import DataError, did_you_mean

ALL_TASKS: tuple[Task, ...] = ("binary", "multiclass", "regression")
#: Words for a task that are not its name: which tasks they stand for.
ASKED: dict[str, tuple[Task, ...]] = {"classification": ("binary", "multiclass")}
#: A numeric target with at most this many whole values is taken for classes.
MOST_CLASSES = 20


#: How numbers are made of a target, by what its kind begins with.
NUMBERS_OF = {
    "period": "(y - y.min()).map(lambda step: step.n)",
    "timedelta": "pd.to_timedelta(y).dt.total_seconds()",
    "time": "pd.to_timedelta(y.astype(str)).dt.total_seconds()",
    "date": "(pd.to_datetime(y) - pd.to_datetime(y.min())).dt.total_seconds()",
}


def series_of(y: Any) -> pd.Series:
    """A target of any kind as a series, one value a row."""
    try:
        values = np.asarray(y)
    except ValueError as error:
        raise DataError(
            f"y: one value a row is needed; got lists of different lengths. {error}"
        ) from error
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 1:
        raise DataError(f"y: one target is needed, shape (rows,); got shape {values.shape}.")
    return pd.Series(values)


def checked(target: pd.Series) -> pd.Series:
    """The target, if every row has a value and there are two different ones."""
    target = target.infer_objects()
    try:
        if pd.api.types.infer_dtype(target) == "decimal":
            target = target.astype(float)
        gaps = int(target.isna().sum())
    except (ArithmeticError, ValueError) as error:
        raise DataError(
            "y: every row needs a finite value; got a signalling NaN. Leave its row out."
        ) from error
    if not gaps and pd.api.types.is_float_dtype(target.dtype):
        gaps = int(np.isinf(target.to_numpy(float)).sum())
    if gaps:
        raise DataError(
            f"y: every row needs a finite value; got {gaps} of {len(target)} rows without one. "
            "Leave these rows out."
        )
    try:
        distinct = target.nunique()
    except TypeError as error:
        raise DataError(
            f"y: one value a row is needed; got cells that hold several. {error}"
        ) from error
    if distinct < 2:
        raise DataError(
            f"y: at least two different values, or classes, are needed; got {distinct}."
        )
    return target


def task_of(
    target: pd.Series, tasks: Sequence[Task], asked: str | None, likely: Sequence[Task]
) -> tuple[pd.Series, Task, str]:
    """The target, the task that it is for, and why that was guessed, if it was."""
    if asked is not None and asked not in (words := [*ASKED, *ALL_TASKS]):
        raise DataError(
            f"task: a word is needed; got {asked!r}. {did_you_mean(str(asked), words)}"
        )
    wanted = ASKED.get(asked or "", (asked,) if asked else ALL_TASKS)
    is_text = pd.api.types.infer_dtype(target) == "string"
    is_regression = asked == "regression" or (is_text and [*tasks] == ["regression"])
    if is_regression and not pd.api.types.is_numeric_dtype(target.dtype):
        with suppress(ValueError, TypeError):
            target = pd.to_numeric(target)
    distinct, numeric = target.nunique(), pd.api.types.is_numeric_dtype(target.dtype)
    classes: Task = "binary" if distinct == 2 else "multiclass"
    numeric &= target.dtype != bool or asked == "regression"
    if not numeric and asked is None and (not tasks or "regression" in tasks):
        _check_labels(target)
    whole = numeric and bool((target == target.round()).all())
    few = distinct <= MOST_CLASSES and whole
    suggested: list[Task] = ["regression"] * numeric
    if not numeric or whole:
        suggested.insert(0 if few or not numeric else 1, classes)
    possible = [task for task in suggested if not tasks or task in tasks]
    fitting = [task for task in possible if task in wanted]
    if not fitting:
        recipe = f"the recipe is for {', '.join(tasks)}; " if tasks else ""
        said = f"task={asked!r} was asked for; " if asked else ""
        raise DataError(
            f"y: {recipe}{said}got a target of type {target.dtype} with {distinct} different "
            f"values, which is for {' or '.join(suggested)}."
        )
    chosen = next((task for task in fitting if task in likely), fitting[0])
    if asked or len(fitting) == 1:
        return target, chosen, ""
    other = next(task for task in fitting if task != chosen)
    word = other if other == "regression" else "classification"
    return target, chosen, f"of {distinct} different whole numbers; task={word!r} says otherwise"


def _check_labels(target: pd.Series) -> None:
    """Refuse what is neither text nor number: durations and dates are for a regression of numbers,
    unless it is said that they are labels."""
    kind = pd.api.types.infer_dtype(target, skipna=True)
    if kind.startswith(("date", "time", "period")):
        numbers = next(way for start, way in NUMBERS_OF.items() if kind.startswith(start))
        raise DataError(
            f"y: numbers or labels are needed; got values of the kind {kind}. Give numbers, such "
            f"as {numbers}; or say task='classification', if they are labels."
        )
    if kind in ("bytes", "interval"):
        how = "y.str.decode('utf-8')" if kind == "bytes" else "y.astype(str)"
        raise DataError(f"y: labels must be text or numbers; got {kind}. Give {how}.")


def classes_of(target: pd.Series) -> tuple[npt.NDArray[Any], IntArray]:
    """The labels, sorted, and the code of each row."""
    values = target.to_numpy()
    try:
        classes, codes = np.unique(values, return_inverse=True)
    except TypeError as error:
        raise DataError(f"y: labels must be of one type; got {target.dtype}. {error}") from error
    texts = classes.dtype.kind in "OUT"
    if texts and len(classes) > max(MOST_CLASSES, len(values) / 2):
        raise DataError(
            f"y: labels that occur again are needed; got {len(classes)} different ones in "
            f"{len(values)} rows, such as {classes[0]!r}. If numbers were meant, some are none: "
            "pd.to_numeric(y, errors='coerce') shows which."
        )
    if classes.dtype == object and all(isinstance(label, str) for label in classes):
        classes = classes.astype(str)
    return classes, codes.astype(np.int64)
