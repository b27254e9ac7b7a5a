"""Scores in the order of the trials."""

from __future__ import annotations

from studies import study

import tuneflow as tf


def test_pruned_failed_and_complete_trials_differ_in_colour_and_shape():
    spec = tf.report(study(60)).drawings["history"].spec
    marks = [trace["marker"] for trace in spec["data"] if trace["mode"] == "markers"]
    assert len(marks) == 3
    for part in ("color", "symbol"):
        assert len({mark[part] for mark in marks}) == 3
    assert spec["layout"]["annotations"][0]["text"] == "defaults"
