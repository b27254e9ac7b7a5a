"""One figure a parameter, and parameters beside each other."""

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


def test_the_contour_is_about_the_two_most_important_only():
    report = tf.report(study(60))
    first, second = report.tables["parameters"].index[:2]
    layout = report.drawings["contour"].spec["layout"]
    assert layout["xaxis"]["title"]["text"] == first
    assert layout["yaxis"]["title"]["text"] == second


def test_cells_of_the_contour_lie_on_the_scales_of_the_parameters_and_hold_their_best_trial():
    report = tf.report(study(60))
    spec = report.drawings["contour"].spec
    heat, (first, second) = spec["data"][0], report.tables["parameters"].index[:2]
    assert (first, spec["layout"]["xaxis"]["type"]) == ("rate", "log")
    assert (len(heat["x"]), len(heat["y"])) == (len(heat["z"][0]) + 1, len(heat["z"]) + 1)
    assert heat["x"][1] / heat["x"][0] == pytest.approx(heat["x"][-1] / heat["x"][-2], rel=1e-4)
    trials = report.tables["trials"].query("state == 'complete'").dropna(subset=[first, second])
    cells = [value for row in heat["z"] for value in row if value is not None]
    assert max(cells) == pytest.approx(trials["score"].max(), rel=1e-5)
    assert len(cells) <= len(trials)
