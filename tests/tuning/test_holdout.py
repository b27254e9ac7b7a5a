"""Rows that neither search nor refit see, and what models score on them."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest
from sklearn.datasets import load_diabetes
from sklearn.model_selection import TimeSeriesSplit
from tables import table, target

import tuneflow as tf
from tuneflow.storage.user_attrs import HOLDOUT, read_header, read_holdout

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


def held(name="elastic_net", **more):
    return tf.tune(*DIABETES, name, **{"n_trials": 8, "cv": 3, "test_size": 0.2, **more})


def test_a_share_of_the_rows_is_kept_from_the_search_and_from_the_refit():
    result = held()
    assert read_header(result.study).rows == 353
    assert result.holdout.rows == 89
    assert result.optimism == pytest.approx(result.best_score - result.holdout.score)


def test_what_the_kept_rows_hold_changes_nothing_in_the_search():
    X, y = DIABETES
    holdout = np.arange(0, 442, 5)
    spoiled = y.copy()
    spoiled.iloc[holdout] = 1e6
    one = tf.tune(X, y, "elastic_net", n_trials=6, cv=3, test_size=holdout)
    two = tf.tune(X, spoiled, "elastic_net", n_trials=6, cv=3, test_size=holdout)
    assert [t.value for t in one.study.trials] == [t.value for t in two.study.trials]
    np.testing.assert_array_equal(one.predict(X), two.predict(X))
    assert two.holdout.score < one.holdout.score


def test_the_outer_score_is_that_of_the_model_that_is_handed_back():
    X, y = DIABETES
    holdout = np.arange(0, 442, 4)
    result = tf.tune(X, y, "elastic_net", n_trials=4, cv=3, test_size=holdout)
    errors = result.predict(X.iloc[holdout]) - y.iloc[holdout]
    assert result.holdout.score == pytest.approx(-np.sqrt((errors**2).mean()))
    assert result.holdout.low < result.holdout.score < result.holdout.high


def test_the_path_begins_with_the_defaults_and_follows_those_that_led():
    result = held(n_trials=12)
    frame = result.holdout.table()
    assert frame.index[0] == 0
    assert frame["inner"].is_monotonic_increasing
    assert frame.index[-1] == result.best_trial.number
    assert frame["holdout"].iloc[-1] == result.holdout.score
    assert frame["holdout"].iloc[0] == result.holdout.default
    assert (frame["overtuned"] >= 0).all()


def test_the_estimate_is_part_of_the_study_and_of_what_is_shown(tmp_path):
    result = held(storage=tmp_path / "a.db")
    assert asdict(read_holdout(result.study)) == asdict(result.holdout)
    kept = result.study.user_attrs[HOLDOUT]
    assert json.loads(json.dumps(kept)) == kept
    assert "held-out rows" in repr(result)
    assert "optimism" in repr(result)
    again = held(storage=tmp_path / "a.db")
    assert again.holdout == result.holdout
    with pytest.raises(tf.StudyError, match="data: "):
        held(storage=tmp_path / "a.db", test_size=None)


def test_classes_keep_their_shares_and_groups_stay_whole():
    X, y = table(), target(table(), "binary")
    groups = np.arange(240) // 6
    result = tf.tune(X, y, "logistic", n_trials=2, cv=3, groups=groups, test_size=0.25)
    assert result.holdout.rows % 6 == 0
    plain = tf.tune(X, y, "logistic", n_trials=2, cv=3, test_size=0.25)
    assert plain.holdout.rows == 60


def test_of_a_time_series_the_last_rows_are_kept():
    X, _ = DIABETES
    model = held(cv=TimeSeriesSplit(3)).model
    last = held(cv=TimeSeriesSplit(3), test_size=range(354, 442))
    np.testing.assert_array_equal(model.predict(X), last.predict(X))


@pytest.mark.parametrize("wrong", [0.0, 1.5, 3, True, "some"])
def test_what_is_neither_a_share_nor_positions_is_refused(wrong):
    with pytest.raises(tf.DataError, match="test_size: a share between 0 and 1, or positions"):
        held(test_size=wrong)
