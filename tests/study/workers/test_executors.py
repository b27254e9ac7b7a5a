"""Executors that are there already run trials, several at a time."""

from __future__ import annotations

import os
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.study.workers.executors import _JoblibExecutor


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_threads_share_the_workers_of_a_backend_of_joblibs(backend):
    with _JoblibExecutor(backend, 2) as executor:
        futures = [executor.submit(os.getpid) for _ in range(8)]
        processes = {future.result(timeout=120) for future in futures}
    assert (os.getpid() in processes) == (backend == "threading")
    assert len(processes) <= 2


def test_as_many_calls_run_at_a_time_as_there_are_workers():
    both = threading.Barrier(2, timeout=60)  # broken unless two wait at it
    with _JoblibExecutor("threading", 2) as executor:
        for future in [executor.submit(both.wait) for _ in range(2)]:
            assert future.result() in (0, 1)


def test_an_error_of_a_call_is_raised_by_its_future():
    with _JoblibExecutor("threading", 1) as executor, pytest.raises(ValueError, match="invalid"):
        executor.submit(int, "x").result()


@pytest.mark.parametrize(("backend", "package"), [("dask", "distributed"), ("ray", "ray")])
def test_a_cluster_whose_package_is_missing_says_what_to_install(backend, package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    workers = tf.Workers(backend=backend)
    with pytest.raises(tf.MissingExtra, match=f"backend: '{backend}' needs {package}. Install"):
        tf.tune(*rows(), "knn", n_trials=1, n_jobs=workers)


def test_ray_is_handed_each_trial_as_a_task_that_may_be_tried_again(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    options, threads = [], ThreadPoolExecutor(2)

    def remote(**more):
        options.append(more)

        def task(function):
            def submit(*args):
                future = threads.submit(function, *args)
                return types.SimpleNamespace(future=lambda: future)

            return types.SimpleNamespace(remote=submit)

        return task

    ray = types.ModuleType("ray")
    ray.remote, ray.put, ray.is_initialized = remote, lambda payload: payload, lambda: True
    ray.cluster_resources = lambda: {"CPU": 2.0}
    monkeypatch.setitem(sys.modules, "ray", ray)
    with threads:
        result = tf.tune(*rows(), RECIPE, n_trials=6, n_jobs=tf.Workers(backend="ray"))
    assert [trial.state.name for trial in result.study.trials] == ["COMPLETE"] * 6
    assert options == [{"max_retries": 2}]
