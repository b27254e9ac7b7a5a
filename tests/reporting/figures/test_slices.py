"""One figure a parameter."""

from __future__ import annotations

import pytest
from studies import study

import tuneflow as tf


def test_log_parameters_have_log_axes_and_shaded_edges():
    report = tf.report(study(60))
    rate, leaves, kind = (report.drawings[f"slice:{n}"].spec for n in ("rate", "leaves", "kind"))
    assert rate["layout"]["xaxis"]["type"] == "log"
    assert "type" not in leaves["layout"]["xaxis"]
    assert [shape["x0"] for shape in leaves["layout"]["shapes"]] == [2, 64 - 62 * 0.05]
    assert rate["layout"]["shapes"][0]["x1"] == pytest.approx(0.01 * 100**0.05)
    assert kind["layout"]["xaxis"]["ticktext"] == ["a", "b", "None"]


def test_inactive_trials_are_shown_as_inactive():
    report = tf.report(study(60))
    frame = report.tables["trials"].query("state == 'complete'")
    traces = {trace["name"]: trace for trace in report.drawings["slice:depth"].spec["data"]}
    assert len(traces["inactive"]["x"]) == frame["depth"].isna().sum()
    assert traces["inactive"]["xaxis"] == "x2"
