"""The task is what is said, what the metric says, or a guess that the result explains."""

import re

import numpy as np
import pandas as pd
import pytest

import tuneflow as tf

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(260, 2)), columns=["a", "b"])
RATINGS = pd.Series(np.clip((X.a * 1.5 + 3).round(), 1, 5).astype(int))
LETTERS = pd.Series(np.arange(260) % 26)
K = {"n_trials": 1, "cv": 3, "progress": False}


@pytest.mark.parametrize(
    ("y", "scoring", "task"),
    [
        (LETTERS, "neg_log_loss", "multiclass"),
        (LETTERS, "accuracy", "multiclass"),
        (RATINGS, "neg_root_mean_squared_error", "regression"),
        (RATINGS, "rmse", "regression"),
        (RATINGS, "accuracy", "multiclass"),
        (RATINGS, None, "multiclass"),
        (LETTERS, None, "regression"),
    ],
)
def test_a_metric_that_fits_one_task_decides(y, scoring, task):
    assert tf.tune(X, y, "knn", scoring=scoring, **K).header.task == task


@pytest.mark.parametrize(
    ("y", "asked", "task"),
    [
        (RATINGS, "regression", "regression"),
        (RATINGS, "classification", "multiclass"),
        (LETTERS, "multiclass", "multiclass"),
        (X.a > 0, "binary", "binary"),
        (X.a > 0, "regression", "regression"),
        (RATINGS.astype(str), "regression", "regression"),
    ],
)
def test_what_is_said_holds(y, asked, task):
    result = tf.tune(X, y, "knn", task=asked, **K)
    assert result.header.task == task
    assert "says otherwise" not in repr(result)


def test_a_guess_is_explained_in_one_line_with_the_way_to_change_it():
    text = repr(tf.tune(X, RATINGS, "knn", **K))
    assert "multiclass: of 5 different whole numbers; task='regression' says otherwise" in text
    assert "says otherwise" not in repr(tf.tune(X, X.a, "knn", **K))


@pytest.mark.parametrize(
    ("y", "asked", "message"),
    [
        (RATINGS, "regressio", "Did you mean 'regression'"),
        (RATINGS.map(str) + " stars", "regression", "task='regression' was asked for"),
        (RATINGS, "binary", "task='binary' was asked for"),
    ],
)
def test_a_task_that_the_target_is_not_for_is_refused(y, asked, message):
    with pytest.raises(tf.DataError, match=message):
        tf.tune(X, y, "knn", task=asked, **K)


DAYS = pd.Series(pd.to_timedelta(R.integers(1, 9, 260), unit="D"))
DATES = pd.Timestamp("2020") + DAYS


@pytest.mark.parametrize(
    "y",
    [
        *(DAYS, DATES, DATES.dt.to_period("D"), DATES.dt.date, DAYS + DAYS / 7),
        (DATES + pd.to_timedelta(R.integers(0, 9, 260), unit="h")).dt.time,
    ],
)
def test_times_are_no_labels_unless_it_is_said(y):
    with pytest.raises(tf.DataError, match="or say task='classification'") as caught:
        tf.tune(X, y, "knn", **K)
    way = re.search("such as (.*); or say", str(caught.value)).group(1)
    numbers = eval(way, {"y": y, "pd": pd})
    assert numbers.nunique() == y.nunique()
    assert np.isfinite(numbers.astype(float)).all()


def test_dates_may_be_labels():
    result = tf.tune(X, DATES, "knn", task="classification", **K)
    assert set(result.predict(X)) <= set(DATES)


@pytest.mark.parametrize(
    ("y", "how"),
    [(RATINGS.map(lambda v: b"%d" % v), "decode"), (pd.cut(X.a, 4), r"astype\(str\)")],
)
def test_labels_must_be_text_or_numbers(y, how):
    with pytest.raises(tf.DataError, match=f"labels must be text or numbers.*{how}"):
        tf.tune(X, pd.Series(np.asarray(y, dtype=object)), "knn", **K)


def test_groups_and_weights_may_be_columns_that_are_no_features():
    table = X.assign(state=np.arange(260) % 7, w=R.uniform(0.5, 2, 260))
    by_name = tf.tune(table, RATINGS, "knn", groups="state", sample_weight=None, **K)
    by_value = tf.tune(X.assign(w=table.w), RATINGS, "knn", groups=table.state, **K)
    assert by_name.header.folds == by_value.header.folds
    assert by_name.best_score == by_value.best_score
    weighted = tf.tune(table, RATINGS, "lightgbm", groups="state", sample_weight="w", **K)
    assert [column.name for column in weighted.refit.schema.columns] == ["a", "b"]
    with pytest.raises(tf.DataError, match=r"groups: a column of X is needed.* 'state'"):
        tf.tune(table, RATINGS, "knn", groups="stat", **K)


def test_own_starting_points_come_after_the_baseline():
    starts = [{"n_neighbors": 7}, {"n_neighbors": 9, "weights": "distance"}]
    trials = tf.tune(X, X.a, "knn", start=starts, **K | {"n_trials": 4}).study.trials
    assert [t.params["n_neighbors"] for t in trials[:3]] == [5, 7, 9]
    assert trials[2].params["weights"] == "distance"
    with pytest.raises(tf.SearchError, match="Did you mean 'n_neighbors'"):
        tf.tune(X, X.a, "knn", start=[{"n_neighbours": 7}], **K)
    with pytest.raises(tf.SearchError, match="start: tables"):
        tf.tune(X, X.a, "knn", start=[7], **K)


def test_starting_points_are_tried_before_a_grid_too():
    result = tf.tune(
        X, X.a, "knn", start=[{"n_neighbors": 8}], sampler="grid", **K | {"n_trials": 2}
    )
    assert result.study.trials[1].params["n_neighbors"] == 8


def test_numbers_as_text_are_numbers_to_a_recipe_for_numbers():
    X = np.random.default_rng(0).normal(size=(60, 2))
    how = {"n_trials": 1, "cv": 3, "progress": False}
    texts = [f"{value:.3f}" for value in X[:, 0]]
    expected = tf.tune(X, X[:, 0].round(3), "ridge", **how).best_score
    assert tf.tune(X, texts, "ridge", **how).best_score == pytest.approx(expected)


def test_fractions_are_no_labels():
    X = np.random.default_rng(0).normal(size=(60, 2))
    with pytest.raises(tf.DataError, match="for regression"):
        tf.tune(X, (X[:, 0] > 0) + 0.5, "knn", task="binary")
