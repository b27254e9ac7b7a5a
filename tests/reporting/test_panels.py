"""Panels that have nothing to show are left out, and that is said."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import optuna
import pytest
from optuna.pruners import MedianPruner
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import KFold
from studies import study

import tuneflow as tf
from tuneflow.storage.user_attrs import read_header


def test_a_study_of_others_says_what_is_left_out():
    report = tf.report(study(60, ours=False))
    assert "folds" not in report.figures
    assert any("panel on folds is left out" in text for text in report.panels[0].warnings)
    assert "curves" in report.figures  # what was reported on the way
    assert "the first trial" in report.panels[0].note
    assert "defaults" not in report.to_markdown()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"cv": 0.3, "scoring": ["roc_auc", "accuracy"], "test_size": 0.25},
        {"sampler": "grid", "pruner": "median", "random_state": 5},
    ],
)
def test_the_call_that_it_says_makes_the_same_study(asked):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    result = tf.tune(X[:150], y[:150], "lightgbm", n_trials=2, progress=False, **asked)
    code = tf.report(result).to_markdown().split("```python\n")[1].split("```")[0]
    again = {"X": X[:150], "y": y[:150]}
    exec(code, again)
    told, mine = read_header(again["result"].study), read_header(result.study)
    assert replace(told, versions=mine.versions) == mine
    assert len(again["result"].study.trials) == 2


def test_what_the_record_does_not_hold_of_a_call_is_left_open():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    more = {"sample_weight": np.ones(150), "cv": KFold(2), "pruner": MedianPruner()}
    sampler = optuna.samplers.RandomSampler(seed=1)
    result = tf.tune(X[:150], y[:150], "logistic", n_trials=1, sampler=sampler, **more)
    text = tf.report(result).to_markdown()
    for name in ("cv", "sample_weight", "sampler", "pruner"):
        assert f"    {name}=...," in text
    assert "# an object: RandomSampler" in text
    assert "# 2 folds, from a splitter, pairs or groups" in text
