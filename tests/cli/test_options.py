"""The words that a shell completes."""

from __future__ import annotations

import pytest
from commands import run
from typer.testing import CliRunner

from tuneflow.cli import options
from tuneflow.cli.app import app


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("--recipe light", {"lightgbm"}),
        ("--sampler t", {"tpe"}),
        ("--pruner h", {"halving", "hyperband"}),
    ],
)
def test_the_shell_completes_words(words: str, offered: set[str]) -> None:
    asked = {"_TUNEFLOW_COMPLETE": "complete_bash", "COMP_WORDS": f"tuneflow tune {words}"}
    done = CliRunner().invoke(app, env={**asked, "COMP_CWORD": "3"}, prog_name="tuneflow")
    assert set(done.stdout.split()) == offered


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("5.0", 5), ("0.25", 0.25)])
def test_folds_are_a_whole_number_or_a_share(text: str, value: float) -> None:
    parsed = options.folds(text)
    assert (parsed, type(parsed)) == (value, type(value))


def test_folds_that_are_no_number_are_refused() -> None:
    result = run("tune", "no.csv", "-y", "y", "--cv", "few")
    assert result.exit_code == 2
    assert "--cv" in result.stderr
