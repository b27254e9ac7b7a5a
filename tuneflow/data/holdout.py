"""Rows that the search must not see."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import TimeSeriesSplit

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.types import IntArray
from tuneflow.errors import DataError


class Said(Protocol):
    """What a call says of its rows."""

    @property
    def groups(self) -> Any:
        """Group of each row."""

    @property
    def test_size(self) -> Any:
        """A share of the rows, or positions."""


def held_out(
    data: Data, cv: Any, said: Said, random_state: int
) -> tuple[Data, npt.NDArray[Any] | None, Data | None]:
    """Rows for the search, their groups, and rows that it must not see, if some are kept.

    Raises:
        DataError: Neither a share nor positions.
    """
    groups = None if said.groups is None else np.asarray(said.groups)
    if said.test_size is None:
        return data, groups, None
    holdout = _aside(data, cv, groups, said.test_size, random_state)
    kept = np.ones(len(data.y), dtype=bool)
    kept[holdout] = False
    inner = np.flatnonzero(kept)
    return data.take(inner), None if groups is None else groups[inner], data.take(holdout)


def _aside(data: Data, cv: Any, groups: Any, test_size: Any, random_state: int) -> IntArray:
    rows = len(data.y)
    share = isinstance(test_size, float) and 0 < test_size < 1
    if isinstance(test_size, bool | int | str) or (np.ndim(test_size) == 0 and not share):
        raise DataError(
            f"test_size: a share between 0 and 1, or positions, are needed; got {test_size!r}."
        )
    if share and isinstance(cv, TimeSeriesSplit):  # the future stays the future
        return np.arange(rows - max(1, round(test_size * rows)), rows)
    if not share:
        rest = np.setdiff1d(np.arange(rows), np.asarray(test_size))
        test_size = [(rest, np.asarray(test_size))]
    return np.sort(Folds.of(data, test_size, groups, random_state)[0].valid)
