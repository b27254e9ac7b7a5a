"""Weights of rows: in training, in scoring, in the header; and refused where they mean nothing."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import make_scorer, max_error
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.metrics import QUICK, Metric
from tuneflow.data.scorers import REGRESSION
from tuneflow.models.engine import Job
from tuneflow.models.pipeline import start_engine
from tuneflow.models.preprocessing import prepare
from tuneflow.storage.user_attrs import read_header

NAMES = sorted(tf.recipes().index)
WEIGHING = [name for name in NAMES if name != "knn"]
PAIRS = [(n, task) for n in WEIGHING for task in TASKS if task in tf.load_recipe(n).tasks]


def weights(rows: int = 240):
    return np.random.default_rng(2).integers(1, 4, rows).astype(float)


def predicted(name, task, sample_weight, amount=20):
    """What a recipe's defaults predict for the table, trained on all of it."""
    frame = table()
    recipe = tf.load_recipe(name)
    data = Data.of(frame, target(frame, task), recipe.tasks, sample_weight)
    engine = start_engine(Job(recipe, task, seed=0, probabilities=False))
    split = prepare(data, recipe, slice(None)).fold
    space = recipe.space_for(task).bind(len(frame), frame.shape[1], categorical=True)
    values, fixed = space.defaults(), recipe.fixed_for(task)
    learner = engine.learner(split, lambda rows: {**fixed, **space.decode(values, rows)})
    learner.grow(amount if engine.growth.unit not in ("rows", "none") else len(frame))
    return learner.predict(split.table())


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_weights_reach_training(name, task):
    alike = predicted(name, task, None)
    if name != "random_forest":  # draws its rows in another way as soon as there are weights
        ones = predicted(name, task, np.ones(240))
        np.testing.assert_allclose(ones, alike, rtol=1e-4, atol=1e-6)
    assert np.abs(predicted(name, task, weights() ** 3) - alike).max() > 1e-3


@pytest.mark.parametrize("task", TASKS)
def test_a_row_of_weight_two_is_scored_as_two(task):
    frame = table()
    y, count = target(frame, task), weights()
    plain, weighted = Data.of(frame, y), Data.of(frame, y, sample_weight=count)
    twice = np.repeat(np.arange(len(frame)), count.astype(int))
    noise = np.random.default_rng(0)
    if task == "regression":
        predictions = noise.random(len(frame))
    else:
        predictions = noise.dirichlet(np.ones(len(plain.classes)), len(frame))
    for name in QUICK:
        if (name in REGRESSION) != (task == "regression"):
            continue
        if name == "roc_auc" and task == "multiclass":
            continue
        seen = Metric.of(name, weighted).score(predictions, weighted, np.arange(len(frame)))
        repeated = Metric.of(name, plain).score(predictions[twice], plain, twice)
        assert seen == pytest.approx(repeated), name
        alike = Metric.of(name, plain).score(predictions, plain, np.arange(len(frame)))
        assert seen != pytest.approx(alike)


def test_without_weights_the_quick_way_stays():
    frame = table()
    assert Metric.of("roc_auc", Data.of(frame, target(frame, "binary"))).quick


def test_a_scorer_without_weights_is_said_to_have_none():
    frame = table()
    y = target(frame, "regression")
    scorer = make_scorer(max_error, greater_is_better=False)
    result = tf.tune(
        frame, y, "elastic_net", n_trials=2, cv=2, scoring=scorer, sample_weight=weights()
    )
    assert any("takes no weights" in remark for remark in result.remarks)


def test_a_model_that_takes_no_weights_refuses_them_in_words(frame):
    with pytest.raises(
        tf.DataError, match=r"sample_weight: .*'knn', whose .*KNeighbors.* has none"
    ):
        tf.tune(frame, "y", "knn", sample_weight=np.ones(len(frame)))


@pytest.mark.parametrize(
    ("given", "match"),
    [
        (np.ones(3), r"one a row is needed, shape \(240,\); got \(3,\)"),
        (np.ones((240, 2)), "one a row"),
        (np.zeros(240), "not all of them zero"),
        (-np.ones(240), "from 0"),
        (np.full(240, np.nan), "finite"),
        (["heavy"] * 240, "a number for each row"),
    ],
)
def test_what_is_no_weight_is_refused(frame, given, match):
    with pytest.raises(tf.DataError, match=f"sample_weight: .*{match}"):
        tf.tune(frame, "y", "logistic", sample_weight=given)


def test_a_study_with_other_weights_is_another_study(frame, tmp_path):
    more = {"storage": tmp_path / "a.journal", "cv": 2, "n_trials": 2}
    result = tf.tune(frame, "y", "logistic", sample_weight=weights(), **more)
    assert read_header(result.study).weighted
    again = tf.tune(frame, "y", "logistic", sample_weight=list(weights()), **more)
    assert len(again.study.trials) == 2
    with pytest.raises(tf.StudyError, match=r"data: .*\n.*weighted: True there, False here"):
        tf.tune(frame, "y", "logistic", **more)


def test_the_refit_is_weighted(frame):
    one = tf.tune(frame, "y", "logistic", n_trials=1, cv=2)
    heavy = np.where(frame["y"] == "mid", 50.0, 1.0)
    other = tf.tune(frame, "y", "logistic", n_trials=1, cv=2, sample_weight=heavy)
    X = frame.drop(columns="y")
    assert (other.predict(X) == "mid").sum() > (one.predict(X) == "mid").sum()


def test_one_class_with_weight_is_no_task(frame):
    alone = (frame["y"] == "mid").astype(float)
    with pytest.raises(tf.DataError, match="two classes need rows of weight"):
        tf.tune(frame, "y", "logistic", sample_weight=alone)


BALANCED = {
    "logistic": {"class_weight": "balanced"},
    "random_forest": {"class_weight": "balanced"},
    "hist_gradient_boosting": {"class_weight": "balanced"},
    "lightgbm": {"class_weight": "balanced"},
    "xgboost": {"scale_pos_weight": 50.0},
}


@pytest.mark.filterwarnings("ignore:class_weight presets", "ignore:The max_iter was reached")
@pytest.mark.parametrize("name", sorted(BALANCED))
def test_classes_have_weights_where_the_library_has_them(name, frame):
    y = frame["age"] > 70  # one row in six or so
    X = frame.drop(columns=["y", "age"])
    growth = {"last": 4} if name in ("lightgbm", "xgboost", "hist_gradient_boosting") else {}
    recipe = tf.load_recipe(name).replace(growth=growth)
    balanced = recipe.replace(classification={"fixed": BALANCED[name]})
    plain, other = (tf.tune(X, y, each, n_trials=1, cv=2) for each in (recipe, balanced))
    assert other.predict_proba(X)[:, 1].mean() > plain.predict_proba(X)[:, 1].mean() + 0.02
