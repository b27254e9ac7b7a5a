"""What tuneflow adds to a trial and to an import: ratios to bare Optuna, measured in turn.

Run by `make bench BENCH=overhead`. The learner costs nothing, so that all the time is overhead.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

import optuna
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow import engines
from tuneflow.storage import open_storage

ROUNDS = 3
X, Y = rows()


def ours(trials: int, storage: Path | None) -> None:
    """A study of tuneflow's; the double grows over five rungs on five folds."""
    tf.tune(X, Y, RECIPE, n_trials=trials, storage=storage)


def bare(trials: int, storage: Path | None) -> None:
    """A study of Optuna's with the same space, sampler and storage."""

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1)
        kind = trial.suggest_categorical("kind", ["a", "b"])
        if kind == "b":
            trial.suggest_int("n", 1, 8)
        return abs(x - 0.3) + 0.1 * (kind == "b")

    study = optuna.create_study(
        storage=open_storage(storage),
        sampler=optuna.samplers.TPESampler(multivariate=True, group=True),
        pruner=optuna.pruners.NopPruner(),
    )
    study.optimize(objective, n_trials=trials)


def seconds(run, trials: int, file: str | None) -> float:
    """One run on a storage of its own."""
    with tempfile.TemporaryDirectory() as folder:
        storage = Path(folder) / file if file else None
        started = time.perf_counter()
        run(trials, storage)
        return time.perf_counter() - started


def imported(code: str) -> float:
    """Seconds of a fresh interpreter that runs `code`."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> None:
    """Print one line a measurement."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
    engines.ENGINES["lightgbm"] = ("doubles", "Counting")
    tf.tune(X, Y, RECIPE, n_trials=1)  # what is loaded once is not an overhead of trials
    for file in (None, "a.journal", "a.db"):
        for trials in (100, 500):
            pairs = [
                (seconds(ours, trials, file), seconds(bare, trials, file)) for _ in range(ROUNDS)
            ]
            ratio = median(mine / theirs for mine, theirs in pairs)
            more = median((mine - theirs) / trials * 1000 for mine, theirs in pairs)
            where = file or "memory"
            print(f"{where:10s} {trials:5d} trials: {ratio:5.2f} x bare, {more:+6.2f} ms a trial")
    pairs = [
        (imported("import tuneflow"), imported("import optuna"), imported("pass"))
        for _ in range(9)
    ]
    ratio = median((mine - empty) / (theirs - empty) for mine, theirs, empty in pairs)
    print(f"import tuneflow: {ratio:.2f} x import optuna")


if __name__ == "__main__":
    main()
