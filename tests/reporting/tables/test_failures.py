"""Failures are grouped by their reason."""

from __future__ import annotations

import optuna
from studies import study

import tuneflow as tf
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import write_trial_record


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
