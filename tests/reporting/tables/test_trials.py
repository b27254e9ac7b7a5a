"""The table of trials ranks what can be ranked, and shows the rest; times add up;
scores by fold and by rung are those that were recorded."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pandas as pd
import pytest
from studies import conditional, holdout, plain, study

import tuneflow as tf
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import HOLDOUT, write_trial_record


def test_choices_that_are_none_do_not_look_inactive():
    frame = tf.report(study(40)).tables["trials"]
    assert set(frame["kind"]) == {"a", "b", "None"}
    assert (frame["depth"].notna() == (frame["kind"] == "b")).all()


def test_infinite_scores_are_shown_and_never_ranked():
    report = tf.report(plain(20, conditional))
    trials = report.tables["trials"]
    assert trials["score"].eq(math.inf).sum() == 4
    assert trials.loc[trials["score"].eq(math.inf), "rank"].isna().all()
    assert report.record.best.number == trials["score"].idxmin()
    assert "score is not finite" in report.tables["failures"].index
    assert any("not finite" in warning for warning in report.panels[0].warnings)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_the_best_and_the_improvement_follow_the_direction(direction):
    report = tf.report(study(60, ours=False, direction=direction))
    trials = report.tables["trials"]
    complete = trials[trials["state"] == "complete"]
    best = complete["score"].max() if direction == "maximize" else complete["score"].min()
    assert complete.loc[complete["rank"] == 1, "score"].tolist() == [best]
    assert report.tables["studies"].loc["churn", "best"] == best
    assert complete["improvement"].max() == abs(best - trials.loc[0, "score"])
    steps = [value for value in report.figures["history"].data[-1].y if value is not None]
    assert steps == sorted(steps, reverse=direction == "minimize")


def test_failures_are_grouped_by_the_error_inside():
    failures = tf.report(study(60)).tables["failures"]
    assert set(failures.index) == {"BoosterError", "ValueError"}
    assert failures["trials"].sum() == 60 // 7
    assert failures.loc["ValueError", "message"] == "ValueError: rate"  # its first line
    assert failures.loc["BoosterError", "parameters"].startswith("rate 0.")


def test_what_ended_a_trial_from_outside_is_named_and_only_what_was_tried_has_failed():
    made = study(6)
    before = tf.report(made)
    known = len(before.tables["failures"])
    for ended in ("timeout", "crashed", "interrupted", "surplus"):
        one = made.ask()
        write_trial_record(one, TrialRecord(ended=ended, error="its process died: SIGKILL"))
        made.tell(one, state=optuna.trial.TrialState.FAIL)
    report = tf.report(made)
    kinds = {"took too long", "its process died", "interrupted"}
    assert kinds <= set(report.tables["failures"].index)
    assert len(report.tables["failures"]) == known + 3
    failed = [text for text in report.panels[0].warnings if "failed" in text]
    assert failed == [f"{known + 2} trials of 10 failed."]


def test_costs_add_up_and_savings_are_estimated():
    report = tf.report(study(60))
    cost, trials = report.tables["cost"], report.tables["trials"]
    assert cost["seconds"].sum() == trials["seconds"].sum() == 60
    assert cost["trials"].sum() == 60
    parts = cost["seconds_fit"] + cost["seconds_score"] + cost["seconds_other"]
    assert np.allclose(parts, cost["seconds"])


def test_what_pruning_saved_is_the_rest_of_a_usual_trial():
    made = optuna.create_study(study_name="s")
    for seconds, state in ((10, "COMPLETE"), (4, "PRUNED"), (3, "PRUNED")):
        one = optuna.trial.create_trial(state=optuna.trial.TrialState[state], value=1.0)
        one.datetime_complete = one.datetime_start + pd.Timedelta(seconds=seconds)
        made.add_trial(one)
    assert tf.report(made).tables["cost"].loc["pruned", "saved"] == 6 + 7


def test_trials_that_ran_at_once_have_lanes_of_their_own():
    lanes = tf.report(study(20)).tables["timeline"]
    assert lanes["worker"].max() == 1
    for _, lane in lanes.groupby("worker"):
        assert (lane["start"].iloc[1:].to_numpy() >= lane["end"].iloc[:-1].to_numpy()).all()


def test_rungs_are_those_recorded_and_in_other_studies_the_steps_reported():
    ours, theirs = (
        tf.report(study(9)).tables["rungs"],
        tf.report(study(9, ours=False)).tables["rungs"],
    )
    first = ours[ours["number"] == 0]
    assert first["folds"].tolist() == [1, 1, 1, 3, 3, 3, 3, 3]
    assert first["budget"].tolist() == [1, 2, 4, 1, 2, 4, 8, 16]
    assert theirs["folds"].isna().all()
    assert theirs.loc[theirs["number"] == 0, "score"].tolist() == first["score"].tolist()[3:]


def test_folds_are_paired_with_the_defaults():
    folds = tf.report(study(9)).tables["folds"]
    base = folds[folds["number"] == 0]["score"].tolist()
    for _, one in folds.groupby("number"):
        expected = [
            score - base[fold] for fold, score in zip(one["fold"], one["score"], strict=True)
        ]
        assert one["improvement"].tolist() == expected


def test_overtuning_is_how_much_an_earlier_leader_was_better_on_held_out_rows():
    frame = tf.report(holdout()).tables["holdout"]
    assert frame.index.tolist() == [0, 4, 9]
    assert frame["overtuned"].round(6).tolist() == [0.0, 0.0, 0.01]
    assert frame["optimism"].round(6).tolist() == [0.07, 0.09, 0.11]


def test_an_estimate_that_is_damaged_is_none():
    made = holdout()
    made.set_user_attr(HOLDOUT, {**made.user_attrs[HOLDOUT], "path": "gone"})
    assert "holdout" not in {panel.key for panel in tf.report(made).panels}
