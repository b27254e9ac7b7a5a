"""A study may end early, if asked to: without an improvement, or in the noise of the folds."""

from __future__ import annotations

import optuna
import pytest
from doubles import RECIPE, rows
from sklearn.datasets import load_diabetes

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.search.stopping import StoppingRule
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import KEY

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


def trial(*scores):
    """A trial with these scores of its folds; without any, one that was pruned."""
    state = optuna.trial.TrialState.COMPLETE if scores else optuna.trial.TrialState.PRUNED
    mean = sum(scores) / len(scores) if scores else None
    attrs = {KEY: vars(TrialRecord(scores=list(scores)))}
    return optuna.trial.create_trial(state=state, value=mean, user_attrs=attrs)


def test_patience_counts_trials_since_the_best_pruned_ones_too():
    rule = StoppingRule.of(3, 0.25)
    some = [trial(0.1, 0.2), trial(0.3, 0.4), trial(), trial(0.2, 0.2)]
    assert not rule.is_due(some)
    assert rule.is_due([*some, trial()])
    assert not rule.is_due([*some, trial(0.5, 0.5), trial()])
    assert not rule.is_due([trial()] * 9)
    assert not rule.is_due([])


def test_noise_ends_what_has_gained_less_than_it_and_nothing_else():
    rule = StoppingRule.of("noise", 0.25)
    early = [trial(0.50, 0.60, 0.55), trial(0.58, 0.61, 0.66)] + [trial(0.4, 0.4, 0.4)] * 17
    assert not rule.is_due(early)
    assert rule.is_due([*early, trial(0.4, 0.4, 0.4)])
    assert rule.is_due([*early, trial(0.581, 0.611, 0.661)])
    assert not rule.is_due([*early, trial(0.88, 0.91, 0.96)])


@pytest.mark.parametrize("wrong", [0, -3, True, 2.5, "soon"])
def test_another_rule_is_refused(wrong):
    with pytest.raises(tf.SearchError, match="stop: a number of trials, or 'noise'"):
        tf.tune(*DIABETES, "elastic_net", stop=wrong)


@pytest.mark.usefixtures("double")
def test_a_study_ends_when_patience_does_and_says_so():
    result = tf.tune(*rows(), RECIPE, sampler="random", n_trials=300, stop=5)
    trials = result.study.trials
    assert len(trials) < 300
    assert len(trials) - 1 - result.best_trial.number == 5
    assert any("ended early" in remark for remark in result.remarks)


@pytest.mark.usefixtures("double")
def test_it_is_off_by_default():
    assert len(tf.tune(*rows(), RECIPE, sampler="random", n_trials=30).study.trials) == 30


@pytest.mark.usefixtures("double")
def test_the_same_call_does_no_more(tmp_path):
    more = {"storage": tmp_path / "a.journal", "sampler": "random", "n_trials": 300, "stop": 5}
    first, again = (tf.tune(*rows(), RECIPE, **more) for _ in range(2))
    assert len(first.study.trials) == len(again.study.trials)


def test_noise_ends_a_search_on_a_small_table():
    result = tf.tune(*DIABETES, "elastic_net", n_trials=60, cv=3, stop="noise")
    assert 20 <= len(result.study.trials) < 60
