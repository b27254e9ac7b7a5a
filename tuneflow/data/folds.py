"""Folds: which rows train, which are scored and which are held out, before anything is trained."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import model_selection as splitters
from sklearn.utils import resample

from tuneflow.data.dataset import Data
from tuneflow.data.types import IntArray
from tuneflow.errors import DataError, warn


@dataclass(frozen=True)
class Fold:
    """Training rows and rows to be scored.

    Attributes:
        train: Positions of the training rows, as the splitter gives them.
        valid: Positions of the rows to be scored.
        order: The training rows, by their place in `train`, in random stratified order: what is
            trained on some of them takes the first ones.
    """

    train: IntArray
    valid: IntArray
    order: IntArray


@dataclass(frozen=True)
class Folds:
    """Index pairs, made once for a study.

    >>> data = Data.of([[i] for i in range(10)], [0.5 * i for i in range(10)])
    >>> folds = Folds.of(data, cv=5, random_state=0)
    >>> len(folds), len(folds[0].train), len(folds[0].valid)
    (5, 8, 2)
    """

    folds: tuple[Fold, ...]

    @classmethod
    def of(cls, data: Data, cv: Any = 5, groups: Any = None, random_state: int = 0) -> Folds:
        """Split the rows.

        Args:
            data: The table.
            cv: A number of folds; a share below 1 for one holdout; a scikit-learn splitter; or
                pairs of index arrays. Numbers are shuffled, and stratified for classes.
            groups: Group of each row, shape (rows,); a group is never split.
            random_state: Seed of the shuffles.

        Raises:
            DataError: The rows cannot be split like this.
        """
        _warn_of_rare_classes(data, cv)
        splitter = _splitter(data, cv, groups is not None, random_state)
        groups = None if groups is None else _checked_groups(groups, len(data.y))
        rng = np.random.default_rng(random_state)
        try:
            with warnings.catch_warnings():  # rare classes have been named already
                warnings.filterwarnings("ignore", "The least populated class", UserWarning)
                X, y = (data.X, data.y) if data.original is None else data.original
                pairs = list(splitter.split(X, y, groups))
        except (ValueError, TypeError) as error:
            raise DataError(f"cv: the rows cannot be split into {cv!r}. {error}") from error
        if not pairs:
            raise DataError(f"cv: at least one fold is needed; got none from {cv!r}.")
        return cls(tuple(_fold(data, train, valid, rng) for train, valid in pairs))

    def __len__(self) -> int:
        return len(self.folds)

    def __getitem__(self, at: int) -> Fold:
        return self.folds[at]

    def __iter__(self) -> Iterator[Fold]:
        return iter(self.folds)

    @property
    def smallest_train(self) -> int:
        """Rows of the smallest training fold."""
        return min(len(fold.train) for fold in self.folds)

    def digest(self) -> str:
        """A short fingerprint, to recognise the same folds again."""
        hasher = hashlib.sha256()
        for fold in self.folds:
            for rows in (np.sort(fold.train), np.sort(fold.valid)):
                hasher.update(len(rows).to_bytes(8, "little"))
                hasher.update(rows.astype("<i8").tobytes())
        return hasher.hexdigest()[:16]


def shuffled(data: Data, rows: IntArray, rng: np.random.Generator) -> IntArray:
    """Places of the rows in random order such that every prefix has about the same share of each
    class.

    The rows of a class are spread evenly over the interval from 0 to 1, from a random start;
    sorting all rows by these positions mixes the classes.
    """
    places = rng.permutation(len(rows))
    if data.task == "regression":
        return places
    codes = data.y[rows[places]]
    position = np.empty(len(rows))
    for code in np.unique(codes):
        of_class = np.flatnonzero(codes == code)
        position[of_class] = (np.arange(len(of_class)) + rng.random()) / len(of_class)
    return places[np.argsort(position, kind="stable")]


def share(data: Data, rows: int, seed: int) -> Data:
    """A stratified random sample of so many rows; the whole table, if it has no more.

    It is drawn by scikit-learn's `resample`, so that an exported script can draw the same rows.
    """
    if rows >= len(data.y):
        return data
    draw = {"replace": False, "n_samples": rows, "random_state": seed}
    strata = None if data.task == "regression" else data.y
    return data.take(resample(np.arange(len(data.y)), stratify=strata, **draw))


def hold_out_rows(
    data: Data, cv: Any, groups: Any, test_size: Any, random_state: int
) -> tuple[Data, npt.NDArray[Any] | None, Data | None]:
    """Split a table into rows for the search and held-out rows.

    Args:
        data: The table.
        cv: How the rows for the search will be split; with a `TimeSeriesSplit`, the last rows are
            held out.
        groups: Group of each row, shape (rows,), or None; a group is never split.
        test_size: A share of the rows, their positions, or None to hold out no rows.
        random_state: Seed of the draw.

    Returns:
        The rows for the search, their groups, and the held-out rows, or None.

    Raises:
        DataError: `test_size` is neither a share nor positions.
    """
    groups = None if groups is None else np.asarray(groups)
    if test_size is None:
        return data, groups, None
    held_out = _held_out_positions(data, cv, groups, test_size, random_state)
    rest = np.setdiff1d(np.arange(len(data.y)), held_out)
    return data.take(rest), None if groups is None else groups[rest], data.take(held_out)


def _fold(data: Data, train: Any, valid: Any, rng: np.random.Generator) -> Fold:
    train, valid = _positions(train, len(data.y)), _positions(valid, len(data.y))
    if not len(train) or not len(valid):
        raise DataError(f"cv: a fold needs rows on both sides; got {len(train)} and {len(valid)}.")
    if data.task != "regression" and len(np.unique(data.y[train])) < 2:
        raise DataError("cv: the training rows of a fold hold a single class. Use fewer folds.")
    return Fold(train, valid, shuffled(data, train, rng))


def _positions(rows: Any, count: int) -> IntArray:
    rows = np.asarray(rows)
    if rows.dtype == bool and rows.shape == (count,):
        return np.flatnonzero(rows)
    if rows.ndim != 1 or (len(rows) and rows.dtype.kind not in "iu"):
        raise DataError(
            f"cv: a fold is made of positions, or of masks for {count} rows; "
            f"got {rows.dtype} of shape {rows.shape}."
        )
    positions: IntArray = rows.astype(np.int64)
    if len(positions) and (positions.min() < 0 or positions.max() >= count):
        span = f"{positions.min()}..{positions.max()}"
        raise DataError(f"cv: positions must lie in 0..{count - 1}; got {span}.")
    return positions


def _splitter(data: Data, cv: Any, grouped: bool, random_state: int) -> Any:
    classes = data.task != "regression"
    if isinstance(cv, float) and 0 < cv < 1:
        by_row = splitters.StratifiedShuffleSplit if classes else splitters.ShuffleSplit
        shuffle = splitters.GroupShuffleSplit if grouped else by_row
        return shuffle(n_splits=1, test_size=cv, random_state=random_state)
    if isinstance(cv, int | np.integer) and not isinstance(cv, bool) and cv >= 2:
        by_row = splitters.StratifiedKFold if classes else splitters.KFold
        by_group = splitters.StratifiedGroupKFold if classes else splitters.GroupKFold
        k_fold: Any = by_group if grouped else by_row
        return k_fold(int(cv), shuffle=True, random_state=random_state)
    if not isinstance(cv, str) and (hasattr(cv, "split") or isinstance(cv, Iterable)):
        return splitters.check_cv(cv)
    raise DataError(
        "cv: a number of folds of at least 2, a holdout share between 0 and 1, a splitter or "
        f"index pairs are needed; got {cv!r}."
    )


def _checked_groups(groups: Any, rows: int) -> npt.NDArray[Any]:
    array: npt.NDArray[Any] = np.asarray(groups)
    if array.shape != (rows,):
        raise DataError(f"groups: one a row is needed, shape ({rows},); got {array.shape}.")
    if gaps := int(pd.isna(array).sum()):
        raise DataError(f"groups: every row needs one; got {gaps} rows without.")
    return array


def _warn_of_rare_classes(data: Data, cv: Any) -> None:
    if data.task == "regression" or not isinstance(cv, int | np.integer):
        return
    counts = np.bincount(data.y)
    rare = np.flatnonzero(counts < cv)
    if len(rare):
        examples = ", ".join(f"{data.classes[code]} ({counts[code]})" for code in rare[:5])
        warn(
            f"y: {len(rare)} of {len(counts)} classes have fewer rows than the {cv} folds: "
            f"{examples}. Folds without a row of a class are scored without it."
        )


def _held_out_positions(
    data: Data, cv: Any, groups: Any, test_size: Any, random_state: int
) -> IntArray:
    rows = len(data.y)
    is_share = isinstance(test_size, float) and 0 < test_size < 1
    if isinstance(test_size, bool | int | str) or (np.ndim(test_size) == 0 and not is_share):
        raise DataError(
            f"test_size: a share between 0 and 1, or positions, are needed; got {test_size!r}."
        )
    if is_share and isinstance(cv, splitters.TimeSeriesSplit):  # the future stays the future
        return np.arange(rows - max(1, round(test_size * rows)), rows)
    if not is_share:
        test_size = [(np.setdiff1d(np.arange(rows), test_size), np.asarray(test_size))]
    return np.sort(Folds.of(data, test_size, groups, random_state)[0].valid)
