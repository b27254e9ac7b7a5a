"""Which trial is refitted, what is remarked on it, and which others are scored beside it."""

from __future__ import annotations

import time
import warnings

import numpy as np
import pytest
from doubles import RECIPE, rows
from sklearn.datasets import load_diabetes
from sklearn.model_selection import RepeatedKFold

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.models.pipeline import Refit
from tuneflow.storage.user_attrs import read_header, read_trial_record
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.tuning.refit import finalize, select_trial, significance_note

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


def held(name="elastic_net", **more):
    return tf.tune(*DIABETES, name, **{"n_trials": 8, "cv": 3, "test_size": 0.2, **more})


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
    found = held(n_trials=8, test_size=None, select="one_se", random_state=1)
    _, mean, low, high = found.record.improvement(found.best_trial)
    assert found.best_trial.number != found.record.best.number
    assert mean == pytest.approx(found.improvement)
    assert f"{low:+.3g} to {high:+.3g}" in significance_note(found.record, found.best_trial)
