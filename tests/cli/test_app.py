"""From the shell: files in, files out, one message for an error, and an exit code to trust."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli import demo, files, terminal
from tuneflow.cli.app import app
from tuneflow.recipe import catalogue
from tuneflow.study.evaluation import Evaluation
from tuneflow.study.objective import Judge, Objective, Outcome, Task
from tuneflow.tuning.result import INTERRUPTED

ROOT = Path(__file__).resolve().parents[2]
QUICK = ("--target", "y", "--recipe", "knn", "--trials", "2", "--cv", "2")
ENOUGH = tf.DataError("enough")


def run(*words: object) -> Any:
    return CliRunner().invoke(app, [str(word) for word in words])


def shell(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tuneflow", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture
def table(frame: pd.DataFrame, tmp_path: Path) -> Path:
    """A CSV file with numbers, strings, dates and gaps; the target is column ``y``."""
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


def fail(error: BaseException) -> Callable[..., Any]:
    def failing(*_: object, **__: object) -> Any:
        raise error

    return failing


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
    told = run("--help").output
    assert all(name in told for name in ("recipes", "tune", "predict", "demo", "--debug", "130"))


def test_version_is_the_one_of_the_package() -> None:
    assert run("--version").stdout == f"tuneflow {tf.__version__}\n"


def test_every_recipe_is_listed_and_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    lines = run("recipes").stdout.splitlines()
    assert {line.split()[0] for line in lines if line[0] != " "} == {"name", *tf.recipes().index}
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", tf.recipes().index)
def test_a_recipe_is_shown_with_its_parameters_and_sources(name: str) -> None:
    told = run("recipes", name)
    assert told.exit_code == 0
    shown = tf.load_recipe(name)
    assert shown.title in told.stdout
    assert all(param in told.stdout for param in [*shown.table().index, *shown.sources])


def test_the_schema_is_json_and_nothing_else() -> None:
    told = run("recipes", "--schema")
    assert told.stdout == catalogue.json_schema()
    assert json.loads(told.stdout)["title"] == "Recipe"


def test_wide_columns_are_wrapped_between_words_and_nothing_is_lost() -> None:
    frame = pd.DataFrame({"name": ["a_name_that_is_long"], "words": ["one two three " * 9]})
    text = terminal.as_text(frame, width=40)
    assert max(map(len, text.splitlines())) <= 40
    assert sorted(text.split()) == sorted(
        ["name", "words", "a_name_that_is_long", *["one", "two", "three"] * 9]
    )


def test_tune_prints_the_result_and_says_that_nothing_was_saved(table: Path) -> None:
    told = run("tune", table, *QUICK)
    assert told.exit_code == 0, told.output
    assert told.stdout.startswith("Nearest neighbours, binary: roc_auc")
    assert "--out" in told.stdout


def test_a_gain_that_may_be_chance_is_said_once(table: Path) -> None:
    told, quiet = (run("tune", table, *QUICK[:-3], "4", *QUICK[-2:], *q) for q in ((), ("-q",)))
    assert (told.stdout.count("may be chance"), told.stderr.count("may be chance")) == (1, 0)
    assert quiet.stderr.count("may be chance") == 1


def test_quiet_prints_notes_only(table: Path) -> None:
    told = run("tune", table, *QUICK, "--quiet")
    assert (told.exit_code, told.stdout) == (0, "")
    assert all(line.startswith("note: ") for line in told.stderr.splitlines())


def test_out_holds_the_model_the_trials_and_the_best(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "model"
    told = run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", out)
    assert told.exit_code == 0, told.output
    assert f"tuneflow.load({str(out / 'model.skops')!r})" in told.stdout
    best = json.loads((out / "best.json").read_text(encoding="utf-8"))
    trials = pd.read_csv(out / "trials.csv", index_col="number")
    assert best["best_score"] == trials["score"].max()
    assert best["default_score"] == trials["score"][0]
    assert best["unit"] == "rounds"
    assert best["versions"]["optuna"] == optuna.__version__
    model = tf.load(out / "model.skops")
    assert model.params == best["params"]
    assert set(model.predict(files.read_table(table))) <= {"low", "mid"}


def test_what_the_shell_predicts_is_what_python_predicts(table: Path, tmp_path: Path) -> None:
    run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", tmp_path)
    told = run("predict", tmp_path / "model.skops", table)
    shares = run("predict", tmp_path / "model.skops", table, "--proba", "--out", tmp_path / "p")
    model, rows = tf.load(tmp_path / "model.skops"), files.read_table(table)
    assert told.stdout.split() == ["prediction", *model.predict(rows)]
    assert shares.stdout == ""
    written = pd.read_csv(tmp_path / "p")
    assert list(written) == list(model.classes_)
    np.testing.assert_allclose(written, model.predict_proba(rows))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("table.csv", lambda frame, path: frame.to_csv(path, index=False)),
        ("table.csv.gz", lambda frame, path: frame.to_csv(path, index=False)),
        ("TABLE.TSV", lambda frame, path: frame.to_csv(path, index=False, sep="\t")),
        ("table.parquet", lambda frame, path: frame.to_parquet(path)),
    ],
)
def test_each_kind_of_file_gives_the_same_table(
    frame: pd.DataFrame, tmp_path: Path, name: str, write: Callable[[pd.DataFrame, Path], None]
) -> None:
    write(frame, tmp_path / name)
    read = files.read_table(tmp_path / name)
    assert list(read) == list(frame)
    assert read["y"].tolist() == frame["y"].tolist()
    assert read["since"].dt.tz_localize(None).tolist() == frame["since"].tolist()
    assert read["city"].isna().tolist() == frame["city"].isna().tolist()


def test_only_columns_of_iso_dates_become_dates(tmp_path: Path) -> None:
    path = tmp_path / "dates.csv"
    path.write_text(
        "day,moment,mixed,other\n2024-02-29,2024-01-01T10:00Z,2024-01-01,1/2/24\n,,x,\n"
    )
    read = files.read_table(path)
    kinds = {name: pd.api.types.is_datetime64_any_dtype(read[name]) for name in read}
    assert kinds == {"day": True, "moment": True, "mixed": False, "other": False}


def test_a_column_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("self,day\n1,2024-02-29\n")
    assert list(files.read_table(tmp_path / "names.csv")) == ["self", "day"]


def test_codes_are_matched_as_they_are_written(tmp_path: Path) -> None:
    """A column of codes may look like numbers in the rows to be predicted."""
    codes = ["007", "7", "x"] * 20
    frame = pd.DataFrame({"code": codes, "y": [float(code == "007") + 0.5 for code in codes]})
    frame.to_csv(tmp_path / "old.csv", index=False)
    (tmp_path / "new.csv").write_text("code\n007\n7\n")
    out = ("--recipe", "lightgbm", "--out", tmp_path)
    assert run("tune", tmp_path / "old.csv", *QUICK, *out).exit_code == 0
    told = run("predict", tmp_path / "model.skops", tmp_path / "new.csv")
    high, low = map(float, told.stdout.split()[1:])
    assert high > low + 0.5


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("--target", "Y"), "Did you mean 'y'?"),
        (("--recipe", "knnn"), "Did you mean 'knn'?"),
        (("--sampler", "tpee"), "Did you mean 'tpe'?"),
        (("--pruner", "medain"), "Did you mean 'median'?"),
        (("--scoring", "roc_acu"), "Did you mean 'roc_auc'?"),
        (("--trials", "0"), "trials"),
        (("--timeout", "0"), "timeout"),
        (("--cv", "1"), "cv"),
        (("--seed", "-1"), "random_state"),
        (("--storage", "/no/such/folder/a.db"), "storage"),
    ],
)
def test_wrong_input_is_one_message_and_exit_code_2(
    table: Path, words: tuple[str, ...], hint: str
) -> None:
    told = run("tune", table, *QUICK, *words)
    assert told.exit_code == 2, told.output
    assert told.stderr.startswith("error: ")
    assert hint in told.stderr
    assert told.stdout == ""


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "there is no file"),
        ("table.xlsx", b"", ".csv, .csv.gz, .tsv or .parquet file is needed"),
        ("empty.csv", b"", "cannot be read as a table"),
        ("head.csv", b"a,y\n", "at least one row"),
        ("ragged.csv", b"a,y\n1,2\n1,2,3,4\n", "cannot be read as a table"),
        ("binary.csv", b"a,y\n\xff\xfe,\xff\n", "cannot be read as a table"),
        ("plain.csv.gz", b"a,y\n1,2\n", "cannot be read as a table"),
        ("text.parquet", b"a,y\n1,2\n", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    told = run("tune", tmp_path / name, *QUICK)
    assert told.exit_code == 2, told.output
    assert told.stderr.startswith("error: data: ")
    assert message in told.stderr


def test_parquet_without_pyarrow_names_the_extra(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame.to_parquet(tmp_path / "table.parquet")
    monkeypatch.setattr(pd, "read_parquet", fail(ImportError("no pyarrow")))
    told = run("tune", tmp_path / "table.parquet", *QUICK)
    assert told.exit_code == 2
    assert "pip install 'tuneflow[parquet]'" in told.stderr


def test_out_that_is_a_file_is_refused_before_the_search(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuneflow.tuning.tune.tune", fail(AssertionError("searched")))
    told = run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", table)
    assert told.exit_code == 2
    assert str(table) in told.stderr


def test_a_model_that_is_missing_or_none_is_refused(table: Path, tmp_path: Path) -> None:
    assert "there is no file" in run("predict", tmp_path / "nothing", table).stderr
    told = run("predict", table, table)
    assert told.exit_code in (1, 2)
    assert "not a model that tuneflow saved" in told.stderr


def test_rows_without_a_column_are_refused_by_its_name(table: Path, tmp_path: Path) -> None:
    run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", tmp_path)
    (tmp_path / "new.csv").write_text("age\n33\n")
    told = run("predict", tmp_path / "model.skops", tmp_path / "new.csv")
    assert told.exit_code == 2
    assert "income" in told.stderr


def test_no_score_is_exit_code_1(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Evaluation, "score", fail(tf.TrialError("nothing finite")))
    told = run("tune", table, *QUICK)
    assert told.exit_code == 1
    assert told.stderr.startswith("error: tune: no trial came to a score")


def test_a_bug_is_exit_code_70_and_points_to_debug(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuneflow.tuning.tune.tune", fail(ZeroDivisionError("by zero")))
    told = run("tune", table, *QUICK)
    assert told.exit_code == 70
    assert told.stderr.startswith("error: ZeroDivisionError: by zero\n")
    assert "--debug" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_library_warning_is_one_line(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def warn(*_: object, **__: object) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("two\nlines", UserWarning, stacklevel=1)
        raise ENOUGH

    monkeypatch.setattr("tuneflow.tuning.tune.tune", warn)
    assert run("tune", table, *QUICK).stderr == "warning: two lines\nerror: enough\n"


def test_a_note_is_one_line(table: Path) -> None:
    told = run("tune", table, *QUICK, "--sampler", "cmaes")
    assert told.exit_code == 0, told.output
    notes = told.stderr.splitlines()
    assert notes
    assert all(line.startswith("note: ") for line in notes)
    assert "cmaes" in notes[0]


def test_ctrl_c_before_any_score_is_exit_code_130(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Evaluation, "score", fail(KeyboardInterrupt()))
    told = run("tune", table, *QUICK)
    assert (told.exit_code, told.stderr) == (130, "interrupted\n")


def test_ctrl_c_keeps_what_was_found_and_is_exit_code_130(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    climb = Objective.__call__

    def interrupted(objective: Objective, task: Task, judge: Judge) -> Outcome:
        if task.number == 2:
            monkeypatch.setattr(Evaluation, "score", fail(KeyboardInterrupt()))
        return climb(objective, task, judge)

    monkeypatch.setattr(Objective, "__call__", interrupted)
    told = run("tune", table, *QUICK, "--trials", "9", "--out", tmp_path / "out")
    assert told.exit_code == 130
    assert (tmp_path / "out" / "model.skops").is_file()
    assert "interrupted" in told.stdout


@pytest.mark.parametrize(
    ("cut_short", "code"), [(INTERRUPTED, 130), ("storage: the disk is full.", 0), ("", 0)]
)
def test_a_worker_is_interrupted_by_ctrl_c_alone(
    table: Path, monkeypatch: pytest.MonkeyPatch, cut_short: str, code: int
) -> None:
    monkeypatch.setattr("tuneflow.tuning.join.join", lambda *_, **__: cut_short)
    told = run("worker", "a.db", "--study", "mine", "--data", table, "--target", "y")
    assert (told.exit_code, told.stderr) == (code, f"note: {cut_short}\n" if cut_short else "")


def test_a_storage_is_resumed(table: Path, tmp_path: Path) -> None:
    kept = ("--storage", tmp_path / "churn.db", "--study", "mine")
    run("tune", table, *QUICK, *kept)
    told = run("tune", table, *QUICK, *kept, "--trials", "4")
    assert told.exit_code == 0, told.output
    study = optuna.load_study(study_name="mine", storage=f"sqlite:///{tmp_path / 'churn.db'}")
    assert len(study.trials) == 4


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ((), 50),
        (("--timeout", "9"), None),
        (("--sampler", "grid"), None),
        (("--sampler", "grid", "--trials", "3"), 3),
        (("--timeout", "9", "--trials", "3"), 3),
    ],
)
def test_trials_are_limited_unless_time_or_a_grid_ends_the_search(
    table: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], limit: int | None
) -> None:
    asked: dict[str, Any] = {}

    def tune(*_: object, **options: Any) -> Any:
        asked.update(options)
        raise ENOUGH

    monkeypatch.setattr("tuneflow.tuning.tune.tune", tune)
    run("tune", table, "--target", "y", *words)
    assert asked["n_trials"] == limit


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


def test_the_demo_reports_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "RECIPES", ("elastic_net", "knn"))
    told = run("demo", "--trials", "2", "--seconds", "60", "--out", tmp_path)
    assert told.exit_code == 0, told.output
    board = pd.read_csv(tmp_path / "leaderboard.csv")
    assert set(board["recipe"]) == {"elastic_net", "knn"}
    assert board["tuned"].is_monotonic_decreasing
    assert (board["trials"] == 2).all()
    for name in board["recipe"]:
        trials = pd.read_csv(tmp_path / f"trials-{name}.csv")
        best = board.set_index("recipe").loc[name, "tuned"]
        assert best == pytest.approx(trials["score"].max(), abs=1e-4)
    report = (tmp_path / "report.md").read_text()
    assert "tuneflow demo --seed 0 --trials 2 --seconds 60" in report
    assert optuna.__version__ in report


def test_the_verdict_is_honest_when_nothing_was_gained() -> None:
    cells = {
        "recipe": "knn",
        "tuned": 0.5,
        "improvement": 0.0,
        "test tuned": 0.4,
        "test defaults": 0.4,
    }
    told = demo.verdict(pd.DataFrame([cells]))
    assert "for 0 of 1 recipes, and on the rows held out for 0" in told


@pytest.mark.parametrize("words", [("--debug", "recipes", "knnn"), ("recipes", "knnn", "--debug")])
def test_debug_may_stand_before_or_after_the_command(words: tuple[str, ...]) -> None:
    told = run(*words)
    assert told.exit_code == 2
    assert told.stderr.startswith("Traceback")


def test_in_a_real_shell_an_error_has_no_traceback_until_debug_asks_for_it(
    tmp_path: Path,
) -> None:
    wrong = ("tune", tmp_path / "missing.csv", "--target", "y")
    plain, debug = shell(*wrong), shell(*wrong, "--debug")
    assert plain.returncode == debug.returncode == 2
    assert plain.stderr == f"error: data: there is no file {tmp_path / 'missing.csv'}.\n"
    assert debug.stderr.startswith("Traceback")
    assert debug.stderr.endswith(plain.stderr)


def test_recipes_with_commas_share_the_trials(table: Path) -> None:
    told = run("tune", table, "-y", "y", "-r", "knn,random_forest", "--trials", "4").stdout
    assert re.search(r"recipes +(knn|random_forest) .* \(\d trials?\); (knn|random_forest)", told)


def test_one_wrong_name_among_several_is_refused_before_the_table_is_read() -> None:
    assert "Did you mean 'knn'" in run("tune", "no.csv", "-y", "y", "-r", "svm,knnn").output


def test_in_a_real_shell_a_table_is_tuned(table: Path) -> None:
    done = shell("tune", table, *QUICK)
    assert done.returncode == 0
    assert all(line.startswith("note: ") for line in done.stderr.splitlines())
    assert "roc_auc" in done.stdout
