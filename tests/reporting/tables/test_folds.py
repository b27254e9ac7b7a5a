"""Scores by fold and by rung are those that were recorded."""

from __future__ import annotations

from studies import study

import tuneflow as tf


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
