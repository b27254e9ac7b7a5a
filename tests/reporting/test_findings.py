"""Sentences are true of the numbers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from studies import HEADER, study

import tuneflow as tf
from tuneflow.storage.user_attrs import write_header


@pytest.mark.parametrize("differs", ["scoring", "data", "folds"])
def test_studies_about_different_things_have_no_leader(differs):
    report = tf.report([study(20), study(20, ours=False, name="other")])
    assert "none is ahead" in report.panels[0].note
    other = study(20, name="other")
    write_header(other, replace(HEADER, **{differs: "another"}))
    note = tf.report([study(20), other]).panels[0].note
    assert "not known to share metric, table and folds" in note


def test_a_study_without_a_score_cannot_be_compared():
    assert (
        "fewer than two have a score"
        in tf.report([study(20), study(0, name="new")]).panels[0].note
    )
