"""Callers in processes of their own that share one study, and what is to come of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import optuna
import pandas as pd
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow.storage.open import open_storage
from tuneflow.storage.user_attrs import CLAIM, read_trial_record

TESTS = Path(__file__).parent
PATHS = os.pathsep.join([str(TESTS), str(TESTS.parent)])
TRIALS = 60
SECONDS = 240  # after which a caller hangs; the limit of a test is above it
SLOW = {"takes": 0.02}
# What runs elsewhere knows the double, and is otherwise what a person would start.
SHELL = """
import sys
from tuneflow.cli import app as cli
from tuneflow.models import pipeline as engines
engines.ENGINES["lightgbm"] = ("doubles", "Acting")
cli.main()
"""
CALL = """
import sys
from tuneflow.models import pipeline as engines
engines.ENGINES["lightgbm"] = ("doubles", "Acting")
from callers import call
call(sys.argv[1], int(sys.argv[2]))
"""


def table() -> pd.DataFrame:
    """What the study is about."""
    X, y = rows()
    return pd.DataFrame({"x": X[:, 0], "y": y})


def call(storage, n_trials: int, **more) -> tf.Result:
    """The call that everybody makes."""
    recipe = RECIPE.replace(fixed=SLOW | more.pop("fixed", {}))
    more = {"sampler": "random", "progress": False, **more}
    return tf.tune(table(), "y", recipe, n_trials=n_trials, storage=storage, **more)


def python(code: str, *words: str, inside: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A process that runs this; `inside` is what starts it elsewhere."""
    command = [*inside, sys.executable, "-c", code, *map(str, words)]
    return subprocess.Popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def check(storage, n_trials: int = TRIALS, callers: int = 2) -> None:
    """The total is exact, everybody has worked, and nothing is left running."""
    study = optuna.load_study(study_name="double", storage=open_storage(storage))
    trials = study.get_trials(deepcopy=False)
    assert [trial.number for trial in trials] == list(range(len(trials)))
    assert not [trial for trial in trials if not trial.state.is_finished()]
    ends = [read_trial_record(trial).ended for trial in trials]
    assert ends.count("complete") == n_trials
    assert set(ends) <= {"complete", "surplus"}
    assert len({trial.user_attrs[CLAIM] for trial in trials}) == callers


def finish(*processes: subprocess.Popen[str]) -> list[str]:
    """What they have printed; all went well, and no database was locked."""
    try:
        outputs = [process.communicate(timeout=SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    assert "locked" not in str(outputs)
    return [out for out, _ in outputs]
