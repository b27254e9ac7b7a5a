"""Honest estimates: rows that nothing looks at, nested folds, doubt, and the cheaper of equals."""

from __future__ import annotations

import json
import time
import warnings
from dataclasses import asdict

import numpy as np
import pytest
from doubles import RECIPE, Counting, rows
from sklearn.datasets import load_diabetes
from sklearn.model_selection import RepeatedKFold, TimeSeriesSplit
from tables import table, target

import tuneflow as tf
from tuneflow.models import registry as engines
from tuneflow.models.pipeline import Refit
from tuneflow.storage.user_attrs import HOLDOUT, read_header, read_holdout, read_trial_record
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.tuning.refit import finalize, select_trial, significance_note

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


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


def test_nested_folds_judge_each_search_on_rows_that_it_has_not_seen():
    found = tf.nested(*DIABETES, "elastic_net", outer=4, n_trials=4, cv=3)
    frame = found.table()
    assert len(frame) == 4
    assert frame["rows"].sum() == 442
    assert found.score == pytest.approx(frame["holdout"].mean())
    low, high = found.interval
    assert low < found.score < high
    assert found.optimism == pytest.approx((frame["inner"] - frame["holdout"]).mean())
    assert "over 4 outer folds" in repr(found)


@pytest.mark.usefixtures("double")
def test_a_gain_within_the_noise_is_doubted_once_and_in_the_remarks():
    with pytest.warns(tf.TuneflowWarning, match="the improvement over the defaults may be chance"):
        result = tf.tune(*DIABETES, "elastic_net", n_trials=4, cv=3)
    assert any("may be chance" in remark for remark in result.remarks)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sure = tf.tune(*rows(), RECIPE, n_trials=8)  # the same improvement on every fold
    assert not any("chance" in remark for remark in sure.remarks)
    assert significance_note(sure.record, sure.best_trial) == ""


def test_nested_searches_see_no_rows_that_their_outer_fold_leaves_out():
    found = tf.nested(*DIABETES, "elastic_net", outer=TimeSeriesSplit(3), n_trials=2, cv=3)
    sizes = [(read_header(one.study).rows, one.holdout.rows) for one in found.results]
    assert sizes == [(112, 110), (222, 110), (332, 110)]
    assert found.ratio == pytest.approx(np.mean([110 / 112, 110 / 222, 110 / 332]))


@pytest.mark.usefixtures("double")
def test_ctrl_c_ends_all_nested_searches(monkeypatch):
    calls = []

    def on_grow(self, values):
        calls.append(values)
        if len(calls) == 60:
            raise KeyboardInterrupt

    monkeypatch.setattr(Counting, "on_grow", on_grow)
    with pytest.raises(KeyboardInterrupt):
        tf.nested(*rows(), RECIPE, outer=3, n_trials=8)
    assert len(calls) < 80  # the model so far has been refitted, and no search was begun


def test_repeated_folds_are_folds_and_do_not_pretend_to_be_independent():
    cv = RepeatedKFold(n_splits=3, n_repeats=4, random_state=0)
    result = tf.tune(*DIABETES, "elastic_net", n_trials=4, cv=cv)
    entry = read_trial_record(result.best_trial)
    assert len(entry.scores) == 12
    assert read_header(result.study).ratio == pytest.approx(0.5, abs=0.01)
    by_fold, mean, _, high = result.record.improvement()
    naive = np.std(by_fold, ddof=1) * np.sqrt(1 / 12 + 1 / 11)
    assert high - mean > 2 * naive


def seconds(trial):
    entry = read_trial_record(trial)
    return entry.seconds_fit + entry.seconds_score


def test_one_se_takes_the_fastest_of_those_within_one_standard_error():
    result = tf.tune(*DIABETES, "random_forest", n_trials=8, cv=3, select="one_se", pruner="none")
    best, taken = result.record.best, result.best_trial
    scores = read_trial_record(best).scores
    assert taken.value >= best.value - np.std(scores, ddof=1) / np.sqrt(3)
    assert seconds(taken) <= seconds(best)
    assert taken == select_trial(result.record, "one_se")
    assert result.best_score == taken.value
    told = any("stands for trial" in remark for remark in result.remarks)
    assert told == (taken.number != best.number)


def test_a_rule_that_does_not_exist_is_refused():
    with pytest.raises(tf.SearchError, match=r"select: .*'one_sd'.* Did you mean 'one_se'"):
        held(select="one_sd")


def test_without_time_the_path_has_the_defaults_and_the_best_alone():
    found = held(n_trials=12)
    assert len(found.holdout.path) > 2
    plan = make_plan(*DIABETES, "elastic_net", Settings(cv=3, test_size=0.2))
    late = finalize(found.study, plan, deadline=time.monotonic())
    assert [number for number, *_ in late.holdout.path] == [0, found.best_trial.number]
    assert late.holdout.score == found.holdout.score
    assert late.holdout.default == found.holdout.default


def test_leaders_are_refitted_at_the_rate_of_the_one_that_was_taken(monkeypatch):
    fitted = []
    real = Refit.fit

    def fit(data, job, space, values, *more):
        fitted.append(values["learning_rate"])
        return real(data, job, space, values, *more)

    monkeypatch.setattr(Refit, "fit", fit)
    monkeypatch.setattr(Plan, "refit_seconds", lambda self, entry: 30.0)  # for a quarter, 120
    found = held("lightgbm", n_trials=4, timeout=100)
    assert len(found.holdout.path) > 1
    assert set(fitted) == {0.05}


def test_what_is_doubted_is_the_gain_of_the_trial_that_was_taken():
    found = held(n_trials=12, test_size=None, select="one_se")
    _, mean, low, high = found.record.improvement(found.best_trial)
    assert found.best_trial.number != found.record.best.number
    assert mean == pytest.approx(found.improvement)
    assert f"{low:+.3g} to {high:+.3g}" in significance_note(found.record, found.best_trial)
