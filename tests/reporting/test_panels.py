"""Panels that have nothing to show are left out, and that is said."""

from __future__ import annotations

from studies import study

import tuneflow as tf


def test_a_study_of_others_says_what_is_left_out():
    report = tf.report(study(60, ours=False))
    assert "folds" not in report.figures
    assert any("panel on folds is left out" in text for text in report.panels[0].warnings)
    assert "curves" in report.figures  # what was reported on the way
    assert "the first trial" in report.panels[0].note
    assert "defaults" not in report.to_markdown()
