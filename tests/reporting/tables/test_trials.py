"""The table of trials ranks what can be ranked, and shows the rest."""

from __future__ import annotations

import math

import optuna
import pytest
from studies import conditional, plain, study

import tuneflow as tf
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import write_trial_record


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
