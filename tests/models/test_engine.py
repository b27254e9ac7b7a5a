"""Laws of growth, over the table of engines and every way of growing that recipes use."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.metrics import Metric
from tuneflow.models.engine import Job
from tuneflow.models.estimators import estimator_class, natural_growth
from tuneflow.models.pipeline import ENGINES, start_engine
from tuneflow.study.objective import Evaluation

#: A recipe for every engine and every way of growing.
GROWING = ("lightgbm", "xgboost", "hist_gradient_boosting", "random_forest", "mlp", "svm", "knn")


def own(path: str, **more):
    """A user's own recipe for a scikit-learn estimator."""
    told = {"title": path, "family": "own", "engine": "sklearn", "estimator": path}
    return tf.Recipe(**told, tasks=["regression"], prepare="dense", **more)


OWN = [
    own("sklearn.linear_model.SGDRegressor"),
    own("sklearn.ensemble.GradientBoostingRegressor", fixed={"subsample": 0.7}),
    own("sklearn.ensemble.BaggingRegressor"),
    own("sklearn.linear_model.Ridge"),
]


def jobs():
    for name, task in product(GROWING, TASKS):
        yield pytest.param(tf.load_recipe(name), task, id=f"{name}-{task}")
    for recipe in OWN:
        yield pytest.param(recipe, "regression", id=recipe.title.split(".")[-1])


def work_for(recipe, task, *, probabilities=False):
    frame = table()
    data = Data.of(frame, target(frame, task), recipe.tasks)
    folds = Folds.of(data, 3)
    engine = start_engine(Job(recipe, task, 0, probabilities))
    space = recipe.space_for(task).bind(folds.smallest_train, 8, categorical=True)
    return Evaluation(data, folds, Metric.of(None, data), recipe, space, engine, engine.growth)


def busy(recipe, task):
    """Parameters at which everything random in the model takes part."""
    values = {
        "subsample": 0.7,
        "colsample_bytree": 0.5,
        "colsample_bynode": 0.7,
        "max_features": 0.5,
    }
    space = recipe.space_for(task).bind(160, 8, categorical=True)
    return space.complete(values)


@pytest.mark.parametrize(("recipe", "task"), list(jobs()))
def test_growing_in_steps_predicts_exactly_as_growing_at_once(recipe, task):
    evaluation = work_for(recipe, task)
    arguments = evaluation.arguments(busy(recipe, task))
    X = evaluation.prepared(0).fold.X_valid
    stepwise, other, at_once = (evaluation.learner(at, arguments) for at in (0, 1, 0))
    for budget in (20, 45, 60):
        stepwise.grow(budget)
        other.grow(budget)  # folds grow in step: they must not disturb each other
        stepwise.predict()
    at_once.grow(60)
    np.testing.assert_array_equal(stepwise.predict(), at_once.predict())
    np.testing.assert_array_equal(stepwise.predict(X), at_once.predict(X))


@pytest.mark.parametrize(("recipe", "task"), list(jobs()))
def test_growing_to_a_budget_that_is_spent_changes_nothing(recipe, task):
    evaluation = work_for(recipe, task)
    learner = evaluation.learner(0, evaluation.arguments(busy(recipe, task)))
    learner.grow(40)
    before = learner.predict()
    learner.grow(40)
    learner.grow(25)
    np.testing.assert_array_equal(learner.predict(), before)


@pytest.mark.parametrize(("recipe", "task"), list(jobs()))
def test_rows_scored_while_growing_get_what_the_finished_model_says(recipe, task):
    evaluation = work_for(recipe, task)
    learner = evaluation.learner(0, evaluation.arguments(busy(recipe, task)))
    split = evaluation.prepared(0).fold
    learner.grow(30)
    seen, again = learner.predict(), learner.predict(split.X_valid)
    np.testing.assert_allclose(seen, again, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_data_is_binned_once_a_fold_and_then_kept_as_bins_only(name):
    evaluation = work_for(tf.load_recipe(name), "binary")
    for rate in (0.1, 0.2):
        learner = evaluation.learner(0, evaluation.arguments({"learning_rate": rate}))
        learner.grow(3)
        evaluation.score(0, learner)
    assert len(evaluation.prepared(0).fold.cache) == 1


def test_every_engine_in_the_table_is_under_the_laws():
    assert {tf.load_recipe(name).engine for name in GROWING} == set(ENGINES)


@pytest.mark.parametrize("task", ["binary", "multiclass"])
@pytest.mark.parametrize("name", sorted(tf.recipes().index))
def test_predictions_are_shares_of_all_classes(name, task):
    recipe = tf.load_recipe(name)
    if task not in recipe.tasks:
        pytest.skip("not a task of the recipe")
    evaluation = work_for(recipe, task, probabilities=True)
    learner = evaluation.learner(0, evaluation.arguments(evaluation.space.defaults()))
    learner.grow(30)
    shares = learner.predict()
    assert shares.shape == (80, len(evaluation.data.classes))
    np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-6)


def test_a_class_that_a_fold_has_not_seen_gets_a_share_of_zero():
    frame = table(60)
    labels = np.array(["a", "b"] * 29 + ["b", "rare"])
    recipe = tf.load_recipe("random_forest")
    data = Data.of(frame, labels, recipe.tasks)
    folds = Folds.of(data, cv=[(np.arange(50), np.arange(50, 60))])
    engine = start_engine(Job(recipe, "multiclass", 0, probabilities=True))
    space = recipe.space_for("multiclass").bind(50, 8, categorical=True)
    evaluation = Evaluation(
        data, folds, Metric.of(None, data), recipe, space, engine, engine.growth
    )
    learner = evaluation.learner(0, evaluation.arguments(space.defaults()))
    learner.grow(5)
    assert (learner.predict()[:, 2] == 0).all()


@pytest.mark.parametrize(
    ("path", "unit"),
    [
        ("sklearn.ensemble.RandomForestClassifier", "trees"),
        ("sklearn.linear_model.SGDClassifier", "epochs"),
        ("sklearn.linear_model.LogisticRegression", "rows"),  # a warm start there is a new descent
        ("sklearn.naive_bayes.GaussianNB", "rows"),  # a second pass there counts rows twice
    ],
)
def test_an_estimator_grows_only_as_it_honestly_can(path, unit):
    assert natural_growth(estimator_class(path)).unit == unit


@pytest.mark.parametrize(
    "path",
    [
        "subprocess.Popen",
        "os.system",
        "sklearn.svm.libsvm",
        "sklearn.datasets.load_iris",
        "x",
        "this.s",
    ],
)
def test_a_path_that_is_no_estimator_is_refused_and_not_run(path):
    with pytest.raises(tf.RecipeError, match="estimator class"):
        estimator_class(path)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest"])
def test_an_argument_that_the_library_does_not_know_is_refused(name, frame):
    recipe = tf.load_recipe(name).replace(fixed={"max_detph": 3})
    with pytest.raises(tf.RecipeError, match="max_depth"):
        tf.tune(frame, "y", recipe, n_trials=1)


def test_rows_that_come_in_pieces_are_binned_as_one_table(monkeypatch):
    evaluation = work_for(tf.load_recipe("lightgbm"), "regression")
    arguments = evaluation.arguments(evaluation.space.defaults())
    learner = evaluation.learner(0, arguments)
    learner.grow(20)
    expected = learner.predict()
    monkeypatch.setattr("tuneflow.models.fold_data.BATCH", 7)
    evaluation.prepared(0).fold.cache.clear()
    again = evaluation.learner(0, arguments)
    again.grow(20)
    np.testing.assert_array_equal(again.predict(), expected)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_bins_of_another_number_take_the_place_of_those_before(name):
    evaluation = work_for(tf.load_recipe(name), "binary")
    for bins in (15, 31, 63):
        evaluation.learner(0, evaluation.arguments({"learning_rate": 0.1, "max_bin": bins})).grow(
            1
        )
    assert [kept for kept in evaluation.prepared(0).fold.cache if kept == name] == [name]


@pytest.mark.parametrize(
    ("name", "argument", "says"),
    [
        ("lightgbm", {"n_estimators": 7}, "rounds are grown"),
        ("random_forest", {"n_estimators": 7}, "n_estimators is what grows"),
        ("hist_gradient_boosting", {"max_iter": 7}, "max_iter is what grows"),
        ("mlp", {"max_iter": 7}, "max_iter is what grows"),
    ],
)
def test_arguments_that_growth_sets_are_refused(name, argument, says):
    recipe = tf.load_recipe(name).replace(fixed=argument)
    with pytest.raises(tf.RecipeError, match=says):
        tf.tune(table(), target(table(), "binary"), recipe, n_trials=1)


def test_bins_of_many_rows_are_those_of_the_plain_estimator():
    chance = np.random.default_rng(0)
    X = chance.random((220_000, 1))
    y = X[:, 0] * 50 % 1
    recipe = tf.load_recipe("lightgbm").replace(growth={"first": 0.1, "last": 0.2})
    found = tf.TunedRegressor(recipe, n_trials=1, cv=0.1).fit(X, y)
    mine, plain = found.result_.predict(X[:500]), found.best_estimator_.predict(X[:500])
    np.testing.assert_allclose(plain, mine)
