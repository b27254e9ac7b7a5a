"""Text that fits, one line for a warning, one message for an error, and an exit code to trust."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from commands import ENOUGH, QUICK, fail, run

import tuneflow as tf
from tuneflow.cli import terminal


def test_every_recipe_is_listed_and_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("recipes").stdout.splitlines()
    assert {line.split()[0] for line in lines if line[0] != " "} == {"name", *tf.recipes().index}
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", tf.recipes().index)
def test_a_recipe_is_shown_with_its_parameters_and_sources(name: str) -> None:
    result = run("recipes", name)
    assert result.exit_code == 0
    shown = tf.load_recipe(name)
    assert shown.title in result.stdout
    assert all(param in result.stdout for param in [*shown.table().index, *shown.sources])


def test_wide_columns_are_wrapped_between_words_and_nothing_is_lost() -> None:
    frame = pd.DataFrame({"name": ["a_name_that_is_long"], "words": ["one two three " * 9]})
    text = terminal.as_text(frame, width=40)
    assert max(map(len, text.splitlines())) <= 40
    assert sorted(text.split()) == sorted(
        ["name", "words", "a_name_that_is_long", *["one", "two", "three"] * 9]
    )


def test_a_bug_is_exit_code_70_and_points_to_debug(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuneflow.tuning.tune.tune", fail(ZeroDivisionError("by zero")))
    result = run("tune", table, *QUICK)
    assert result.exit_code == 70
    assert result.stderr.startswith("error: ZeroDivisionError: by zero\n")
    assert "--debug" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_library_warning_is_one_line(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*_: object, **__: object) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("two\nlines", UserWarning, stacklevel=1)
        raise ENOUGH

    monkeypatch.setattr("tuneflow.tuning.tune.tune", warn)
    assert run("tune", table, *QUICK).stderr == "warning: two lines\nerror: enough\n"


def test_a_note_is_one_line(table: Path) -> None:
    result = run("tune", table, *QUICK, "--sampler", "cmaes")
    assert result.exit_code == 0, result.output
    notes = result.stderr.splitlines()
    assert notes
    assert all(line.startswith("note: ") for line in notes)
    assert "cmaes" in notes[0]


@pytest.mark.parametrize("words", [("--debug", "recipes", "knnn"), ("recipes", "knnn", "--debug")])
def test_debug_may_stand_before_or_after_the_command(words: tuple[str, ...]) -> None:
    result = run(*words)
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback")
