"""What a model gets is learned from the training rows alone, and fits every row to come."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.encoder import UNKNOWN
from tuneflow.models.preprocessing import (
    FAR,
    MOST_CODES,
    MOST_COLUMNS,
    Preprocessing,
    Target,
    prepare,
)
from tuneflow.recipe.recipe import Recipe

NAMES = sorted({*Recipe.model_json_schema()["properties"]["prepare"]["enum"]} - {"raw"})
NAN = float("nan")

each_preparation = pytest.mark.parametrize("name", NAMES)


class Fitted:
    """A preprocessing of a matrix whose columns stand in the order of the table."""

    def __init__(self, name, X, categorical, *, gram):
        X = np.asarray(X, dtype=float)
        numbers = [at for at in range(X.shape[1]) if at not in categorical]
        self.order = (*numbers, *categorical)
        encoder = SimpleNamespace(
            schema=SimpleNamespace(categorical=categorical), order=self.order
        )
        self.made = Preprocessing.fit(name, X[:, self.order], encoder, gram=gram)
        self.categorical = self.made.categorical

    def transform(self, X):
        return self.made.transform(X[:, self.order])


def fitted(name, X, categorical=(), *, gram=False):
    return Fitted(name, X, categorical, gram=gram)


def rows_of(seed, count=80):
    """Numbers with gaps, a code with gaps, a constant, and a column of nothing but gaps."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(count, 5))
    X[:, 1] = rng.integers(0, 4, count)
    X[:, 2] = 3.0
    X[:, 3] = NAN
    X[::5, 0] = X[::7, 1] = NAN
    return X


@each_preparation
def test_rows_to_come_have_the_same_features_whatever_they_hold(name):
    preparation = fitted(name, rows_of(0), (1,))
    width = preparation.transform(rows_of(0)).shape[1]
    hostile = np.array(
        [
            [NAN] * 5,
            [0, UNKNOWN, NAN, 5, 0],
            [0, 99, -7, 1e300, 0],
            [1e9, 2, 0, NAN, -1e9],
        ]
    )
    for X in (hostile, hostile[:1], rows_of(1)):
        prepared = preparation.transform(X)
        assert prepared.shape == (len(X), width)
        assert prepared.flags.c_contiguous
        assert np.isfinite(prepared).all() or name in ("native", "ordinal")


@each_preparation
def test_a_row_is_prepared_alone_as_it_is_among_others(name):
    preparation, X = fitted(name, rows_of(0), (1,)), rows_of(1)
    alone = np.vstack([preparation.transform(X[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(alone, preparation.transform(X))


@each_preparation
def test_what_is_given_is_left_as_it_is(name):
    X = rows_of(0)
    before = X.copy()
    fitted(name, X, (1,)).transform(X)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("train", [slice(None), np.array([7, 3, 5, 0, 9])])
def test_a_table_in_pieces_is_the_table(train, monkeypatch):
    monkeypatch.setattr("tuneflow.models.fold_data.BATCH", 2)
    frame = table(20)
    data = Data.of(frame, target(frame, "binary"))
    fold = prepare(data, tf.load_recipe("lightgbm"), train).fold
    pieces = fold.batches()
    assert [len(piece) for piece in pieces] == [2] * (len(fold.y) // 2) + [1] * (len(fold.y) % 2)
    np.testing.assert_array_equal(np.vstack(pieces), fold.table())


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", ["lightgbm", "random_forest", "svm", "mlp"])
def test_rows_that_are_scored_change_nothing_in_those_that_train(name, task):
    frame = table(60)
    y = target(frame, task)
    recipe = tf.load_recipe(name)
    train, valid = np.arange(40), np.arange(40, 60)
    data = Data.of(frame, y, recipe.tasks)
    one = prepare(data, recipe, train, valid)
    X, labels = data.X.copy(), data.y.copy()
    X[valid], labels[valid] = 1e6, labels[0]
    other = prepare(replace(data, X=X, y=labels), recipe, train, valid)
    np.testing.assert_array_equal(one.fold.table(), other.fold.table())
    np.testing.assert_array_equal(one.fold.y, other.fold.y)


def test_native_keeps_gaps_and_codes_and_takes_new_levels_for_gaps():
    X = [[0.5, 0], [NAN, 1], [1.5, NAN], [2.5, 2]]
    preparation = fitted("native", X, (1,))
    assert preparation.categorical == (1,)
    np.testing.assert_array_equal(preparation.transform(np.array(X)), X)
    new = preparation.transform(np.array([[0.0, 7.0], [0.0, UNKNOWN]]))
    np.testing.assert_array_equal(new, [[0, NAN], [0, NAN]])


def test_ordinal_makes_codes_numbers_and_new_levels_one_of_their_own():
    preparation = fitted("ordinal", [[0.0], [1.0], [NAN]], (0,))
    assert preparation.categorical == ()
    new = preparation.transform(np.array([[1.0], [7.0], [UNKNOWN], [NAN]]))
    np.testing.assert_array_equal(new[:, 0], [1, -1, -1, NAN])


@pytest.mark.parametrize("name", ["native", "ordinal"])
def test_a_column_of_nothing_but_gaps_stays_one_constant(name):
    preparation = fitted(name, rows_of(0), (1,))
    X = rows_of(1)
    X[:, 3] = np.arange(len(X))
    assert (preparation.transform(X)[:, 3] == 0).all()


@pytest.mark.parametrize("name", ["native", "ordinal"])
def test_levels_beyond_what_a_library_takes_share_a_code(name):
    levels = np.repeat(np.arange(400.0), 2)[:, None]
    codes = fitted(name, levels, (0,)).transform(levels)
    assert 0 <= codes.min() <= codes.max() < MOST_CODES


@pytest.mark.parametrize("name", ["dense", "clipped"])
def test_rare_levels_share_a_column_and_new_ones_join_them(name):
    levels = np.append(np.repeat(np.arange(60.0), 3), np.arange(60.0, 90))[:, None]
    preparation = fitted(name, levels, (0,))
    prepared = preparation.transform(np.vstack([levels, [[999.0]]]))
    assert prepared.shape[1] == MOST_COLUMNS
    assert (prepared.sum(axis=1) == 1).all()
    np.testing.assert_array_equal(prepared[-1], prepared[-2])


def test_dense_fills_by_the_median_standardises_and_marks_gaps():
    X = np.array([[0.0], [10.0], [20.0], [NAN]])
    prepared = fitted("dense", X).transform(X)
    np.testing.assert_allclose(prepared.mean(axis=0)[0], 0, atol=1e-12)
    np.testing.assert_allclose(prepared.std(axis=0)[0], 1)
    np.testing.assert_array_equal(prepared[:, 1], [0, 0, 0, 1])
    assert prepared[3, 0] == prepared[1, 0]


def test_clipped_draws_in_what_is_far_out_and_is_of_single_precision():
    X = np.append(np.random.default_rng(0).normal(size=(400, 1)), [[1e6]], axis=0)
    dense, clipped = (fitted(name, X).transform(X) for name in ("dense", "clipped"))
    assert dense.max() > FAR
    assert clipped.dtype == np.float32
    np.testing.assert_allclose(clipped, np.minimum(dense, FAR), rtol=1e-6)


def test_a_gamma_of_one_is_the_scale_of_scikit_learn():
    X = rows_of(0)
    prepared = fitted("dense", X, (1,), gram=True).transform(X)
    assert prepared.shape[1] * prepared.var() == pytest.approx(1)


def test_a_table_of_one_constant_column_can_be_prepared():
    X = np.ones((6, 1))
    for name in NAMES:
        assert np.isfinite(fitted(name, X, gram=True).transform(X)).all()


@pytest.mark.parametrize("y", [[1.0, 2.0, 9.0], [5.0, 5.0, 5.0], [-1e9, 0.0, 1e9]])
def test_a_target_comes_back_in_its_own_units(y):
    y = np.array(y)
    scaled = Target.fit(y, standardize=True)
    assert abs(scaled.transform(y)).max() < 3
    np.testing.assert_allclose(scaled.restore(scaled.transform(y)), y)
    assert Target.fit(y, standardize=False).transform(y) is y


def test_only_the_target_of_a_regression_is_standardised():
    recipe = tf.load_recipe("svm")
    classes = prepare(Data.of([[1], [2], [3], [4]], [0, 1, 0, 1]), recipe, slice(None))
    assert classes.target == Target()
    values = prepare(Data.of([[1], [2], [3]], [1.5, 2.5, 9.0]), recipe, slice(None))
    assert values.fold.y.mean() == pytest.approx(0)
    assert values.fold.y.std() == pytest.approx(1)


@pytest.mark.parametrize("engine", ["lightgbm", "xgboost"])
def test_boosting_takes_a_table_as_it_was_given_if_it_is_told_to(engine):
    frame = table(60)
    numbers, y = frame[["age", "income"]], target(frame, "binary")
    recipe = tf.load_recipe(engine).replace(prepare="raw")
    result = tf.tune(numbers, y, recipe, n_trials=2, cv=3, progress=False)
    assert len(result.predict(numbers)) == 60
