"""Parallel trials: the same study, whoever runs it, and whoever dies on the way."""

from __future__ import annotations

import os
import re
import time
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import optuna
import pytest
from doubles import RECIPE, is_odd, rows, told
from sklearn.datasets import load_iris

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.search.strategy import PRUNERS
from tuneflow.storage.user_attrs import read_trial_record
from tuneflow.study.workers import processes

COMPLETE = optuna.trial.TrialState.COMPLETE
ONCE = pytest.mark.xdist_group("processes")  # two cores do not need six processes
pytestmark = ONCE


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM, here and in the processes."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))


def run(n_trials=8, **more):
    recipe = RECIPE.replace(fixed=more.pop("fixed", {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        return tf.tune(*rows(), recipe, n_trials=n_trials, **{"n_jobs": 2, **more})


def states(result) -> list[str]:
    return [trial.state.name for trial in result.study.trials]


# ---------- the same study ----------


@pytest.mark.parametrize("storage", [None, "a.db", "a.journal"])
@pytest.mark.usefixtures("double")
def test_processes_bring_exactly_as_many_trials_into_any_storage(storage, tmp_path):
    where = storage and tmp_path / storage
    result = run(12, storage=where, sampler="random")
    assert states(result) == ["COMPLETE"] * 12
    assert [trial.number for trial in result.study.trials] == list(range(12))
    assert len({str(trial.params) for trial in result.study.trials}) == 12
    assert told(run(12, storage=where, sampler="random").study) == told(result.study)


@pytest.mark.parametrize("pruner", sorted(PRUNERS))
@pytest.mark.usefixtures("double")
def test_one_process_gives_what_no_process_gives_whatever_the_pruner(pruner):
    alone = run(16, n_jobs=1, pruner=pruner, sampler="random").study
    workers = tf.Workers(1, trial_timeout=60)
    in_process = run(16, n_jobs=workers, pruner=pruner, sampler="random").study
    assert told(alone) == told(in_process)
    for one, other in zip(alone.trials, in_process.trials, strict=True):
        assert one.intermediate_values == other.intermediate_values
        assert one.system_attrs == other.system_attrs


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "cmaes", "nsga2"])
@pytest.mark.usefixtures("double")
def test_the_same_parallel_call_gives_the_same_study_if_that_is_asked_for(sampler):
    more = {"sampler": sampler, "pruner": "halving", "n_jobs": tf.Workers(2, reproducible=True)}
    first = told(run(14, **more).study)
    assert told(run(14, **more).study) == first
    assert any(state == "PRUNED" for state, *_ in first)


@pytest.mark.parametrize("family", ["lightgbm", "xgboost", "random_forest", "svm", "mlp"])
def test_every_library_works_in_a_process_as_it_does_here(family):
    X, y = load_iris(return_X_y=True, as_frame=True)
    here, holdout = (
        tf.tune(X, y, family, n_trials=2, cv=3, n_jobs=tf.Workers(trial_timeout=limit)).study
        for limit in (None, 300)
    )
    assert told(here) == told(holdout)


def test_a_scorer_from_the_callers_own_script_travels():
    def spread(model, X, y):
        return -float(np.std(model.predict(X) - y))

    X, y = rows()
    result = tf.tune(X, y, "knn", scoring=spread, n_trials=4, n_jobs=2)
    assert len(result.study.trials) == 4


@pytest.mark.usefixtures("double")
def test_callbacks_see_every_trial_and_may_stop_the_study():
    seen = []

    def stop(study, trial):
        seen.append(trial.number)
        if len(seen) == 5:
            study.stop()

    result = run(50, callbacks=[stop], sampler="random")
    assert 5 <= len(result.study.trials) <= 6
    assert sorted(seen) == list(range(len(seen)))
    assert "stop" not in vars(result.study)


@pytest.mark.usefixtures("double")
def test_time_is_kept_by_processes_too():
    started = time.monotonic()
    run(None, timeout=2.0, sampler="random")
    assert time.monotonic() - started < 2.0 + 6.0  # starting two processes takes its time


# ---------- whoever dies ----------


@pytest.mark.usefixtures("double")
def test_a_trial_that_hangs_is_given_up_and_the_study_goes_on():
    result = run(8, fixed={"deed": "hang"}, n_jobs=tf.Workers(2, None, 1.5), sampler="random")
    entries = [read_trial_record(trial) for trial in result.study.trials]
    late = [entry for entry in entries if entry.ended == "timeout"]
    assert late
    assert "trial_timeout, 1.5 s" in late[0].error
    assert set(states(result)) == {"COMPLETE", "FAIL"}
    assert len(entries) == 8


@pytest.mark.usefixtures("double")
def test_a_crash_of_native_code_fails_its_trial_and_no_other():
    result = run(4, fixed={"deed": "crash"}, sampler="random")
    for trial in result.study.trials:
        crashed = read_trial_record(trial).ended == "crashed"
        assert crashed == is_odd(trial.params)
        assert (trial.state != COMPLETE) == crashed
    assert "its process died: SIGSEGV" in repr(result)


@pytest.mark.usefixtures("double")
def test_a_process_that_was_killed_costs_its_trial_a_second_try_and_nothing_else(tmp_path):
    fixed = {"deed": "die once", "mark": str(tmp_path / "done")}
    assert states(run(6, fixed=fixed, sampler="random")) == ["COMPLETE"] * 6


@pytest.mark.usefixtures("double")
def test_a_refusal_in_a_process_stops_the_study_and_says_where(tmp_path):
    more = {"sampler": "random", "storage": tmp_path / "a.db"}
    with pytest.raises(tf.DataError) as caught:
        run(30, fixed={"deed": "bug"}, **more)
    notes = "\n".join(caught.value.__notes__)
    assert re.search("recipe double, trial [1-9], ", notes)  # whichever was first
    assert "in a worker process" in notes
    with pytest.raises(tf.DataError):  # another trial was interrupted by it
        run(30, fixed={"deed": "bug"}, **more)
    trials = optuna.load_study(study_name="double", storage=f"sqlite:///{tmp_path}/a.db").trials
    assert {trial.state.name for trial in trials} <= {"FAIL", "COMPLETE"}


@pytest.mark.usefixtures("double")
def test_ctrl_c_returns_what_was_found_and_the_next_call_finishes_the_rest(tmp_path):
    def interrupt(study, trial):
        if trial.number == 5:
            raise KeyboardInterrupt

    more = {"sampler": "random", "storage": tmp_path / "a.db"}
    result = run(20, callbacks=[interrupt], **more)
    assert "interrupted" in repr(result)
    assert "RUNNING" not in states(result)
    assert states(run(20, **more)).count("COMPLETE") == 20


def test_processes_that_are_free_serve_the_next_call(double):
    run(4)
    numbers = {worker.process.pid for worker in processes._idle}
    assert numbers
    run(4)
    assert {worker.process.pid for worker in processes._idle} & numbers


# ---------- engines that are there already ----------


@pytest.mark.parametrize("backend", ["threading", "loky"])
@pytest.mark.usefixtures("double")
def test_the_backends_of_joblib_run_trials(backend):
    assert states(run(6, n_jobs=tf.Workers(2, backend), sampler="random")) == ["COMPLETE"] * 6


@pytest.mark.usefixtures("double")
def test_any_executor_runs_trials_and_is_left_open():
    with ThreadPoolExecutor(2) as pool:
        result = run(12, n_jobs=tf.Workers(backend=pool), sampler="random", pruner="halving")
        assert pool.submit(int, "1").result() == 1
    assert len(result.study.trials) == 12
    assert "PRUNED" in states(result)


@pytest.mark.usefixtures("double")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a copy of a process with threads
@pytest.mark.skipif(not hasattr(os, "fork"), reason="no system that copies processes")
def test_a_copy_of_a_process_leaves_the_workers_of_the_original_alone():
    run(4)
    workers = list(processes._idle)
    assert workers
    child = os.fork()
    if not child:
        os._exit(len(processes._idle))
    assert os.waitpid(child, 0)[1] == 0
    assert all(worker.process.is_alive() for worker in workers)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n_jobs": 0}, "-1 for all cores; got 0"),
        ({"trial_timeout": 0}, "above zero"),
        ({"backend": "loky", "trial_timeout": 9}, "Leave one of them out"),
    ],
)
def test_workers_that_cannot_work_are_refused_when_they_are_described(options, message):
    with pytest.raises(tf.SearchError, match=message):
        tf.Workers(**options)
