"""The contract of `tune()`: what is tried, in what order, and what is never lost."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import optuna
import pandas as pd
import pytest
from doubles import RECIPE, Counting, is_odd, rows, told
from tables import table, target

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.search.samplers import SAMPLERS
from tuneflow.search.strategy import PRUNERS
from tuneflow.storage.user_attrs import CLAIM, KEY, read_header, read_trial_record

COMPLETE = optuna.trial.TrialState.COMPLETE
PRUNED = optuna.trial.TrialState.PRUNED


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM; hand a test its class to change."""
    kind = type("Mine", (Counting,), {})
    monkeypatch.setattr(sys.modules["doubles"], "Mine", kind, raising=False)
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Mine"))
    return kind


def run(n_trials=8, **more):
    X, y = rows()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        return tf.tune(X, y, more.pop("recipe", RECIPE), n_trials=n_trials, **more)


def fails_on(wanted, error):
    def on_grow(values):
        if wanted(values):
            raise error

    return staticmethod(on_grow)


# ---------- what is tried ----------


@pytest.mark.usefixtures("double")
def test_defaults_come_first_then_starting_points_then_the_sampler():
    recipe = RECIPE.replace(start=[{"params": {"x": 0.5}}, {"params": {"kind": "b", "n": 3}}])
    result = run(5, recipe=recipe)
    tried = [trial.params for trial in result.study.trials]
    assert tried[0] == {"x": 0.9, "kind": "a"}
    assert tried[1] == {"x": 0.5, "kind": "a"}
    assert tried[2] == {"x": 0.9, "kind": "b", "n": 3}
    assert len(tried) == 5


@pytest.mark.usefixtures("double")
def test_a_starting_point_outside_the_space_is_clipped_and_reported():
    recipe = RECIPE.replace(start=[{"params": {"x": 7.0}}])
    result = run(2, recipe=recipe)
    assert result.study.trials[1].params["x"] == 1.0
    assert read_header(result.study).notes == (
        "start: x = 7.0 lies outside the space; 1.0 is tried.",
    )
    assert "1.0 is tried" in repr(result)


def test_starting_points_of_a_recipe_that_a_small_table_moves_are_no_matter_for_a_note():
    X = np.random.default_rng(0).normal(size=(60, 3))
    how = {"n_trials": 1, "cv": 3, "progress": False}
    assert "start: " not in repr(tf.tune(X, X[:, 0], "lightgbm", **how))
    own = tf.tune(X, X[:, 0], "lightgbm", start=[{"min_child_samples": 40}], **how)
    assert "start: min_child_samples = 40 lies outside the space" in repr(own)


@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
@pytest.mark.usefixtures("double")
def test_every_sampler_word_runs_on_a_conditional_space(sampler):
    result = run(14, sampler=sampler)
    assert len(result.study.trials) == (10 if sampler == "grid" else 14)
    assert result.best_score >= result.default_score


@pytest.mark.parametrize("pruner", sorted(PRUNERS))
@pytest.mark.usefixtures("double")
def test_every_pruner_word_runs(pruner):
    result = run(20, sampler="random", pruner=pruner)
    pruned = [t for t in result.study.trials if t.state.name == "PRUNED"]
    assert len(result.study.trials) == 20
    assert not (pruner == "none" and pruned)
    assert not (pruner in ("median", "percentile", "halving", "hyperband") and not pruned)


@pytest.mark.usefixtures("double")
def test_the_grid_runs_every_point_once_and_stops():
    space = RECIPE.space_for("regression")
    assert len(list(space.grid())) == 9  # 3 x for kind a; 3 x times 2 n for kind b
    result = run(None, sampler="grid")
    tried = [tuple(trial.params.items()) for trial in result.study.trials]
    assert len(tried) == len(set(tried)) == 10  # and the defaults, which are not on the grid


@pytest.mark.usefixtures("double")
def test_what_a_sampler_cannot_model_is_said_once_and_kept():
    X, y = rows()
    with pytest.warns(
        tf.TuneflowWarning, match=r"'cmaes' models 33% .* kind, n are not"
    ) as caught:
        result = tf.tune(X, y, RECIPE, sampler="cmaes", n_trials=8)
    assert sum("models" in str(warning.message) for warning in caught) == 1
    header = read_header(result.study)
    assert header.modelled == pytest.approx(1 / 3)
    assert "kind, n" in header.notes[0]


@pytest.mark.usefixtures("double")
def test_a_sampler_object_is_never_shared_between_studies():
    sampler = optuna.samplers.RandomSampler(seed=3)
    assert told(run(4, sampler=sampler).study) == told(run(4, sampler=sampler).study)


# ---------- growth ----------


@pytest.mark.usefixtures("double")
def test_all_folds_climb_the_same_rungs():
    entry = read_trial_record(run(1).study.trials[0])
    assert [budget for _, budget, _ in entry.curve] == [1, 2, 4, 8, 16]
    assert entry.amount == 16
    assert len(entry.scores) == 5


@pytest.mark.usefixtures("double")
def test_only_rungs_that_decide_are_reported():
    steps = run(1, pruner="median").study.trials[0].intermediate_values
    assert list(steps) == [1, 2, 3]  # at 2, 4 and 8: not at 1, which is noise, nor at the last
    assert not run(1, pruner="none").study.trials[0].intermediate_values


PROBING = RECIPE.replace(growth={"probe": 9})  # rows; a fold of the double scores eight


@pytest.mark.usefixtures("double")
def test_a_probe_takes_as_many_folds_as_hold_its_rows_and_the_others_join_later():
    entry = read_trial_record(run(1, recipe=PROBING).study.trials[0])
    assert [(folds, budget) for folds, budget, _ in entry.curve] == [
        *((2, budget) for budget in (1, 2, 4, 8, 16)),
        *((5, budget) for budget in (1, 2, 4, 8, 16)),
    ]
    assert len(entry.scores) == 5


def test_a_probe_is_not_grown_twice_and_changes_no_score(double):
    grown: list[dict] = []
    double.on_grow = staticmethod(grown.append)
    probing, in_step = (run(3, recipe=recipe).study for recipe in (PROBING, RECIPE))
    assert told(probing) == told(in_step)
    assert len(grown) == 2 * (3 * 5 * 5 + 1)  # trials, folds, rungs; and the refit


def test_a_trial_has_learners_for_all_its_folds_before_one_of_them_grows(double, monkeypatch):
    events: list[str] = []
    double.on_grow = staticmethod(lambda values: events.append("grow"))
    made = double.learner
    monkeypatch.setattr(double, "learner", lambda *a: events.append("learner") or made(*a))
    run(1)
    assert events[:6] == [*["learner"] * 5, "grow"]


def test_first_steps_on_all_folds_do_not_replace_a_finished_probe_when_time_is_up(double):
    grown = []

    def on_grow(values):
        grown.append(values)
        if len(grown) == 13:  # two folds on five rungs, then the other three on the first
            time.sleep(1.1)

    double.on_grow = staticmethod(on_grow)
    entry = read_trial_record(run(1, recipe=PROBING, timeout=1).study.trials[0])
    assert entry.ended == "deadline"
    assert tuple(entry.curve[-1][:2]) == (5, 1)
    assert (len(entry.scores), entry.budget) == (2, 16)


@pytest.mark.usefixtures("double")
def test_the_end_of_a_probe_decides_as_its_rungs_do():
    steps = run(1, pruner="median", recipe=PROBING).study.trials[0].intermediate_values
    assert list(steps) == [1, 2, 3, 4, 5, 6, 7]  # two folds at 2, 4, 8, 16; five at 2, 4, 8


@pytest.mark.usefixtures("double")
def test_a_trial_given_up_on_its_probe_has_no_score_on_the_other_folds():
    study = run(12, pruner="halving", recipe=PROBING).study
    entries = [read_trial_record(t) for t in study.trials if t.state == PRUNED]
    assert {len(entry.scores) for entry in entries} <= {2, 5}
    assert any(len(entry.scores) == 2 for entry in entries)


@pytest.mark.usefixtures("double")
def test_a_trial_that_has_peaked_stops_at_patience():
    growth = {"patience": 1.5, "last": 1024}
    entry = read_trial_record(run(1, recipe=RECIPE.replace(growth=growth)).study.trials[0])
    assert entry.ended == "complete"  # it never peaks: more is always better for the double
    assert entry.budget == 1024


@pytest.mark.usefixtures("double")
def test_the_defaults_run_to_their_end_whatever_the_pruner_says():
    everything = optuna.pruners.ThresholdPruner(upper=-1e9)
    states = [trial.state for trial in run(4, pruner=everything).study.trials]
    assert states == [COMPLETE, PRUNED, PRUNED, PRUNED]


@pytest.mark.usefixtures("double")
def test_wilcoxon_sees_single_folds_and_the_others_running_means():
    raw = run(1, pruner="wilcoxon").study.trials[0]
    means = run(1, pruner="median", recipe=RECIPE.replace(growth={"schedule": "folds"}))
    assert list(raw.intermediate_values) == [1, 2, 3, 4]
    assert list(means.study.trials[0].intermediate_values) == [1, 2, 3, 4]


# ---------- again, and again ----------


@pytest.mark.parametrize("sampler", ["random", "qmc", "tpe", "bohb", "cmaes", "nsga2", "gradient"])
@pytest.mark.usefixtures("double")
def test_the_same_call_gives_the_same_trials_and_a_resumed_one_goes_on_alike(sampler, tmp_path):
    whole = told(run(16, sampler=sampler).study)
    assert told(run(16, sampler=sampler).study) == whole
    storage = tmp_path / "study.journal"
    run(7, sampler=sampler, storage=storage)
    assert told(run(16, sampler=sampler, storage=storage).study) == whole


@pytest.mark.parametrize(
    ("more", "pruner"),
    [
        ({"sampler": "bohb"}, "hyperband"),
        ({"sampler": "bohb", "pruner": "median"}, "median"),
        ({"sampler": "gradient"}, "none"),
        ({"sampler": "nsga2"}, "none"),
        ({}, RECIPE.pruner),
    ],
)
@pytest.mark.usefixtures("double")
def test_a_sampler_brings_the_pruner_that_belongs_to_it(more, pruner):
    study = run(12, **more).study
    assert read_header(study).pruner == pruner
    if pruner == "hyperband":
        brackets = {key for t in study.trials for key in t.system_attrs if "completed_rung" in key}
        assert len(brackets) > 1


@pytest.mark.parametrize("file", ["study.db", "study.journal"])
@pytest.mark.usefixtures("double")
def test_the_same_call_twice_does_no_work_twice(file, tmp_path):
    first = run(6, storage=tmp_path / file)
    second = run(6, storage=tmp_path / file)
    assert told(first.study) == told(second.study)
    assert first.best_score == second.best_score


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"random_state": 1}, "random_state: 0 there, 1 here"),
        ({"scoring": "r2"}, "scoring"),
        ({"cv": 4}, "folds"),
        ({"sampler": "random"}, "sampler: 'tpe' there, 'random' here"),
        ({"recipe": RECIPE.replace(space={"x": {"high": 0.95}})}, "recipe_digest"),
    ],
)
@pytest.mark.usefixtures("double")
def test_a_study_about_something_else_is_refused_and_left_alone(change, differs, tmp_path):
    before = told(run(3, storage=tmp_path / "a.db").study)
    with pytest.raises(tf.StudyError, match=differs):
        run(5, storage=tmp_path / "a.db", **change)
    assert told(run(3, storage=tmp_path / "a.db").study) == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda X, y: (X.assign(a=X.a + 1), y), "; 'a' changed, in about 100 % of the rows"),
        (lambda X, y: (X.assign(b=[5.0, *X.b[1:]]), y), "; 'b' changed, in about 1 % of"),
        (lambda X, y: (X, [*y[:150], *-y[150:]]), "; the target changed, in about 25 % of"),
        (lambda X, y: (X[::-1], y), "; 'a', 'b', 'c' changed, in about 100 % of the rows"),
        (lambda X, y: (X[:180], y[:180]), "; 200 rows of 3 columns there, 180 of 3 here"),
    ],
    ids=["a column", "a cell", "the target", "the order", "fewer rows"],
)
def test_a_table_that_changed_is_refused_by_what_changed(change, message, tmp_path):
    draw = np.random.default_rng(0)
    X, y = pd.DataFrame(draw.normal(size=(200, 3)), columns=[*"abc"]), draw.normal(size=200)
    how = {"n_trials": 1, "storage": tmp_path / "a.db", "progress": False}
    tf.tune(X, y, "ridge", **how)
    with pytest.raises(tf.StudyError, match=re.escape(message)):
        tf.tune(*change(X, y), "ridge", **how)


@pytest.mark.usefixtures("double")
def test_a_study_that_tuneflow_did_not_make_is_refused(tmp_path):
    url = f"sqlite:///{tmp_path / 'a.db'}"
    study = optuna.create_study(storage=url, study_name="mine", direction="maximize")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    with pytest.raises(tf.StudyError, match="no header"):
        run(3, storage=tmp_path / "a.db", study_name="mine")


@pytest.mark.usefixtures("double")
def test_what_the_ledger_holds_is_json_in_a_database(tmp_path):
    study = run(3, storage=tmp_path / "a.db").study
    loaded = optuna.load_study(study_name="double", storage=f"sqlite:///{tmp_path / 'a.db'}")
    assert read_header(loaded) == read_header(study)
    assert [read_trial_record(t) for t in loaded.trials] == [
        read_trial_record(t) for t in study.trials
    ]
    assert set(loaded.trials[0].user_attrs) == {KEY, CLAIM}


# ---------- failures ----------


def test_a_refusal_of_the_model_fails_the_trial_with_its_reason(double):
    double.on_grow = fails_on(is_odd, ValueError("x is too large"))
    result = run(12, sampler="random")
    failed = [t for t in result.study.trials if t.state.name == "FAIL"]
    assert failed
    assert "ValueError: x is too large" in read_trial_record(failed[0]).error
    assert "x is too large" in repr(result)
    assert np.isfinite(result.default_score)


def test_if_every_trial_fails_the_first_reason_is_told_at_once(double):
    double.on_grow = fails_on(lambda values: True, ValueError("never"))
    with pytest.raises(tf.NoTrialError, match=r"no trial came to a score. 1 x ValueError: never"):
        run(3)


def test_a_model_that_refuses_every_row_is_told_and_its_trials_are_kept(double, tmp_path):
    """Each fold grows in five rungs, then comes the refit."""
    storage, grown = tmp_path / "a.db", []

    def on_grow(values):
        grown.append(values)
        if len(grown) > 2 * 5 * 5:
            raise ValueError

    double.on_grow = staticmethod(on_grow)
    with pytest.raises(tf.TrialError, match=r"refit: .* got ValueError from trial .: "):
        run(2, storage=storage)
    kept = optuna.load_study(study_name=None, storage=f"sqlite:///{storage}")
    assert [trial.state.name for trial in kept.trials] == ["COMPLETE", "COMPLETE"]


def test_any_exception_of_a_trial_fails_it_and_a_refusal_stops_the_study_and_says_where(
    double, tmp_path
):
    double.on_grow = fails_on(lambda values: values["kind"] == "b", ZeroDivisionError("bug"))
    assert "ZeroDivisionError: bug" in repr(run(12, sampler="random"))
    double.on_grow = fails_on(lambda values: values["kind"] == "b", tf.DataError("bug"))
    with pytest.raises(tf.DataError) as caught:
        run(30, sampler="random", storage=tmp_path / "a.db")
    assert "recipe double, trial" in caught.value.__notes__[0]
    double.on_grow = staticmethod(lambda values: None)
    kept = run(30, sampler="random", storage=tmp_path / "a.db").study.trials
    assert len([t for t in kept if t.state == COMPLETE]) == 29  # the failed one counts


def test_a_score_that_is_not_finite_fails_the_trial():
    X, y = rows()
    answers = iter(
        [0.5] + [float("nan")] * 99
    )  # the first is the probe, before anything is fitted

    def scorer(model, X, y):
        model.predict(X)
        return next(answers)

    with pytest.raises(tf.NoTrialError, match="scorer must be finite; got nan on fold 0"):
        tf.tune(X, y, "knn", scoring=scorer, n_trials=2)


def test_ctrl_c_returns_what_was_found_and_the_next_call_finishes_the_rest(double, tmp_path):
    double.on_grow = fails_on(lambda values: values["kind"] == "b", KeyboardInterrupt())
    result = run(20, sampler="random", storage=tmp_path / "a.db")
    assert 0 < len([t for t in result.study.trials if t.state == COMPLETE]) < 20
    assert "interrupted" in repr(result)
    double.on_grow = staticmethod(lambda values: None)
    done = run(20, sampler="random", storage=tmp_path / "a.db").study.trials
    assert len([t for t in done if t.state == COMPLETE]) == 20


def test_ctrl_c_before_the_first_trial_is_ctrl_c(double):
    double.on_grow = fails_on(lambda values: True, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(3)


SLOW = """
import sys, time; sys.path.insert(0, {tests!r})
from doubles import RECIPE, Counting, rows
import tuneflow as tf
from tuneflow.models import pipeline as engines
engines.ENGINES["lightgbm"] = ("doubles", "Counting")
Counting.on_grow = staticmethod(lambda values: time.sleep(0.02))
tell = lambda study, trial: print(trial.number, flush=True)
tf.tune(*rows(), RECIPE, sampler="random", n_trials=99, storage={storage!r}, callbacks=[tell])
"""


@pytest.mark.parametrize("file", ["a.db", "a.journal"])
@pytest.mark.usefixtures("double")
def test_a_killed_process_loses_only_the_trial_in_flight(file, tmp_path):
    code = SLOW.format(
        tests=os.path.dirname(os.path.dirname(__file__)), storage=str(tmp_path / file)
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        told = [process.stdout.readline() for _ in range(5)]
        process.send_signal(signal.SIGKILL)
    assert told[-1].strip() == b"4"
    states = [
        t.state.name for t in run(12, sampler="random", storage=tmp_path / file).study.trials
    ]
    assert states.count("COMPLETE") == 12
    assert set(states) <= {"COMPLETE", "FAIL"}  # the one in flight is marked, and does not count


# ---------- what a tired user does ----------


def bad_calls():
    frame = table(60)
    y = target(frame, "binary")
    yield "wrong target name", frame.assign(churn=y), "chrun", {}, "Did you mean 'churn'"
    yield "one class", frame, ["a"] * 60, {}, "at least two different values"
    yield "empty target", frame, [np.nan] * 60, {}, "60 of 60 rows without one"
    yield "gap in the target", frame, [None, *y[1:]], {}, "1 of 60 rows without one"
    yield "lengths", frame, y[:50], {}, "got 50 for 60 rows"
    yield "metric of another task", frame, y, {"scoring": "r2"}, "which is binary; got 'r2'"
    yield "unknown metric", frame, y, {"scoring": "roc_acu"}, "Did you mean 'roc_auc'"
    yield "unknown recipe", frame, y, {"recipe": "ligthgbm"}, "Did you mean 'lightgbm'"
    yield "unknown sampler", frame, y, {"sampler": "tep"}, "Did you mean 'tpe'"
    yield "unknown pruner", frame, y, {"pruner": "medain"}, "Did you mean 'median'"
    yield "no gradients", frame, y, {"sampler": "gradient"}, "or one of the recipes elastic_net"
    yield "bad pruner option", frame, y, {"pruner": {"name": "median", "x": 1}}, "these options"
    yield "no end", frame, y, {"n_trials": None}, "something must end the search"
    yield "no trials", frame, y, {"n_trials": 0}, "at least one trial"
    yield "no seconds", frame, y, {"timeout": 0}, "above zero"
    yield "no workers", frame, y, {"n_jobs": 0}, "-1 for all cores; got 0"
    dusk = tf.Workers(backend="dusk")
    yield "unknown backend", frame, y, {"n_jobs": dusk}, "Did you mean 'dask'"
    yield "folds", frame, y, {"cv": 1}, "at least 2"
    yield "seed", frame, y, {"random_state": None}, "whole number"
    yield "no folder", frame, y, {"storage": "/nowhere/a.db"}, "a folder that exists"
    yield (
        "task",
        frame,
        target(frame, "regression"),
        {"recipe": "logistic"},
        "is for binary, multi",
    )


@pytest.mark.parametrize("call", [pytest.param(call, id=call[0]) for call in bad_calls()])
def test_a_wrong_call_says_what_is_wrong_before_anything_is_fitted(call):
    _, X, y, more, message = call
    with pytest.raises(tf.TuneflowError, match=message):
        tf.tune(X, y, **{"n_trials": 1, **more})


@pytest.mark.parametrize("file", ["a.db", "a.journal"])
def test_a_corrupt_file_is_refused_and_not_touched(file, tmp_path, frame):
    (tmp_path / file).write_bytes(b"this is no study\n" * 100)
    with pytest.raises(tf.StudyError, match=file):
        tf.tune(frame, "y", "knn", n_trials=1, storage=tmp_path / file)
    assert (tmp_path / file).read_bytes() == b"this is no study\n" * 100


def test_timeout_is_kept_to_within_a_rung(double):
    double.on_grow = staticmethod(lambda values: time.sleep(0.05))
    result = run(None, timeout=2.0, sampler="random")
    last = result.study.trials[-1]
    assert read_trial_record(last).ended in ("deadline", "complete")
    ended = (last.datetime_complete - result.study.trials[0].datetime_start).total_seconds()
    assert ended < 2.0 + 5 * 0.05 + 1.0  # a rung of five folds, and room for a busy machine


def test_callbacks_see_every_trial(double):
    seen = []
    run(4, callbacks=[lambda study, trial: seen.append(trial.number)])
    assert seen == [0, 1, 2, 3]
