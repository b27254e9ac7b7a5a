"""What is written into a study comes back as it was, through any storage, and as JSON only."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, replace

import optuna
import pytest

import tuneflow as tf
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.open import open_storage
from tuneflow.storage.optuna_internals import queued_point
from tuneflow.storage.records import FORMAT, Header, TrialRecord
from tuneflow.storage.user_attrs import (
    GOAL,
    KEY,
    read_goal,
    read_header,
    read_holdout,
    read_retry,
    read_trial_record,
    write_header,
    write_trial_record,
)

HEADER = Header(
    recipe="<b>mine</b>",
    recipe_digest="r",
    recipe_json='{"title": "ä \\u2028"}',
    task="binary",
    scoring="roc_auc",
    direction="maximize",
    data="d",
    rows=10,
    columns=3,
    folds="f",
    n_folds=5,
    sampler="tpe",
    pruner="median",
    random_state=0,
    modelled=1 / 3,
    ratio=0.25,
    test_size=0.2,
    cv=5.0,
    pruner_options={"n_startup_trials": 3},
    notes=("one", "two"),
)
ENTRY = TrialRecord(
    scores=[0.5, 1 / 3],
    budget=1.25,
    amount=7,
    curve=[(1, 1.0, 0.1), (5, 1.25, 0.2)],
    ended="patience",
    error="ValueError: ä\nsecond line",
    seconds_fit=0.1,
    seconds_score=1e-9,
)
#: What a call may change and still go on with the same study.


@pytest.fixture
def study():
    """A study without trials, in memory."""
    return optuna.create_study(study_name="s")


@pytest.mark.parametrize("where", [None, "a.db", "a.journal"])
def test_header_and_entry_come_back_as_they_were_and_are_json(where, tmp_path):
    storage = open_storage(where and tmp_path / where)
    study = optuna.create_study(storage=storage, study_name="s")
    write_header(study, HEADER)
    trial = study.ask()
    write_trial_record(trial, ENTRY)
    study.tell(trial, 0.5)
    again = optuna.load_study(study_name="s", storage=storage)
    assert read_header(again) == HEADER
    assert read_trial_record(again.trials[0]) == ENTRY
    assert set(again.user_attrs) == set(again.trials[0].user_attrs) == {KEY}
    json.dumps([again.user_attrs, again.trials[0].user_attrs], allow_nan=False)


@pytest.mark.parametrize("score", [math.nan, math.inf, -math.inf])
def test_scores_that_are_not_finite_are_stored_as_gaps(study, score):
    write_trial_record(study.ask(), replace(ENTRY, scores=[score, 1.0], curve=[(1, 1.0, score)]))
    entry = read_trial_record(study.trials[0])
    assert study.trials[0].user_attrs[KEY]["scores"] == [None, 1.0]
    assert math.isnan(entry.scores[0])
    assert math.isnan(entry.curve[0][2])


@pytest.mark.parametrize(
    "damage", [{"scores": "many"}, {"scores": {}}, {"budget": []}, {"ended": 3}, {"tomorrow": 1}]
)
def test_an_entry_that_is_damaged_is_none(study, damage):
    trial = study.ask()
    trial.set_user_attr(KEY, {**asdict(ENTRY), **damage})
    assert read_trial_record(study.trials[0]) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"rows": "many"},
        {"cv": []},
        {"notes": 3},
        {"versions": []},
        {"recipe_json": ""},
        {"recipe_json": "[1]"},
    ],
)
def test_a_header_that_holds_other_types_is_refused(study, damage):
    study.set_user_attr(KEY, {**asdict(HEADER), **damage})
    with pytest.raises(tf.StudyError, match="its header is damaged"):
        read_header(study)


@pytest.mark.parametrize("wrong", ["3", [3], True, 3.0])
def test_numbers_that_are_none_are_not_taken_for_numbers(study, wrong):
    study.set_user_attr(GOAL, wrong)
    assert read_goal(study) is None


def test_what_tuneflow_did_not_write_is_none(study):
    assert read_header(study) is None
    study.ask()
    assert read_trial_record(study.trials[0]) is None
    assert queued_point(study.trials[0]) is None


def test_a_queued_point_is_known_before_and_after_it_is_tried(study):
    study.enqueue_trial({"x": 0.5})
    assert queued_point(study.trials[0]) == {"x": 0.5}
    study.ask().suggest_float("x", 0, 1)
    assert queued_point(study.trials[0]) == {"x": 0.5}


@pytest.mark.parametrize("found", [FORMAT + 1, None, "1"])
def test_a_header_of_another_format_is_refused(found, study):
    study.set_user_attr(KEY, {"format": found, "new": True})
    with pytest.raises(tf.StudyError, match=f"reads format {FORMAT}; got {found!r}"):
        read_header(study)


@pytest.mark.parametrize("found", [{"format": FORMAT}, {"format": FORMAT, "new": 1}, "text", [1]])
def test_a_header_that_is_damaged_is_refused(found, study):
    study.set_user_attr(KEY, found)
    with pytest.raises(tf.StudyError, match="'s': "):
        read_header(study)


@pytest.mark.parametrize("found", ["text", [1], {"scores": [1.0], "colour": "red"}])
def test_an_entry_of_another_making_is_none(found, study):
    study.ask().set_user_attr(KEY, found)
    assert read_trial_record(study.trials[0]) is None


HEADER_OF_0_1 = {
    "recipe": "knn",
    "recipe_digest": "2f9c",
    "recipe_json": '{"title": "Nearest neighbours"}',
    "task": "regression",
    "scoring": "neg_root_mean_squared_error",
    "direction": "maximize",
    "data": "e6878fbb90314637",
    "rows": 353,
    "columns": 10,
    "folds": "9ac81e322e39ecb1",
    "n_folds": 2,
    "sampler": "tpe",
    "pruner": "median",
    "random_state": 0,
    "modelled": 1.0,
    "cv": 2.0,
    "pruner_options": {"n_startup_trials": 5},
    "weighted": False,
    "also": [],
    "ratio": 1.0000160503338469,
    "test_size": 0.2,
    "notes": [],
    "versions": {"tuneflow": "0.1.0", "optuna": "5.0.0"},
    "format": 1,
}
HOLDOUT_OF_0_1 = {
    "scoring": "neg_root_mean_squared_error",
    "rows": 89,
    "inner": -58.2,
    "score": -58.7,
    "low": -67.5,
    "high": -49.3,
    "default": None,
    "gain_low": 0.6,
    "gain_high": 11.0,
    "path": [[0, -61.9, -64.8], [1, -58.2, -58.7]],
}
TRIAL_OF_0_1 = {
    "scores": [-62.8, -61.0],
    "budget": 1.0,
    "amount": 176,
    "curve": [[1, 1.0, -62.8], [2, 1.0, -61.9]],
    "ended": "complete",
    "error": "",
    "seconds_fit": 0.049,
    "seconds_score": 0.012,
    "loss": None,
    "gradient": {},
    "also": {},
}


def test_what_version_0_1_wrote_is_read(study):
    study.set_user_attr("tuneflow", HEADER_OF_0_1)
    study.set_user_attr("tuneflow:outer", HOLDOUT_OF_0_1)
    study.set_user_attr("tuneflow:goal", 3)
    study.set_user_attr("tuneflow:at work:host:23059:1795838001.63:0", 0.0)
    trial = study.ask()
    trial.set_user_attr("tuneflow", TRIAL_OF_0_1)
    trial.set_user_attr("tuneflow:by", "host:23059:1795838001.63:0")
    study.tell(trial, -61.9)
    study.enqueue_trial({}, user_attrs={"tuneflow:retry of": 0})
    assert read_header(study).test_size == 0.2
    holdout = read_holdout(study)
    assert (holdout.improvement_low, holdout.improvement_high) == (0.6, 11.0)
    assert math.isnan(holdout.default)
    assert holdout.path == ((0, -61.9, -64.8), (1, -58.2, -58.7))
    assert read_goal(study) == 3
    record = read_trial_record(study.trials[0])
    assert record == TrialRecord(**{**TRIAL_OF_0_1, "curve": [(1, 1.0, -62.8), (2, 1.0, -61.9)]})
    assert read_retry(study.trials[1]) == 0
    assert not Heartbeat(study).others()
    assert not Heartbeat(study).abandoned()
