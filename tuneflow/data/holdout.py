"""Rows that the search must not see."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.model_selection import TimeSeriesSplit

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.types import IntArray
from tuneflow.errors import DataError


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


def _held_out_positions(
    data: Data, cv: Any, groups: Any, test_size: Any, random_state: int
) -> IntArray:
    rows = len(data.y)
    is_share = isinstance(test_size, float) and 0 < test_size < 1
    if isinstance(test_size, bool | int | str) or (np.ndim(test_size) == 0 and not is_share):
        raise DataError(
            f"test_size: a share between 0 and 1, or positions, are needed; got {test_size!r}."
        )
    if is_share and isinstance(cv, TimeSeriesSplit):  # the future stays the future
        return np.arange(rows - max(1, round(test_size * rows)), rows)
    if not is_share:
        test_size = [(np.setdiff1d(np.arange(rows), test_size), np.asarray(test_size))]
    return np.sort(Folds.of(data, test_size, groups, random_state)[0].valid)
