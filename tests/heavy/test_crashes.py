"""Processes are killed at random moments, a hundred times a storage: nothing finished is lost."""

from __future__ import annotations

import gc
import logging
import os
import random
import select
import signal
import time
import traceback
import warnings
from collections import Counter
from contextlib import contextmanager

import psutil
import pytest
from doubles import RECIPE, rows
from postgresql import postgresql

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.study_record import is_counted
from tuneflow.storage.user_attrs import read_retry, read_trial_record

KILLS = 100
TOTAL = 2000  # more than a hundred short lives can finish, so that none of them is idle
LONGEST = 0.4  # seconds of work before somebody is killed


def call(storage, n_trials: int, n_jobs: int, callback) -> tf.Result:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tf.tune(
            *rows(),
            RECIPE.replace(fixed={"takes": 0.0003}),
            n_trials=n_trials,
            n_jobs=n_jobs,
            storage=storage,
            sampler="random",
            callbacks=[callback],
            progress=False,
        )


@contextmanager
def caller(storage, n_jobs: int):
    """A child that makes the call, and the pipe on which it says what it has finished.

    It is a copy of this process, so that it needs not load the libraries again.
    """
    near, far = os.pipe()
    child = os.fork()
    if not child:
        os.close(near)
        try:
            call(
                storage,
                TOTAL,
                n_jobs,
                lambda study, trial: os.write(far, f"{trial.number} {trial.value!r}\n".encode()),
            )
        except BaseException:  # noqa: BLE001 -- the test finds out that it has ended, and this says why
            traceback.print_exc()
        os._exit(1)  # it is killed before; if not, that is found out
    os.close(far)
    try:
        yield child, near
    finally:
        os.close(near)


def live_and_die(storage, chance: random.Random) -> tuple[Counter, dict[int, float]]:
    """One life of a caller: kills by kind, and the trials that it said were finished."""
    kind = chance.choice(["caller", "caller of two", "worker", "both"])
    kills: Counter = Counter()
    with caller(storage, 1 if kind == "caller" else 2) as (child, pipe):
        if chance.random() < 0.9:  # the others are killed while they begin
            select.select([pipe], [], [], 120)
        time.sleep(chance.uniform(0, LONGEST))
        workers = [p for p in psutil.Process(child).children() if "loky" in " ".join(p.cmdline())]
        if kind in ("worker", "both") and workers:
            chance.choice(workers).kill()
            kills["worker"] += 1
            time.sleep(chance.uniform(0, 0.5) if kind == "worker" else 0)
        os.kill(child, signal.SIGKILL)
        kills["caller"] += 1
        assert os.waitpid(child, 0)[1] == signal.SIGKILL, "it had ended by itself"
        said = read_to_end(pipe)
    return kills, said


def read_to_end(pipe: int) -> dict[int, float]:
    with open(pipe, "rb", closefd=False) as file:
        lines = [line.split() for line in file.read().decode().splitlines(keepends=True)]
    return {int(number): float(value) for number, value in lines}


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture
def tidy():
    yield
    gc.collect()  # connections are closed here, where their warnings are ignored


@pytest.mark.parametrize("kind", ["a.db", "a.journal", "postgresql"])
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # a copy of a process with threads
@pytest.mark.usefixtures("tidy")
def test_a_hundred_kills_lose_no_finished_trial(kind, tmp_path, request, monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    storage = request.getfixturevalue("server") if kind == "postgresql" else tmp_path / kind
    chance, finished, kills = random.Random(kind), {}, Counter()
    while kills.total() < KILLS:
        died, said = live_and_die(storage, chance)
        kills += died
        finished |= said
    total = max(finished, default=0) + 100
    last = call(storage, total, 2, lambda study, trial: None).study
    trials = last.get_trials(deepcopy=False)
    logging.info("%s: %s kills, %s finished, %s", kind, dict(kills), len(finished), told(trials))
    check(trials, finished, total)


def told(trials) -> str:
    states = Counter(trial.state.name for trial in trials)
    again = sum(read_retry(trial) is not None for trial in trials)
    return f"in the end {dict(states)}, {again} tried again"


def check(trials, finished: dict[int, float], total: int) -> None:
    """Nothing was lost, nothing is left over, nothing was done more than once too often."""
    assert len(finished) > KILLS  # the callers did get to work
    assert {n: trials[n].value for n in finished} == finished
    assert sum(map(is_counted, trials)) == total
    assert {trial.state.name for trial in trials} <= {"COMPLETE", "FAIL"}
    lost = [
        trial
        for trial in trials
        if trial.state.name == "FAIL" and read_trial_record(trial) is None
    ]
    again = Counter(n for trial in trials if (n := read_retry(trial)) is not None)
    assert set(again.values()) <= {1}
    for trial in lost:
        if trial.params and read_retry(trial) is None:
            assert again[trial.number] == 1
