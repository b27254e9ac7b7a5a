"""The table of trials ranks what can be ranked, and shows the rest."""

from __future__ import annotations

import math

import pytest
from studies import conditional, plain, study

import tuneflow as tf


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
