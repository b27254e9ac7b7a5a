"""What is written into a study comes back as it was, through any storage, and as JSON only."""

from __future__ import annotations

import json
import math
import sys
from dataclasses import asdict, fields, replace
from importlib.metadata import PackageNotFoundError

import optuna
import pytest

import tuneflow as tf
from tuneflow.storage import records as room
from tuneflow.storage.open import open_storage
from tuneflow.storage.records import (
    FORMAT,
    GOAL,
    KEY,
    Header,
    TrialRecord,
    queued_point,
    read_goal,
    read_header,
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
TOLD = {"recipe_json", "rows", "columns", "n_folds", "cv", "modelled", "notes", "versions"}
TOLD |= {"ratio", "test_size"}
OTHER = {str: "other", int: 99, bool: True, float: 0.5, tuple: ("other",), dict: {"numpy": "0"}}


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


@pytest.mark.parametrize("name", [field.name for field in fields(Header)])
def test_headers_differ_in_what_makes_scores_comparable_and_in_nothing_else(name):
    value = getattr(HEADER, name)
    other = replace(HEADER, **{name: OTHER[type(value)]})
    differences = HEADER.differences(other)
    assert len(differences) == (name not in TOLD)
    assert all(line.startswith(f"{name}: {value!r} there") for line in differences)


def test_the_header_names_the_versions_that_wrote_it():
    assert HEADER.versions["optuna"] == optuna.__version__


def test_a_library_without_metadata_is_told_as_it_tells_itself(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(room, "version", missing)
    monkeypatch.delitem(sys.modules, "xgboost", raising=False)
    versions = replace(HEADER, versions=room._versions()).versions
    assert versions["tuneflow"] == tf.__version__
    assert versions["xgboost"] == "unknown"
