"""Nested cross-validation: each search is scored on rows that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest
from doubles import RECIPE, Counting, rows
from sklearn.datasets import load_diabetes
from sklearn.model_selection import TimeSeriesSplit

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.user_attrs import read_header

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


def test_nested_folds_judge_each_search_on_rows_that_it_has_not_seen():
    found = tf.nested(*DIABETES, "elastic_net", outer=4, n_trials=4, cv=3)
    frame = found.table()
    assert len(frame) == 4
    assert frame["rows"].sum() == 442
    assert found.score == pytest.approx(frame["holdout"].mean())
    low, high = found.interval
    assert low < found.score < high
    assert found.optimism == pytest.approx((frame["inner"] - frame["holdout"]).mean())
    assert "over 4 outer folds" in repr(found)


def test_nested_searches_see_no_rows_that_their_outer_fold_leaves_out():
    found = tf.nested(*DIABETES, "elastic_net", outer=TimeSeriesSplit(3), n_trials=2, cv=3)
    sizes = [(read_header(one.study).rows, one.holdout.rows) for one in found.results]
    assert sizes == [(112, 110), (222, 110), (332, 110)]
    assert found.ratio == pytest.approx(np.mean([110 / 112, 110 / 222, 110 / 332]))


@pytest.mark.usefixtures("double")
def test_ctrl_c_ends_all_nested_searches(monkeypatch):
    calls = []

    def on_grow(self, values):
        calls.append(values)
        if len(calls) == 60:
            raise KeyboardInterrupt

    monkeypatch.setattr(Counting, "on_grow", on_grow)
    with pytest.raises(KeyboardInterrupt):
        tf.nested(*rows(), RECIPE, outer=3, n_trials=8)
    assert len(calls) < 80  # the model so far has been refitted, and no search was begun
