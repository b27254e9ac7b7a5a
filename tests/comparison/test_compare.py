"""The contract of `compare()`: fair runs, nothing lost, nothing run twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import optuna
import pytest
from doubles import RECIPE, Counting, rows, told
from sqlalchemy.exc import SQLAlchemyError
from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli.app import app
from tuneflow.comparison import compare as comparing
from tuneflow.models import pipeline as engines
from tuneflow.storage.user_attrs import read_header, read_run_record
from tuneflow.study.evaluation import Evaluation
from tuneflow.study.loop import Loop


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM; hand a test its class to change."""
    kind = type("Mine", (Counting,), {})
    monkeypatch.setattr(sys.modules["doubles"], "Mine", kind, raising=False)
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Mine"))
    return kind


def run(**more):
    X, y = rows()
    options = {"n_seeds": 2, "n_trials": 4, **more}
    if not any(word in options for word in ("samplers", "recipes", "pruners", "contenders")):
        options["samplers"] = ["random", "tpe"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        return tf.compare(options.pop("X", X), options.pop("y", y), RECIPE, **options)


def studies(storage):
    names = optuna.get_all_study_names(storage)
    return [optuna.load_study(study_name=name, storage=storage) for name in names]


def memory():
    return optuna.storages.InMemoryStorage()


# ---------- fair ----------


@pytest.mark.usefixtures("double")
def test_folds_and_starting_points_of_a_seed_are_the_same_for_all():
    storage = memory()
    recipe = RECIPE.replace(start=[{"params": {"x": 0.5}}])
    run(storage=storage, contenders={s: {"recipe": recipe, "sampler": s} for s in ("tpe", "qmc")})
    for seed in (0, 1):
        mine = [s for s in studies(storage) if read_run_record(s).seed == seed]
        assert len({read_header(s).folds for s in mine}) == 1
        assert mine[0].trials[0].params == mine[1].trials[0].params == {"x": 0.9, "kind": "a"}
        assert mine[0].trials[1].params == mine[1].trials[1].params == {"x": 0.5, "kind": "a"}
    assert len({read_header(s).folds for s in studies(storage)}) == 2


@pytest.mark.usefixtures("double")
def test_recipes_are_compared_on_the_same_folds():
    storage = memory()
    run(storage=storage, recipes={"a": RECIPE, "b": RECIPE.replace(title="Other")}, n_seeds=1)
    assert len({read_header(s).folds for s in studies(storage)}) == 1


@pytest.mark.usefixtures("double")
def test_folds_that_come_one_by_one_serve_every_run():
    halves = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    assert run(cv=iter(halves)).runs["score"].equals(run(cv=halves).runs["score"])


@pytest.mark.usefixtures("double")
def test_runs_go_seed_by_seed_and_contender_by_contender():
    storage = memory()
    run(storage=storage)
    assert optuna.get_all_study_names(storage) == [
        f"comparison / {sampler} / {seed}" for seed in (0, 1) for sampler in ("random", "tpe")
    ]


@pytest.mark.usefixtures("double")
def test_the_budget_in_trials_is_the_same_for_all():
    assert (run().runs["trials"] == 4).all()


@pytest.mark.usefixtures("double")
def test_a_budget_in_seconds_is_a_limit_by_itself():
    runs = run(n_trials=None, timeout=0.15, n_seeds=1).runs
    assert (runs["state"] == "done").all()
    assert runs["seconds"].between(0.05, 1.0).all()


@pytest.mark.parametrize("sampler", ["random", "tpe", "grid", "cmaes", "nsga2"])
@pytest.mark.usefixtures("double")
def test_a_run_is_what_tune_would_have_done(sampler):
    storage = memory()
    X, y = rows()
    run(storage=storage, samplers=[sampler], n_seeds=1, random_state=3, n_trials=12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        alone = tf.tune(X, y, RECIPE, sampler=sampler, random_state=3, n_trials=12)
    assert told(studies(storage)[0]) == told(alone.study)


# ---------- nothing lost, nothing twice ----------


@pytest.mark.parametrize("file", ["cmp.db", "cmp.journal"])
def test_a_finished_comparison_runs_nothing_again(double, tmp_path, file):
    first = run(storage=tmp_path / file)
    double.on_grow = staticmethod(lambda values: pytest.fail("it ran again"))
    again = run(storage=tmp_path / file)
    assert again.runs.equals(first.runs)
    assert again.steps.equals(first.steps)


@pytest.mark.usefixtures("double")
def test_a_comparison_is_rebuilt_from_its_storage_alone(tmp_path):
    first = run(storage=tmp_path / "cmp.db")
    again = tf.Comparison.load(tmp_path / "cmp.db")
    assert repr(again) == repr(first)
    assert again.curves().equals(first.curves())


@pytest.mark.usefixtures("double")
def test_an_interrupted_comparison_goes_on_as_if_nothing_had_been(monkeypatch, tmp_path):
    whole, calls = run(), []

    def stop(study, mark):
        calls.append(mark)
        if len(calls) == 6:  # while the third run is to be marked as done
            raise KeyboardInterrupt
        real(study, mark)

    real = comparing.write_run_record
    monkeypatch.setattr(comparing, "write_run_record", stop)
    cut = run(storage=tmp_path / "cmp.db")
    assert "interrupted" in cut.remarks[0]
    assert list(cut.runs["state"]) == ["done", "done", "open"]
    monkeypatch.setattr(comparing, "write_run_record", real)
    done = run(storage=tmp_path / "cmp.db")
    assert done.runs[["contender", "seed", "score", "trials"]].equals(
        whole.runs[["contender", "seed", "score", "trials"]]
    )


@pytest.mark.usefixtures("double")
def test_a_storage_that_fails_says_so_and_the_next_call_goes_on(monkeypatch, tmp_path):
    write = Loop._tell

    def full(self, trial, entry):
        if trial.number == 2:
            msg = "(sqlite3.OperationalError) database or disk is full"
            raise optuna.exceptions.StorageInternalError(msg)
        return write(self, trial, entry)

    monkeypatch.setattr(Loop, "_tell", full)
    with pytest.warns(tf.TuneflowWarning, match="disk is full"):
        cut = tf.compare(
            *rows(), RECIPE, samplers=["tpe"], n_seeds=1, n_trials=4, storage=tmp_path / "c.db"
        )
    assert "disk is full" in cut.remarks[0]
    assert "interrupted" not in cut.remarks[0]
    assert cut.verdict == "there is nothing to compare; tpe has no score yet."
    monkeypatch.setattr(Loop, "_tell", write)
    done = run(storage=tmp_path / "c.db", samplers=["tpe"], n_seeds=1)
    assert list(done.runs["state"]) == ["done"]


KILLED = """
import sys, time
from doubles import RECIPE, Counting, rows
from tuneflow.models import pipeline as engines
import tuneflow as tf
Counting.on_grow = staticmethod(lambda values: time.sleep(0.004))
engines.ENGINES["lightgbm"] = ("doubles", "Counting")
X, y = rows()
tf.compare(X, y, RECIPE, samplers=["random", "tpe"], n_seeds=2, n_trials=8, storage=sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_comparison_loses_and_repeats_no_finished_run(double, tmp_path):
    path = tmp_path / "cmp.db"
    tests = Path(__file__).parents[1]
    env = {**os.environ, "PYTHONPATH": f"{tests}{os.pathsep}{tests.parent}"}
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], env=env) as process:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and process.poll() is None:
            if path.exists() and _done(path) == 2:
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
    storage = f"sqlite:///{path}"
    before = {s.study_name: told(s) for s in studies(storage) if is_done(s)}
    assert 2 <= len(before) < 4
    comparison = run(storage=path, n_trials=8)
    after = {s.study_name: told(s) for s in studies(storage)}
    assert before.items() <= after.items()
    assert list(comparison.runs["state"]) == ["done"] * 4
    assert comparison.runs.equals(tf.Comparison.load(path).runs)
    assert (comparison.runs["trials"] == 8).all()
    assert list(comparison.runs["score"]) == list(run(n_trials=8).runs["score"])


def is_done(study):
    mark = read_run_record(study)
    return mark is not None and mark.state == "done"


def _done(path):
    """Runs that are done; none while the tables are being made."""
    try:
        return sum(map(is_done, studies(f"sqlite:///{path}")))
    except (SQLAlchemyError, optuna.exceptions.StorageInternalError):
        return 0


@pytest.mark.usefixtures("double")
def test_seeds_and_contenders_join_those_that_are_there(tmp_path):
    first = run(storage=tmp_path / "cmp.db", n_seeds=1)
    more = run(storage=tmp_path / "cmp.db", n_seeds=3, samplers=["qmc", "tpe"])
    assert len(more.runs) == 1 + 3 + 3
    assert (
        more.runs.set_index(["contender", "seed"])["score"]["random", 0] == first.runs["score"][0]
    )


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_trials": 5}, "n_trials: 4 there, 5 here"),
        ({"scoring": "r2"}, "scoring: "),
        ({"cv": 3}, "folds: "),
        ({"y": np.tile([-2.0, 2.0], 20)}, "data: "),
    ],
)
def test_what_could_not_be_compared_is_refused(change, words):
    storage = memory()
    run(storage=storage)
    with pytest.raises(tf.StudyError, match=words):
        run(storage=storage, samplers=["qmc"], **change)


@pytest.mark.usefixtures("double")
def test_a_storage_may_hold_several_comparisons():
    storage = memory()
    run(storage=storage, n_seeds=1)
    run(storage=storage, n_seeds=1, name="other", n_trials=2)
    tf.tune(*rows(), RECIPE, n_trials=1, storage=storage)
    assert len(tf.Comparison.load(storage, "other").runs) == 2
    with pytest.raises(tf.StudyError, match=r"Known: comparison, other"):
        tf.Comparison.load(storage)


# ---------- failures ----------


def test_a_contender_that_always_fails_is_listed_and_stops_nobody(double):
    def on_grow(values):
        if values["x"] > 1 or values.get("bad"):
            msg = "too large"
            raise ValueError(msg)

    double.on_grow = staticmethod(on_grow)
    bad = RECIPE.replace(fixed={"bad": True})
    comparison = run(recipes={"bad": bad, "good": RECIPE, "fine": RECIPE})
    table = comparison.table()
    assert table["failed"].to_dict() == {"bad": 2, "good": 0, "fine": 0}
    assert table.index[-1] == "bad"
    assert table.loc["bad", "wins"] == 0
    assert "bad failed" in comparison.verdict
    assert any("too large" in remark for remark in comparison.remarks)
    assert "good and fine are not separable" in comparison.verdict


def test_an_error_that_is_no_failure_of_the_model_stops_the_comparison(double, monkeypatch):
    monkeypatch.delattr(Evaluation, "score")
    with pytest.raises(AttributeError, match="score"):
        run()


@pytest.mark.usefixtures("double")
def test_workers_say_how_trials_run_and_are_reproducible_in_every_comparison():
    workers = tf.Workers(2, backend="threading")
    assert run(n_jobs=workers).runs["score"].equals(run(n_jobs=workers).runs["score"])


@pytest.mark.usefixtures("double")
def test_wrong_words_are_refused_before_anything_runs():
    storage = memory()
    with pytest.raises(tf.SearchError, match="Did you mean 'tpe'"):
        run(storage=storage, samplers=["random", "tpee"])
    assert not optuna.get_all_study_names(storage)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"samplers": ["tpe"], "pruners": ["none"]}, "one of samplers"),
        ({"samplers": "tpe"}, "samplers: a list"),
        ({"samplers": []}, "at least one"),
        ({"samplers": ["tpe", "tpe"]}, "names must differ"),
        ({"contenders": {"a": {"cv": 3}}}, "may set recipe, sampler, pruner"),
        ({"contenders": {"a / b": {}}}, "without ' / '"),
        ({"n_seeds": 0}, "n_seeds"),
        ({"n_trials": 0}, "n_trials"),
    ],
)
def test_calls_that_make_no_comparison_are_refused(options, words):
    with pytest.raises(tf.SearchError, match=words):
        run(**options)


# ---------- from the shell, and in parallel ----------


def test_the_shell_compares_and_leaves_a_table(frame, tmp_path):
    frame.to_csv(tmp_path / "t.csv", index=False)
    words = ["compare", str(tmp_path / "t.csv"), "--target", "y", "--recipe", "knn", "--cv", "2"]
    words += ["--samplers", "random,tpe", "--seeds", "2", "--trials", "2"]
    words += ["--storage", str(tmp_path / "c.db"), "--out", str(tmp_path / "c.csv")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert "not separable" in done.stdout
    assert (tmp_path / "c.csv").read_text().startswith("contender,runs,failed")
    assert CliRunner().invoke(app, [*words[:-1], "c.txt"]).exit_code == 2


@pytest.mark.xdist_group("processes")
@pytest.mark.usefixtures("double")
def test_two_trials_at_a_time_give_the_same_comparison_again():
    more = {"samplers": ["random", "tpe"], "n_seeds": 2, "n_trials": 6, "n_jobs": 2}
    first, second = (tf.compare(*rows(), RECIPE, **more) for _ in range(2))
    assert first.runs["score"].tolist() == second.runs["score"].tolist()
    assert first.runs["trials"].tolist() == [6] * 4


def test_task_and_positive_label_are_those_of_every_run():
    X = np.random.default_rng(0).normal(size=(90, 2))
    y = np.where(X[:, 0] > 0.3, "no", "yes")
    options = {"recipes": ["knn", "logistic"], "n_seeds": 1, "n_trials": 1, "scoring": "f1"}
    labels = {
        positive: tf.compare(X, y, pos_label=positive, progress=False, **options).table()["median"]
        for positive in ("no", "yes")
    }
    expected = tf.tune(X, y, "knn", scoring="f1", pos_label="no", n_trials=1).best_score
    assert labels["no"]["knn"] == expected
    assert (labels["no"] != labels["yes"]).all()
    ratings = np.round(X[:, 0]).clip(-1, 1)
    with pytest.raises(tf.TuneflowError, match="which is regression"):
        tf.compare(X, ratings, task="regression", progress=False, **options)
