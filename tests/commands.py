"""Commands of the shell, run in this process or in one of their own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli.app import app

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("--target", "y", "--recipe", "knn", "--trials", "2", "--cv", "2")
ENOUGH = tf.DataError("enough")


def run(*words: object) -> Any:
    """Run a command in this process."""
    return CliRunner().invoke(app, [str(word) for word in words])


def shell(*words: object) -> subprocess.CompletedProcess[str]:
    """Run a command in a process of its own."""
    command = [sys.executable, "-m", "tuneflow", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def fail(error: BaseException) -> Callable[..., Any]:
    """A function that raises, whatever it is called with."""

    def failing(*_: object, **__: object) -> Any:
        raise error

    return failing
