"""`tune` and `predict`: files in, files out, and refusals before anything is searched."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from commands import ENOUGH, QUICK, fail, run

import tuneflow as tf
from tuneflow.cli import files
from tuneflow.study.evaluation import Evaluation
from tuneflow.study.objective import Objective, Outcome, Pruner, TrialSpec


def test_tune_prints_the_result_and_says_that_nothing_was_saved(table: Path) -> None:
    result = run("tune", table, *QUICK)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Nearest neighbours, binary: roc_auc")
    assert "--out" in result.stdout


def test_an_improvement_that_may_be_chance_is_said_once(table: Path) -> None:
    result, quiet = (run("tune", table, *QUICK[:-3], "4", *QUICK[-2:], *q) for q in ((), ("-q",)))
    assert (result.stdout.count("may be chance"), result.stderr.count("may be chance")) == (1, 0)
    assert quiet.stderr.count("may be chance") == 1


def test_quiet_prints_notes_only(table: Path) -> None:
    result = run("tune", table, *QUICK, "--quiet")
    assert (result.exit_code, result.stdout) == (0, "")
    assert all(line.startswith("note: ") for line in result.stderr.splitlines())


def test_out_holds_the_model_the_trials_and_the_best(table: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "model"
    result = run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", out)
    assert result.exit_code == 0, result.output
    assert f"tuneflow.load({str(out / 'model.skops')!r})" in result.stdout
    best = json.loads((out / "best.json").read_text(encoding="utf-8"))
    trials = pd.read_csv(out / "trials.csv", index_col="number")
    assert best["best_score"] == trials["score"].max()
    assert best["default_score"] == trials["score"][0]
    assert best["unit"] == "rounds"
    assert best["versions"]["optuna"] == optuna.__version__
    model = tf.load(out / "model.skops")
    arguments = model[-1].get_params()
    assert {name: arguments[name] for name in best["params"]} == best["params"]
    assert arguments["n_estimators"] == best["amount"]
    assert set(model.predict(files.read_table(table))) <= {"low", "mid"}


def test_what_the_shell_predicts_is_what_python_predicts(table: Path, tmp_path: Path) -> None:
    run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", tmp_path)
    result = run("predict", tmp_path / "model.skops", table)
    shares = run("predict", tmp_path / "model.skops", table, "--proba", "--out", tmp_path / "p")
    model, rows = tf.load(tmp_path / "model.skops"), files.read_table(table)
    assert result.stdout.split() == ["prediction", *model.predict(rows)]
    assert shares.stdout == ""
    written = pd.read_csv(tmp_path / "p")
    assert list(written) == list(model.classes_)
    np.testing.assert_allclose(written, model.predict_proba(rows))


def test_codes_are_matched_as_they_are_written(tmp_path: Path) -> None:
    """A column of codes may look like numbers in the rows to be predicted."""
    codes = ["007", "7", "x"] * 20
    frame = pd.DataFrame({"code": codes, "y": [float(code == "007") + 0.5 for code in codes]})
    frame.to_csv(tmp_path / "old.csv", index=False)
    (tmp_path / "new.csv").write_text("code\n007\n7\n")
    out = ("--recipe", "lightgbm", "--out", tmp_path)
    assert run("tune", tmp_path / "old.csv", *QUICK, *out).exit_code == 0
    result = run("predict", tmp_path / "model.skops", tmp_path / "new.csv")
    high, low = map(float, result.stdout.split()[1:])
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
    result = run("tune", table, *QUICK, *words)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: ")
    assert hint in result.stderr
    assert result.stdout == ""


def test_out_that_is_a_file_is_refused_before_the_search(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuneflow.tuning.tune.tune", fail(AssertionError("searched")))
    result = run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", table)
    assert result.exit_code == 2
    assert str(table) in result.stderr


def test_a_model_that_is_missing_or_none_is_refused(table: Path, tmp_path: Path) -> None:
    assert "there is no file" in run("predict", tmp_path / "nothing", table).stderr
    result = run("predict", table, table)
    assert result.exit_code in (1, 2)
    assert "not a model that tuneflow saved" in result.stderr


def test_rows_without_a_column_are_refused_by_its_name(table: Path, tmp_path: Path) -> None:
    run("tune", table, *QUICK, "--recipe", "lightgbm", "--out", tmp_path)
    (tmp_path / "new.csv").write_text("age\n33\n")
    result = run("predict", tmp_path / "model.skops", tmp_path / "new.csv")
    assert result.exit_code == 2
    assert "income" in result.stderr


def test_no_score_is_exit_code_1(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Evaluation, "score", fail(tf.TrialError("nothing finite")))
    result = run("tune", table, *QUICK)
    assert result.exit_code == 1
    assert result.stderr.startswith("error: tune: no trial came to a score")


def test_ctrl_c_before_any_score_is_exit_code_130(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Evaluation, "score", fail(KeyboardInterrupt()))
    result = run("tune", table, *QUICK)
    assert (result.exit_code, result.stderr) == (130, "interrupted\n")


def test_ctrl_c_keeps_the_best_so_far_and_is_exit_code_130(
    table: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    climb = Objective.__call__

    def interrupted(objective: Objective, spec: TrialSpec, pruner: Pruner) -> Outcome:
        if spec.number == 2:
            monkeypatch.setattr(Evaluation, "score", fail(KeyboardInterrupt()))
        return climb(objective, spec, pruner)

    monkeypatch.setattr(Objective, "__call__", interrupted)
    result = run("tune", table, *QUICK, "--trials", "9", "--out", tmp_path / "out")
    assert result.exit_code == 130
    assert (tmp_path / "out" / "model.skops").is_file()
    assert "interrupted" in result.stdout


def test_a_storage_is_resumed(table: Path, tmp_path: Path) -> None:
    kept = ("--storage", tmp_path / "churn.db", "--study", "mine")
    run("tune", table, *QUICK, *kept)
    result = run("tune", table, *QUICK, *kept, "--trials", "4")
    assert result.exit_code == 0, result.output
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


def test_recipes_with_commas_share_the_trials(table: Path) -> None:
    result = run("tune", table, "-y", "y", "-r", "knn,random_forest", "--trials", "4").stdout
    assert re.search(
        r"recipes +(knn|random_forest) .* \(\d trials?\); (knn|random_forest)", result
    )


def test_one_wrong_name_among_several_is_refused_before_the_table_is_read() -> None:
    assert "Did you mean 'knn'" in run("tune", "no.csv", "-y", "y", "-r", "svm,knnn").output


def test_what_people_have_in_files_is_said_by_options(tmp_path: Path) -> None:
    r = np.random.default_rng(0)
    n = 90
    frame = pd.DataFrame({"a": r.normal(size=n), "id": range(n), "state": np.arange(n) % 6})
    frame["w"], frame["churn"] = 1.0, np.where(frame.a + r.normal(size=n) > 0, "yes", "no")
    path = tmp_path / "churn.csv"
    frame.to_csv(path, sep=";", decimal=",", index=False)
    options = ["--drop", "id", "--groups", "state", "--weights", "w", "--test-size", "0.25"]
    said = ["--scoring", "f1", "--positive", "no", "--task", "classification"]
    result = run(
        *("tune", path, "-y", "churn", "-r", "lightgbm", "--trials", "2", "--cv", "3"),
        *(*options, *said, "--out", tmp_path / "model"),
    )
    assert result.exit_code == 0, result.output
    assert "f1 of no" in result.stdout
    assert "holdout" in result.stdout
    assert "columns  1 number" in result.stdout
    rows = run("predict", tmp_path / "model/model.skops", path, "--id", "id", "--proba")
    assert rows.exit_code == 0, rows.output
    assert rows.stdout.splitlines()[0] == "id,no,yes"


def test_folds_may_follow_the_order_of_rows(table: Path) -> None:
    result = run("tune", table, *QUICK, "--cv", "time")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("words", [("--drop", "nothing"), ("--groups", "nothing")])
def test_columns_that_are_not_there_are_refused(table: Path, words: tuple[str, str]) -> None:
    result = run("tune", table, *QUICK, *words)
    assert result.exit_code == 2
    assert "'nothing'" in result.stderr
