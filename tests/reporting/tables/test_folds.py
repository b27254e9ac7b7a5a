"""Scores by fold and by rung are those that were recorded."""

from __future__ import annotations

from studies import holdout, study

import tuneflow as tf
from tuneflow.storage.user_attrs import HOLDOUT


def test_rungs_are_those_recorded_and_in_other_studies_the_steps_reported():
    ours, theirs = (
        tf.report(study(9)).tables["rungs"],
        tf.report(study(9, ours=False)).tables["rungs"],
    )
    first = ours[ours["number"] == 0]
    assert first["folds"].tolist() == [1, 1, 1, 3, 3, 3, 3, 3]
    assert first["budget"].tolist() == [1, 2, 4, 1, 2, 4, 8, 16]
    assert theirs["folds"].isna().all()
    assert theirs.loc[theirs["number"] == 0, "score"].tolist() == first["score"].tolist()[3:]


def test_folds_are_paired_with_the_defaults():
    folds = tf.report(study(9)).tables["folds"]
    base = folds[folds["number"] == 0]["score"].tolist()
    for _, one in folds.groupby("number"):
        expected = [
            score - base[fold] for fold, score in zip(one["fold"], one["score"], strict=True)
        ]
        assert one["improvement"].tolist() == expected


def test_overtuning_is_how_much_an_earlier_leader_was_better_on_held_out_rows():
    frame = tf.report(holdout()).tables["holdout"]
    assert frame.index.tolist() == [0, 4, 9]
    assert frame["overtuned"].round(6).tolist() == [0.0, 0.0, 0.01]
    assert frame["optimism"].round(6).tolist() == [0.07, 0.09, 0.11]


def test_an_estimate_that_is_damaged_is_none():
    made = holdout()
    made.set_user_attr(HOLDOUT, {**made.user_attrs[HOLDOUT], "path": "gone"})
    assert "holdout" not in {panel.key for panel in tf.report(made).panels}
