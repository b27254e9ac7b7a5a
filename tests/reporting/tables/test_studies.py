"""A study in one row, its best trial, its header."""

from __future__ import annotations

from studies import study

import tuneflow as tf


def test_the_header_says_how_to_repeat():
    report = tf.report(study(9))
    header = report.tables["header"]["value"]
    assert header["random_state"] == "7"
    assert header["version of optuna"] == "5.0.0"
    assert header["data digest"] == "d1"
    assert "random_state=7" in report.to_markdown()
