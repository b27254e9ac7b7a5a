"""The application: quick help, its version, its recipes; and a real shell from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from commands import QUICK, ROOT, run, shell

import tuneflow as tf
from tuneflow.recipe import catalogue


def test_help_is_quick_because_it_imports_no_heavy_library() -> None:
    code = (
        "import sys; from tuneflow.cli.app import main; sys.argv = ['tuneflow', '--help']\n"
        "try: main()\nexcept SystemExit: print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert "recipes" in done.stdout
    assert not {"numpy", "optuna", "pandas", "pydantic", "rich", "sklearn"} & {
        *done.stdout.split("\n")[-2].split()
    }


def test_help_names_every_command_and_the_exit_codes() -> None:
    result = run("--help").output
    assert all(name in result for name in ("recipes", "tune", "predict", "demo", "--debug", "130"))


def test_version_is_the_one_of_the_package() -> None:
    assert run("--version").stdout == f"tuneflow {tf.__version__}\n"


def test_the_schema_is_json_and_nothing_else() -> None:
    result = run("recipes", "--schema")
    assert result.stdout == catalogue.json_schema()
    assert json.loads(result.stdout)["title"] == "Recipe"


def test_in_a_real_shell_an_error_has_no_traceback_until_debug_asks_for_it(
    tmp_path: Path,
) -> None:
    wrong = ("tune", tmp_path / "missing.csv", "--target", "y")
    plain, debug = shell(*wrong), shell(*wrong, "--debug")
    assert plain.returncode == debug.returncode == 2
    assert plain.stderr == f"error: data: there is no file {tmp_path / 'missing.csv'}.\n"
    assert debug.stderr.startswith("Traceback")
    assert debug.stderr.endswith(plain.stderr)


def test_in_a_real_shell_a_table_is_tuned(table: Path) -> None:
    done = shell("tune", table, *QUICK)
    assert done.returncode == 0
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert "roc_auc" in done.stdout
