"""Trials at a time: what a second process brings, and what storages can take.

Run by `make bench BENCH=parallel`. The same trials are run by one process and by two, in turn. The
storages are asked by 1 to 8 workers of one caller, and by 1 to 8 callers, whose learner sleeps for
20 ms a trial, so that the storage and the caller are all that is measured.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path.append(str(Path(__file__).parents[1]))

import optuna
import tables
from doubles import RECIPE, rows
from lines import MEASURED, append, begin
from postgresql import postgresql

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.open import open_storage

# Table, rows and trials, so that one process takes some ten seconds.
JOBS = {
    "lightgbm": ("credit_data", 1_000, 40),
    "random_forest": ("attrition", 300, 24),
    "svm": ("attrition", 800, 100),
    "mlp": ("attrition", 200, 20),
}
PAIRS = 3
CROWDS, TRIALS, SLEEP = (1, 2, 4, 8), 200, 0.020
GROWS = 25  # five folds on five rungs
PORT = 13_500


def tuned(family: str, jobs: int) -> float:
    """Seconds of a search without a pruner or a memory, so that all searches do the same."""
    name, rows, trials = JOBS[family]
    table = tables.load(name, 0)
    X, y = table.X_train.iloc[:rows], table.y_train.iloc[:rows]
    started = time.perf_counter()
    more = {"sampler": "random", "pruner": "none", "n_jobs": jobs, "progress": False}
    result = tf.tune(X, y, family, n_trials=trials, **more)
    return time.perf_counter() - started - result.refit.seconds


def measure_processes(out: Path, lines: list[dict]) -> None:
    """One process and two, in turn; the processes are there already when time is taken."""
    for family in JOBS:
        done = sum(line.get("family") == family for line in lines)
        for _ in range(done, PAIRS):
            tf.tune(*rows(), "knn", n_trials=4, n_jobs=2, progress=False)
            line = {"mode": "processes", "family": family, "trials": JOBS[family][2]}
            append(out, line | {"one": tuned(family, 1), "two": tuned(family, 2)})


def sleepy(storage: str | Path, name: str, jobs: int = 1) -> optuna.Study:
    """A call whose trials sleep; whoever makes it, the total is the same."""
    engines.ENGINES["lightgbm"] = ("doubles", "Acting")
    recipe = RECIPE.replace(fixed={"takes": SLEEP / GROWS})
    more = {"sampler": "random", "storage": storage, "study_name": name, "progress": False}
    return tf.tune(*rows(), recipe, n_trials=TRIALS, n_jobs=jobs, **more).study


CALLER = """
import pathlib, sys, time; sys.path[:0] = {path!r}
from parallel import sleepy, tf
pathlib.Path({folder!r}, sys.argv[1]).touch()
while not pathlib.Path({folder!r}, "go").exists():
    time.sleep(0.005)
sleepy({storage!r}, {name!r})
"""


def crowd(storage: str, name: str, callers: int) -> None:
    """So many callers on one study, who begin together."""
    with tempfile.TemporaryDirectory() as folder:
        told = {"path": sys.path[:1] + sys.path[-1:], "folder": folder}
        code = CALLER.format(**told, storage=storage, name=name)
        calls = [subprocess.Popen([sys.executable, "-c", code, str(n)]) for n in range(callers)]
        while len(list(Path(folder).iterdir())) < callers:
            time.sleep(0.01)
        Path(folder, "go").touch()
        for call in calls:
            call.wait()


def rate(storage: str, name: str) -> float:
    """Trials a second, from the first that began to the last that ended."""
    study = optuna.load_study(study_name=name, storage=open_storage(storage))
    trials = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    begun = min(trial.datetime_start for trial in trials)
    ended = max(trial.datetime_complete for trial in trials)
    return len(trials) / (ended - begun).total_seconds()


@contextmanager
def storages() -> Iterator[dict[str, str]]:
    """A journal, a PostgreSQL server, and a journal behind gRPC."""
    with tempfile.TemporaryDirectory() as folder, postgresql() as url:
        served = Path(folder, "served.journal")
        command = [sys.executable, "-m", "tuneflow", "serve", served, "--port", str(PORT)]
        with subprocess.Popen(command, stderr=subprocess.PIPE) as server:
            assert server.stderr
            server.stderr.readline()
            yield {
                "Journal": str(Path(folder, "a.journal")),
                "PostgreSQL": url,
                "gRPC before a journal": f"grpc://localhost:{PORT}",
            }
            server.terminate()


def measure_storages(out: Path, lines: list[dict]) -> None:
    """Trials a second of every storage and crowd that the file does not hold."""
    done = {(line.get("storage"), line.get("by"), line.get("crowd")) for line in lines}
    with storages() as all_storages:
        for kind, storage in all_storages.items():
            for size in CROWDS:
                if (kind, "workers", size) not in done:
                    name = f"workers {size}"
                    sleepy(storage, name, size)
                    line = {"mode": "storage", "storage": kind, "by": "workers", "crowd": size}
                    append(out, line | {"rate": rate(storage, name)})
                if (kind, "callers", size) not in done:
                    name = f"callers {size}"
                    crowd(storage, name, size)
                    line = {"mode": "storage", "storage": kind, "by": "callers", "crowd": size}
                    append(out, line | {"rate": rate(storage, name)})


def main() -> None:
    """Measure what the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="?", choices=("processes", "storages"), help="both")
    parser.add_argument("--out", type=Path, default=MEASURED / "parallel.jsonl")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    lines = begin(options.out)
    if options.what != "storages":
        measure_processes(options.out, lines)
    if options.what != "processes":
        measure_storages(options.out, lines)


if __name__ == "__main__":
    main()
