"""What tuneflow adds to a trial and to an import: ratios to bare Optuna, measured in turn.

Run by `make bench BENCH=overhead`. The learner costs nothing, so that all the time is overhead:
against an objective without any learner, and against one that grows the same learner by hand over
the same rungs and folds, and scores each.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

import numpy as np
import optuna
from doubles import RECIPE, Counted, Counting, rows
from lines import MEASURED, append, begin
from sklearn.metrics import root_mean_squared_error
from sklearn.model_selection import KFold

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.open import open_storage

STORAGES = {"memory": None, "Journal": "a.journal", "SQLite": "a.db"}
# A pair of short studies is noisier than one of long ones, and cheaper.
TRIALS_OF_A_ROUND, MOST_PAIRS, IMPORTS = 3_000, 9, 9
FOLDS = 5  # tune()'s own number
X, Y = rows()


def ours(trials: int, storage: Path | None) -> None:
    """A study of tuneflow's; the double grows over five rungs on five folds."""
    tf.tune(X, Y, RECIPE, n_trials=trials, storage=storage, progress=False)


def bare(trials: int, storage: Path | None) -> None:
    """A study of Optuna's with the same space, sampler and storage, and no learner."""
    _optimize(lambda values: abs(values["x"] - 0.3) + 0.1 * ("n" in values), trials, storage)


def by_hand(trials: int, storage: Path | None) -> None:
    """The same study, whose objective has the learner, its rungs and its folds."""
    engine = Counting(SimpleNamespace(recipe=RECIPE))
    folds = [test for _, test in KFold(FOLDS).split(X)]

    def error(values: dict[str, Any]) -> float:
        learners = [Counted(engine, values) for _ in folds]
        for budget in RECIPE.growth.budgets(len(X)):
            scores = []
            for learner, test in zip(learners, folds, strict=True):
                learner.grow(budget)
                scores.append(root_mean_squared_error(Y[test], learner.predict(X[test])))
        return float(np.mean(scores))

    _optimize(error, trials, storage)


def _optimize(error: Callable[[dict[str, Any]], float], trials: int, storage: Path | None) -> None:
    def objective(trial: optuna.Trial) -> float:
        values = {
            "x": trial.suggest_float("x", 0, 1),
            "kind": trial.suggest_categorical("kind", ["a", "b"]),
        }
        if values["kind"] == "b":
            values["n"] = trial.suggest_int("n", 1, 8)
        return error(values)

    study = optuna.create_study(
        storage=open_storage(storage),
        sampler=optuna.samplers.TPESampler(multivariate=True, group=True),
        pruner=optuna.pruners.NopPruner(),
    )
    study.optimize(objective, n_trials=trials)


def seconds(run: Callable[[int, Path | None], None], trials: int, file: str | None) -> float:
    """One run on a storage of its own."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Path(folder) / file if file else None
        started = time.perf_counter()
        run(trials, storage)
        return round(time.perf_counter() - started, 4)


def imported(code: str) -> float:
    """Seconds of a fresh interpreter that runs `code`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return round(time.perf_counter() - started, 4)


def pairs_of(trials: int) -> int:
    """How many pairs to measure: an odd number, so that one of them is the median."""
    wanted = min(MOST_PAIRS, TRIALS_OF_A_ROUND // trials)
    return max(1, wanted - (wanted + 1) % 2)


def measure_trials(out: Path, trials: int, name: str, known: int) -> None:
    """Append the pairs of one number of trials that the file lacks."""
    for _ in range(known, pairs_of(trials)):
        line = {"mode": "overhead", "storage": name, "trials": trials}
        line["tuneflow"] = seconds(ours, trials, STORAGES[name])
        line["optuna"] = seconds(bare, trials, STORAGES[name])
        line["by_hand"] = seconds(by_hand, trials, STORAGES[name])
        append(out, line)


def measure_imports(out: Path, known: int) -> None:
    """Append what the imports take on top of an empty interpreter."""
    for _ in range(known, IMPORTS):
        empty = imported("pass")
        line = {"mode": "import"}
        for name in ("tuneflow", "optuna"):
            line[name] = round(imported(f"import {name}") - empty, 4)
        append(out, line)


def main() -> None:
    """Measure what the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", default="100,1000,5000")
    parser.add_argument("--storages", default=",".join(STORAGES))
    parser.add_argument("--out", type=Path, default=MEASURED / "overhead.jsonl")
    options = parser.parse_args()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    engines.ENGINES["lightgbm"] = ("doubles", Counting.__name__)
    for run in (ours, by_hand):
        run(1, None)  # what is loaded once is not an overhead of trials
    lines = begin(options.out)
    measure_imports(options.out, [line["mode"] for line in lines].count("import"))
    done = [(line.get("storage"), line.get("trials")) for line in lines]
    for trials in map(int, options.trials.split(",")):
        for name in options.storages.split(","):
            measure_trials(options.out, trials, name, done.count((name, trials)))


if __name__ == "__main__":
    main()
