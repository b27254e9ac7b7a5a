"""Scores on held-out rows, beside those in the folds."""

from __future__ import annotations

from studies import holdout

import tuneflow as tf
from tuneflow.storage.user_attrs import HOLDOUT


def test_overtuning_is_how_much_an_earlier_leader_was_better_on_held_out_rows():
    frame = tf.report(holdout()).tables["holdout"]
    assert frame.index.tolist() == [0, 4, 9]
    assert frame["overtuned"].round(6).tolist() == [0.0, 0.0, 0.01]
    assert frame["optimism"].round(6).tolist() == [0.07, 0.09, 0.11]


def test_an_estimate_that_is_damaged_is_none():
    made = holdout()
    made.set_user_attr(HOLDOUT, {**made.user_attrs[HOLDOUT], "path": "gone"})
    assert "holdout" not in {panel.key for panel in tf.report(made).panels}
