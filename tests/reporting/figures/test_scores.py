"""Scores in the order of the trials; learning curves, and where they end."""

from __future__ import annotations

import pytest
from pages import Page, saved
from sklearn.datasets import load_diabetes
from studies import study

import tuneflow as tf


def test_pruned_failed_and_complete_trials_differ_in_colour_and_shape():
    spec = tf.report(study(60)).drawings["history"].spec
    marks = [trace["marker"] for trace in spec["data"] if trace["mode"] == "markers"]
    assert len(marks) == 3
    for part in ("color", "symbol"):
        assert len({mark[part] for mark in marks}) == 3
    assert spec["layout"]["annotations"][0]["text"] == "defaults"


def test_curves_end_where_trials_were_pruned():
    report = tf.report(study(60))
    traces = report.drawings["curves"].spec["data"]
    ends = next(t for t in traces if t["name"] == "pruned" and t["mode"] == "markers")
    pruned = report.tables["trials"].query("state == 'pruned'")
    assert sorted(ends["customdata"]) == sorted(pruned.index)
    assert set(ends["x"]) == {4}


@pytest.mark.parametrize(
    "recipe", ["knn", "svm"]
)  # in turn from the first fold on, or after a few
def test_curves_over_folds_can_be_written(recipe, tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    report = tf.tune(X, y, recipe, n_trials=6, pruner="none").report()
    plots = Page(saved(report, tmp_path)).plots
    assert [
        words for _, words in plots if words.startswith("Learning curves of 6 trials by folds")
    ]
