"""Times add up, and what was saved is estimated."""

from __future__ import annotations

import numpy as np
import optuna
import pandas as pd
from studies import study

import tuneflow as tf


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
