"""Held-out rows: a share or positions, apart from the rows for the search."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import TimeSeriesSplit

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.holdout import hold_out_rows

ROWS = 40
DATA = Data.of(np.arange(ROWS).reshape(-1, 1), np.linspace(0.0, 1.0, ROWS))
GROUPS = np.arange(ROWS) // 4


def rows_of(data):
    return data.X[:, 0].astype(int).tolist()


def test_nothing_is_held_out_unless_asked_for():
    search, groups, held_out = hold_out_rows(DATA, 5, GROUPS, None, 0)
    assert search is DATA
    assert held_out is None
    np.testing.assert_array_equal(groups, GROUPS)


@pytest.mark.parametrize("test_size", [0.25, [3, 1, 39], np.arange(ROWS) < 10], ids=str)
def test_every_row_is_on_one_side_and_groups_follow(test_size):
    search, groups, held_out = hold_out_rows(DATA, 5, np.arange(ROWS), test_size, 0)
    assert sorted(rows_of(search) + rows_of(held_out)) == list(range(ROWS))
    assert groups.tolist() == rows_of(search)


def test_no_group_is_on_both_sides():
    search, groups, held_out = hold_out_rows(DATA, 5, GROUPS, 0.25, 0)
    assert not set(groups) & set(GROUPS[rows_of(held_out)])
    assert len(groups) == len(rows_of(search))


def test_of_a_series_the_last_rows_are_held_out():
    _, _, held_out = hold_out_rows(DATA, TimeSeriesSplit(3), None, 0.1, 0)
    assert rows_of(held_out) == [36, 37, 38, 39]


@pytest.mark.parametrize("test_size", [0, 1.0, True, "some", -0.1])
def test_what_is_neither_a_share_nor_positions_is_refused(test_size):
    with pytest.raises(tf.DataError, match="test_size: a share between 0 and 1, or positions"):
        hold_out_rows(DATA, 5, None, test_size, 0)
