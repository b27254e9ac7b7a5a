"""Trials on real clusters: Dask in one process and in several, and Ray on one node."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
from contextlib import contextmanager, suppress
from pathlib import Path

import dask
import distributed
import psutil
import pytest
from doubles import RECIPE, is_odd, rows, told

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.user_attrs import read_trial_record

TESTS = Path(__file__).parents[1]
pytestmark = [
    pytest.mark.xdist_group("clusters"),
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),  # sockets of Dask and Ray
    pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:distributed"),
    pytest.mark.filterwarnings("ignore:Tip. In future versions of Ray:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ray"),
]


@pytest.fixture(autouse=True)
def double(monkeypatch):
    """The double stands in for LightGBM, here and in processes that are begun from here."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))


def run(n_trials=12, **more):
    recipe = RECIPE.replace(fixed=more.pop("fixed", {}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        return tf.tune(*rows(), recipe, n_trials=n_trials, **{"sampler": "random", **more})


def states(result) -> list[str]:
    return [trial.state.name for trial in result.study.trials]


# ---------- Dask ----------


@contextmanager
def local_cluster():
    """Two workers in processes that Dask's own class has begun.

    It gives up a worker that is not back 15 seconds after it was lost, for good; a busy machine
    needs longer to begin one.
    """
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "180s"}),
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(2, timeout=180)
        yield client


@contextmanager
def by_command_line():
    """A scheduler and two workers, each a process of its own, as on three machines."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler"]
    begun = [begin(*dask, "--host", f"tcp://{address}", "--no-dashboard")]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", f"tcp://{address}"]
    begun += [begin(*worker, "--nthreads", "1", "--no-dashboard") for _ in range(2)]
    try:
        with distributed.Client(f"tcp://{address}", timeout=180) as client:
            client.wait_for_workers(2, timeout=180)
            yield client
    finally:
        for process in begun:
            end(process)


def begin(*command: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it has begun."""
    with suppress(psutil.NoSuchProcess):
        for child in psutil.Process(process.pid).children(recursive=True):
            child.kill()
    process.kill()
    process.wait()


@pytest.fixture(scope="module", params=[local_cluster, by_command_line])
def client(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))
        patch.setenv("OMP_NUM_THREADS", "1")
        with request.param() as client:
            yield client


@pytest.mark.usefixtures("client")
def test_dask_runs_exactly_as_many_trials_and_prunes():
    result = run(30, n_jobs=tf.Workers(backend="dask"), pruner="halving", storage=None)
    assert len(states(result)) == 30
    assert set(states(result)) == {"COMPLETE", "PRUNED"}
    assert result.best_score == max(t.value for t in result.study.trials if t.value is not None)


@pytest.mark.usefixtures("client")
def test_the_same_call_on_dask_gives_the_same_study_if_that_is_asked_for():
    more = {
        "n_jobs": tf.Workers(backend="dask", reproducible=True),
        "pruner": "halving",
        "sampler": "tpe",
    }
    first = told(run(24, **more).study)
    assert told(run(24, **more).study) == first
    assert any(state == "PRUNED" for state, *_ in first)


def test_a_trial_that_kills_its_worker_on_dask_is_tried_again(client, tmp_path):
    fixed = {"deed": "die once", "mark": str(tmp_path / "done")}
    assert states(run(10, n_jobs=tf.Workers(backend="dask"), fixed=fixed)) == ["COMPLETE"] * 10
    assert (tmp_path / "done").exists()
    client.wait_for_workers(2, timeout=180)


def test_a_worker_of_dask_that_is_killed_in_the_middle_costs_no_trial(client):
    workers = list(client.run(os.getpid).values())

    def kill(study, trial):
        if trial.number == 4:
            os.kill(workers[0], signal.SIGKILL)

    result = run(40, n_jobs=tf.Workers(backend="dask"), fixed={"takes": 0.02}, callbacks=[kill])
    assert states(result) == ["COMPLETE"] * 40
    assert not psutil.pid_exists(workers[0]) or workers[0] not in client.run(os.getpid).values()
    client.wait_for_workers(2, timeout=180)  # its nanny has begun another


def test_a_trial_that_kills_every_worker_fails_and_the_study_goes_on(client):
    start = [{"x": 0.2}, {"x": 0.7}, {"x": 0.8}]  # a worker that dies takes its other trial along
    workers = tf.Workers(backend="dask")
    result = run(4, n_jobs=workers, fixed={"deed": "crash"}, start=start)
    ends = [read_trial_record(trial).ended for trial in result.study.trials]
    assert ends == ["crashed" if is_odd(t.params) else "complete" for t in result.study.trials]
    client.wait_for_workers(2, timeout=180)


# ---------- Ray ----------


@pytest.fixture(scope="module")
def ray():
    import ray

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(TESTS), str(TESTS.parent)]))
        patch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
        try:
            yield ray
        finally:
            ray.shutdown()


@pytest.mark.usefixtures("ray")
def test_ray_runs_exactly_as_many_trials_and_prunes():
    result = run(30, n_jobs=tf.Workers(backend="ray"), pruner="halving")
    assert len(states(result)) == 30
    assert set(states(result)) == {"COMPLETE", "PRUNED"}


@pytest.mark.usefixtures("ray")
def test_the_same_call_on_ray_gives_the_same_study_if_that_is_asked_for():
    more = {
        "n_jobs": tf.Workers(backend="ray", reproducible=True),
        "pruner": "halving",
        "sampler": "tpe",
    }
    first = told(run(24, **more).study)
    assert told(run(24, **more).study) == first


@pytest.mark.usefixtures("ray")
def test_a_trial_that_kills_its_worker_on_ray_is_tried_again(tmp_path):
    fixed = {"deed": "die once", "mark": str(tmp_path / "done")}
    assert states(run(10, n_jobs=tf.Workers(backend="ray"), fixed=fixed)) == ["COMPLETE"] * 10
    assert (tmp_path / "done").exists()


@pytest.mark.usefixtures("ray")
def test_a_worker_of_ray_that_is_killed_in_the_middle_costs_no_trial():
    killed: list[int] = []
    killer = threading.Thread(target=kill_one_at_work, args=(killed,), daemon=True)

    def begin_to_kill(study, trial):
        if trial.number == 4:
            killer.start()

    result = run(
        40, n_jobs=tf.Workers(backend="ray"), fixed={"takes": 0.02}, callbacks=[begin_to_kill]
    )
    assert states(result) == ["COMPLETE"] * 40
    assert len(killed) == 1


def kill_one_at_work(killed: list[int]) -> None:
    """Kill the first worker that is seen with a trial."""
    while not killed:
        for process in psutil.process_iter(["cmdline"]):
            if is_at_work(process):
                process.kill()
                killed.append(process.pid)
                return
        time.sleep(0.01)


def is_at_work(process: psutil.Process) -> bool:
    mine = {child.pid for child in psutil.Process().children(recursive=True)}
    return process.pid in mine and "ray::run_remotely" in " ".join(process.info["cmdline"] or ())


# ---------- neither ----------

ALONE = """
import tuneflow as tf
for backend in ("dask", "ray"):
    try:
        workers = tf.Workers(backend=backend)
        tf.tune([[1.0], [2.0]] * 10, [0, 1] * 10, "knn", cv=2, n_trials=2, n_jobs=workers)
    except tf.SearchError as error:
        print(error)
"""


def test_outside_of_a_cluster_one_is_told_what_to_do():
    told = subprocess.run([sys.executable, "-c", ALONE], check=True, capture_output=True)
    assert told.stdout.decode().splitlines() == [
        "backend: 'dask' needs a client; got none. Make one before: Client(address)",
        "backend: 'ray' needs a connection; got none. Make one before: ray.init()",
    ]
