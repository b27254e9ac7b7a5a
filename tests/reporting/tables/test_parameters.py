"""The table of parameters says where good values lie."""

from __future__ import annotations

from studies import SPACES, plain, study

import tuneflow as tf


def test_parameters_have_ranges_edges_and_activity():
    frame = tf.report(study(60)).tables["parameters"]
    assert set(frame.index) == set(SPACES)
    assert frame.loc["rate", ["kind", "low", "high", "log"]].tolist() == ["float", 0.01, 1.0, True]
    assert frame.loc["kind", "choices"] == "a, b, None"
    assert 0 < frame.loc["depth", "active"] < 1
    assert 0.05 < frame.loc["rate", "top_low"] <= frame.loc["rate", "top_high"] < 0.3
    assert frame.index[0] == "rate"  # the only one that matters


def test_a_best_at_an_edge_is_said_to_be():
    edge = plain(
        30, lambda trial: trial.suggest_float("x", 0, 10) + 0 * trial.suggest_int("n", 1, 2)
    )
    report = tf.report(edge)
    assert report.tables["parameters"].loc["x", "edge"] == "low"
    assert any(
        "edge of the range of" in text and "x" in text for text in report.panels[0].warnings
    )
