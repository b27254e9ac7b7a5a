"""What is left of a budget: trials of this call and of others, as they are begun and end."""

from __future__ import annotations

import math
import warnings

import optuna
import pytest
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.study.budget import Budget, BudgetTracker
from tuneflow.study.plan import Settings, make_plan


@pytest.fixture
def study(monkeypatch):
    """A study of the double with two trials that are complete."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        return tf.tune(*rows(), RECIPE, n_trials=2, sampler="random").study


def tracker(study, total, **settings) -> BudgetTracker:
    plan = make_plan(*rows(), RECIPE, Settings(sampler="random", **settings))
    return BudgetTracker(study, plan, Heartbeat(study), Budget(total, 0.0, math.inf))


def end_elsewhere(study, value) -> None:
    """Another call ends a trial."""
    known = study.trials[0]
    study.add_trial(
        optuna.trial.create_trial(
            value=value, params=known.params, distributions=known.distributions
        )
    )


def test_trials_of_earlier_calls_and_those_that_run_are_part_of_the_total(study):
    budget = tracker(study, 4)
    assert [trial.number for trial in budget.counted] == [0, 1]
    assert budget.may_begin(1)
    assert not budget.may_begin(2)


def test_trials_of_others_count_and_may_be_the_best(study):
    budget = tracker(study, 4)
    budget.is_shared = True
    end_elsewhere(study, 9.0)
    assert budget.may_begin(0)
    assert (len(budget.counted), budget.best.value) == (3, 9.0)
    end_elsewhere(study, 1.0)
    assert not budget.may_begin(0)
    assert (len(budget.counted), budget.best.value) == (4, 9.0)


def test_a_call_that_is_alone_does_not_read_the_study_again(study, monkeypatch):
    budget = tracker(study, 4)
    monkeypatch.setattr(study, "get_trials", None)
    assert budget.may_begin(0)
    assert not budget.is_surplus(2)


def test_a_number_that_was_not_given_out_here_says_that_the_study_is_shared(study):
    budget = tracker(study, 3)
    end_elsewhere(study, 1.0)
    assert budget.is_surplus(3)
    assert budget.is_shared


def test_nothing_begins_after_a_stop(study):
    budget = tracker(study, 4)
    budget.stop()
    assert not budget.may_begin(0)
