"""Folds are made once, cover what they should, and every prefix of a training fold is a sample;
held-out rows are apart from the rows for the search."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.model_selection import (
    GroupKFold,
    LeaveOneGroupOut,
    RepeatedKFold,
    ShuffleSplit,
    TimeSeriesSplit,
)

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds, hold_out_rows

ROWS = 60
GROUPS = np.arange(ROWS) // 4


def data_for(task, rows=ROWS):
    X = np.arange(rows).reshape(-1, 1)
    if task == "regression":
        return Data.of(X, np.linspace(0.0, 1.0, rows))
    return Data.of(X, np.where(np.arange(rows) % 10 < 3, "rare", "often"))


SPLITS = {
    "five": {"cv": 5},
    "NumPy's two": {"cv": np.int64(2)},
    "holdout": {"cv": 0.25},
    "groups": {"cv": 5, "groups": GROUPS},
    "a splitter": {"cv": ShuffleSplit(3, random_state=0)},
    "repeated": {"cv": RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)},
    "time": {"cv": TimeSeriesSplit(4)},
    "one group out": {"cv": LeaveOneGroupOut(), "groups": GROUPS // 5},
    "pairs": {"cv": [(range(40), range(40, 60)), (range(20, 60), range(20))]},
    "masks": {"cv": [(np.arange(ROWS) < 40, np.arange(ROWS) >= 40)]},
    "a generator": {"cv": ((range(40 + i), range(40 + i, 60)) for i in range(3))},
}
SPLIT = [pytest.param(split, id=name) for name, split in SPLITS.items() if name != "a generator"]


@pytest.mark.parametrize("task", ["binary", "regression"])
@pytest.mark.parametrize("split", SPLIT)
def test_no_row_trains_and_is_scored_in_one_fold(task, split):
    folds = Folds.of(data_for(task), **split)
    for fold in folds:
        assert not set(fold.train) & set(fold.valid)
        assert len(set(fold.train)) == len(fold.train)
    assert folds.smallest_train == min(len(fold.train) for fold in folds)


@pytest.mark.parametrize("split", SPLIT)
def test_the_same_call_makes_the_same_folds(split):
    first, second = (Folds.of(data_for("binary"), **split) for _ in range(2))
    assert first.digest() == second.digest()
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.train, other.train)


def test_a_generator_of_pairs_is_read_once():
    assert len(Folds.of(data_for("binary"), **SPLITS["a generator"])) == 3


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_numbered_folds_score_every_row_once(task):
    folds = Folds.of(data_for(task), cv=5)
    assert sorted(np.concatenate([fold.valid for fold in folds])) == list(range(ROWS))


@pytest.mark.parametrize("cv", [5, 0.2])
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_group_is_never_split(task, cv):
    for fold in Folds.of(data_for(task), cv=cv, groups=GROUPS):
        assert not set(GROUPS[fold.train]) & set(GROUPS[fold.valid])


def test_classes_are_stratified_and_a_share_is_one_holdout():
    data = data_for("binary")
    (holdout,) = Folds.of(data, cv=0.2)
    assert len(holdout.valid) == 12
    for fold in (holdout, *Folds.of(data, cv=5)):
        assert data.y[fold.valid].mean() == pytest.approx(0.3, abs=0.05)


def test_time_is_not_shuffled_between_sides():
    for fold in Folds.of(data_for("regression"), cv=TimeSeriesSplit(4)):
        assert fold.train.max() < fold.valid.min()


@settings(deadline=None, max_examples=50)
@given(
    st.integers(2, 6), st.integers(0, 99), st.lists(st.integers(0, 3), min_size=30, max_size=80)
)
def test_every_prefix_of_a_training_fold_is_a_stratified_sample(cv, seed, codes):
    data = Data.of(np.zeros((len(codes) + 8, 1)), [0, 1] * 4 + codes)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        folds = Folds.of(data, cv=cv, random_state=seed)
    for fold in folds:
        y = data.y[fold.train[fold.order]]
        for code in np.unique(y):
            seen = np.cumsum(y == code)
            fair = np.arange(1, len(y) + 1) * (y == code).mean()
            assert np.abs(seen - fair).max() <= len(np.unique(y))


def test_training_rows_are_as_the_splitter_gave_them_beside_a_random_order():
    fold = Folds.of(data_for("regression"), cv=[(range(50), range(50, 60))])[0]
    assert list(fold.train) == list(range(50))
    assert sorted(fold.order) == list(range(50))
    assert np.mean([a < b for a, b in pairwise(fold.order)]) < 0.8


def test_the_digest_follows_the_seed_the_number_and_the_groups():
    data = data_for("binary")
    splits = [{}, {"random_state": 1}, {"cv": 4}, {"cv": 0.2}, {"groups": GROUPS}]
    assert len({Folds.of(data, **split).digest() for split in splits}) == len(splits)


@pytest.mark.parametrize(
    ("split", "law"),
    [
        ({"cv": 1}, "at least 2"),
        ({"cv": True}, "at least 2"),
        ({"cv": 1.5}, "between 0 and 1"),
        ({"cv": "5"}, "at least 2"),
        ({"cv": None}, "at least 2"),
        ({"cv": 61}, "cannot be split"),
        ({"cv": GroupKFold(3)}, "'groups' parameter"),
        ({"groups": GROUPS[:-1]}, r"groups: one a row .* shape \(60,\); got \(59,\)"),
        ({"cv": [(range(60), range(60, 70))]}, r"in 0\.\.59; got 60\.\.69"),
        ({"cv": [([0, 1, 2, -1], [5])]}, r"in 0\.\.59; got -1\.\.2"),
        ({"cv": [([], range(10))]}, "both sides"),
        ({"cv": []}, "at least one fold"),
        ({"cv": [range(3)]}, "cannot be split"),
        ({"cv": [(1, 2)]}, r"positions, or of masks .* shape \(\)"),
        ({"cv": [([3, 4, 5, 6], [7])]}, "single class"),
        ({"cv": [(np.arange(40) < 30, np.arange(40) >= 30)]}, r"for 60 rows; got bool"),
        ({"cv": [([0.5, 1.5, 3.5], [4.5])]}, "positions, or of masks"),
        ({"groups": [None, *GROUPS[1:]]}, "groups: every row needs one; got 1 rows without"),
    ],
)
def test_rows_that_cannot_be_split_so_are_refused(split, law):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        with pytest.raises(tf.DataError, match=law):
            Folds.of(data_for("binary"), **split)


def test_classes_rarer_than_the_folds_are_named():
    data = Data.of(np.zeros((30, 1)), ["a", "b"] * 14 + ["odd", "even"])
    with pytest.warns(tf.TuneflowWarning, match=r"2 of 4 classes .* even \(1\), odd \(1\)"):
        assert len(Folds.of(data, cv=5)) == 5


def test_a_metric_that_needs_every_class_refuses_folds_without_one_before_anything_is_fitted():
    X, y = np.random.default_rng(0).random((60, 2)), np.array(["no"] * 57 + ["yes"] * 3)
    said = r"roc_auc needs every class in each fold; got none of \['yes'\]"
    with pytest.warns(tf.TuneflowWarning), pytest.raises(tf.DataError, match=said):
        tf.tune(X, y, "knn", n_trials=2)
    with pytest.warns(tf.TuneflowWarning):
        assert tf.tune(X, y, "knn", n_trials=2, scoring="neg_log_loss").best_score < 0


TABLE = data_for("regression", 40)


def rows_of(data):
    return data.X[:, 0].astype(int).tolist()


def test_nothing_is_held_out_unless_asked_for():
    search, groups, held_out = hold_out_rows(TABLE, 5, GROUPS[:40], None, 0)
    assert search is TABLE
    assert held_out is None
    np.testing.assert_array_equal(groups, GROUPS[:40])


@pytest.mark.parametrize("test_size", [0.25, [3, 1, 39], np.arange(40) < 10], ids=str)
def test_every_row_is_on_one_side_and_groups_follow(test_size):
    search, groups, held_out = hold_out_rows(TABLE, 5, np.arange(40), test_size, 0)
    assert sorted(rows_of(search) + rows_of(held_out)) == list(range(40))
    assert groups.tolist() == rows_of(search)


def test_no_group_is_on_both_sides():
    search, groups, held_out = hold_out_rows(TABLE, 5, GROUPS[:40], 0.25, 0)
    assert not set(groups) & set(GROUPS[rows_of(held_out)])
    assert len(groups) == len(rows_of(search))


def test_of_a_series_the_last_rows_are_held_out():
    _, _, held_out = hold_out_rows(TABLE, TimeSeriesSplit(3), None, 0.1, 0)
    assert rows_of(held_out) == [36, 37, 38, 39]


@pytest.mark.parametrize("test_size", [0, 1.0, True, "some", -0.1])
def test_what_is_neither_a_share_nor_positions_is_refused(test_size):
    with pytest.raises(tf.DataError, match="test_size: a share between 0 and 1, or positions"):
        hold_out_rows(TABLE, 5, None, test_size, 0)
