"""Parameters beside each other."""

from __future__ import annotations

from studies import study

import tuneflow as tf


def test_the_contour_is_about_the_two_most_important_only():
    report = tf.report(study(60))
    first, second = report.tables["parameters"].index[:2]
    layout = report.drawings["contour"].spec["layout"]
    assert layout["xaxis"]["title"]["text"] == first
    assert layout["yaxis"]["title"]["text"] == second
