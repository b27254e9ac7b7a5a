"""What one call has lost, the next takes up again: as it ended, or once more."""

from __future__ import annotations

import threading
import time
import warnings

import optuna
import pytest
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.user_attrs import read_retry


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))


def run(storage, n_trials, **more) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        result = tf.tune(
            *rows(), RECIPE, n_trials=n_trials, storage=storage, sampler="random", **more
        )
    return result.study


def states(study) -> list[str]:
    return [trial.state.name for trial in study.trials]


def asked(study, params) -> optuna.Trial:
    """A trial that another call has begun at a point."""
    study.enqueue_trial(params)
    trial = study.ask()
    trial.suggest_float("x", 0, 1)
    trial.suggest_categorical("kind", ["a", "b"])
    return trial


@pytest.mark.usefixtures("double")
def test_a_trial_that_another_call_is_running_counts_and_is_taken_over_if_it_is_abandoned(
    tmp_path,
):
    study = run(tmp_path / "a.journal", 3)
    other, left = Heartbeat(study), threading.Event()

    def evaluation() -> None:
        with other.beating():
            other.claim_trial(asked(study, {"x": 0.25, "kind": "a"}))
            left.set()
            time.sleep(1.5)

    thread = threading.Thread(target=evaluation)
    thread.start()
    left.wait()
    trials = run(tmp_path / "a.journal", 6).trials
    thread.join()
    assert states(study).count("COMPLETE") == 6
    assert trials[3].state.name == "FAIL"
    [again] = [trial for trial in trials if read_retry(trial) == 3]
    assert again.params == {"x": 0.25, "kind": "a"}
    assert states(run(tmp_path / "a.journal", 6)) == states(study)


@pytest.mark.usefixtures("double")
def test_a_trial_that_had_ended_but_was_not_told_is_told_as_it_ended(tmp_path):
    study = run(tmp_path / "a.journal", 2)
    entry = study.trials[1].user_attrs["tuneflow"]
    asked(study, {"x": 0.25, "kind": "a"}).set_user_attr("tuneflow", entry)
    study = run(tmp_path / "a.journal", 3)
    assert states(study) == ["COMPLETE"] * 3
    assert study.trials[2].value == study.trials[1].value


@pytest.mark.usefixtures("double")
def test_a_point_that_is_lost_twice_is_not_tried_a_third_time(tmp_path):
    study = run(tmp_path / "a.journal", 2)
    asked(study, {"x": 0.25, "kind": "a"})
    study.enqueue_trial({"x": 0.25, "kind": "a"}, user_attrs={"tuneflow:retry of": 2})
    study.ask().suggest_float("x", 0, 1)
    study = run(tmp_path / "a.journal", 4)
    assert states(study) == ["COMPLETE", "COMPLETE", "FAIL", "FAIL", "COMPLETE", "COMPLETE"]
    assert [read_retry(trial) for trial in study.trials] == [None, None, None, 2, None, None]
