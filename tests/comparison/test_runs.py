"""What a run of a comparison took, read from studies made without training."""

from __future__ import annotations

import math
import time
from datetime import timedelta
from types import SimpleNamespace

import optuna
import pytest
import studies
from comparison.test_compare import double, run
from optuna.trial import TrialState

import tuneflow as tf
from tuneflow.comparison import compare as comparing
from tuneflow.comparison import runs
from tuneflow.storage.records import RunRecord
from tuneflow.storage.user_attrs import KEY

__all__ = ["double"]

LATER = 9 * 3600.0


def make_run(*times, lost=()):
    """A run whose trials began and ended at these seconds; those that are lost have no entry."""
    study = studies.study(0)
    for number, (start, end) in enumerate(times):
        trial = studies.trial(number, studies.random.Random(number))
        trial.datetime_start = studies.BEGUN + timedelta(seconds=start)
        trial.datetime_complete = studies.BEGUN + timedelta(seconds=end)
        if number in lost:
            trial.state, trial.values, trial.user_attrs = TrialState.FAIL, None, {}
        else:  # 0.8 seconds of training and scoring
            trial.user_attrs[KEY] |= {"seconds_fit": 0.6, "seconds_score": 0.2}
        study.add_trial(trial)
    return runs.Run(study, studies.HEADER, RunRecord("comparison", "", "tpe", 0, len(times), None))


def seconds(*times, **more):
    return (
        runs.run_frame([make_run(*times, **more)]).iloc[0][["seconds", "seconds_sampler"]].tolist()
    )


def test_trials_one_after_the_other_take_what_they_took():
    assert seconds((0, 1), (1, 2), (2.5, 4)) == pytest.approx([3.5, 1.1])


def test_trials_side_by_side_do_not_count_twice_and_say_nothing_of_the_sampler():
    whole, sampler = seconds((0, 2), (0.1, 2.1), (2, 4), (2.1, 4.1))
    assert whole == pytest.approx(4.1)
    assert math.isnan(sampler)
    steps = runs.step_frame([make_run((0, 2), (0.1, 2.1), (2, 4), (2.1, 4.1))])
    assert steps["seconds"].tolist() == pytest.approx([2, 2.1, 4, 4.1])


def test_the_time_until_a_run_goes_on_does_not_count():
    assert seconds((0, 1), (LATER, LATER + 1)) == pytest.approx([2, 0.4])
    cut = (0, 1), (1, 1.5), (LATER, LATER + 1)
    assert seconds(*cut, lost={1}) == pytest.approx([2, 0.4])


def test_nor_where_a_trial_that_had_ended_was_told_by_the_call_that_went_on():
    killed = (0, 1), (1, LATER), (1.1, LATER), (LATER, LATER + 1)
    assert seconds(*killed, lost={1})[0] == pytest.approx(2.8)


def test_what_is_left_of_a_budget_is_by_the_clock_too():
    study = make_run((0, 2), (0.1, 2.1), (2, 4), (2.1, 4.1)).study
    budget = comparing._budget(study, SimpleNamespace(n_trials=None, timeout=10.0))
    assert budget.deadline - time.monotonic() == pytest.approx(5.9, abs=0.05)


@pytest.mark.xdist_group("processes")
def test_seconds_of_a_run_are_those_of_the_clock_also_in_parallel(double):
    storage = optuna.storages.InMemoryStorage()
    comparison = run(storage=storage, samplers=["random"], n_seeds=1, n_trials=8, n_jobs=2)
    row, trials = comparison.runs.iloc[0], tf.report(storage).tables["trials"]
    assert 0 < row["seconds"] < trials["seconds"].sum()
    assert math.isnan(row["seconds_sampler"])
    assert comparison.curves()["seconds"].is_monotonic_increasing
    assert comparison.curves()["seconds"].iloc[-1] == row["seconds"]
