"""The verdict says whether it was worth it, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import optuna
from studies import HEADER, SPACES, holdout, plain, study

import tuneflow as tf
from tuneflow.reporting import format as fmt
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import write_header, write_trial_record


def test_the_interval_is_that_of_the_corrected_paired_test():
    made = optuna.create_study(direction="maximize")
    for scores in ([0.5, 0.6, 0.7], [0.6, 0.8, 0.7]):
        one = made.ask({"x": SPACES["rate"]})
        write_trial_record(one, TrialRecord(scores=scores))
        made.tell(one, float(np.mean(scores)))
    half = 4.302653 * 0.1 * math.sqrt(1 / 3 + 1 / 2)
    low, high = fmt.signed(0.1 - half), fmt.signed(0.1 + half)
    said = f"paired over 3 folds the improvement is {low} to {high} at 95\xa0%"
    assert said in tf.report(made).panels[0].note
    assert "by +0.1 on average (0 to +0.2)" in tf.report(made).to_markdown().replace("\\", "")


def test_an_improvement_that_may_be_chance_is_called_so():
    made = optuna.create_study(direction="maximize")
    for scores in ([0.5, 0.6, 0.7], [0.9, 0.5, 0.7]):
        one = made.ask({"x": SPACES["rate"]})
        write_trial_record(one, TrialRecord(scores=scores))
        made.tell(one, float(np.mean(scores)))
    report = tf.report(made)
    assert "so the improvement may be chance" in report.panels[0].note
    assert "Better on 1 of 3 folds" in report.to_markdown()


def test_defaults_that_stay_the_best_are_said_to_be():
    made = plain(1, lambda trial: 1.0)
    assert "nothing was found to be better than the first trial" in tf.report(made).panels[0].note


def test_the_share_that_the_sampler_modelled_is_named():
    made = study(9)
    write_header(made, replace(HEADER, modelled=0.5))
    assert any("modelled 50" in text for text in tf.report(made).panels[0].warnings)


def test_held_out_rows_have_a_panel_a_card_and_no_advice_to_hold_some_out():
    report = tf.report(holdout())
    panels = {panel.key: panel for panel in report.panels}
    said = panels["holdout"].note
    assert said.startswith("roc_auc 0.8 on 50 held-out rows (0.75 to 0.86 at 95\xa0%); 0.91 in")
    assert "these were too good, by 0.11" in said
    assert "improvement over the defaults is +0.02 (-0.01 to +0.05), so it may be chance" in said
    assert "Trial 4 was better there by 0.01" in said
    assert ("held out", "0.8", "0.75 to 0.86 at 95\xa0%") in panels["verdict"].cards
    assert not any("holds rows out" in warning for warning in panels["verdict"].warnings)
    assert tf.report(study()).panels[0].warnings[-1].endswith("test_size holds rows out.")
    assert "holdout" not in {panel.key for panel in tf.report(study()).panels}
