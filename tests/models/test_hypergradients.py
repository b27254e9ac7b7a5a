"""Hypergradients are those that finite differences show."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge
from tables import table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.metrics import Metric
from tuneflow.models.engine import Job
from tuneflow.models.hypergradients import RULES, differentiable, slope
from tuneflow.models.pipeline import start_engine
from tuneflow.study.objective import Evaluation

#: How exactly a model has to be trained for finite differences to show four digits.
EXACT = {
    "logistic": {"tol": 1e-12, "max_iter": 200_000},
    "elastic_net": {"tol": 1e-13, "max_iter": 200_000},
    "ridge": {"solver": "svd"},
    "kernel_ridge": {},
}
SMOOTH = [
    ("logistic", "binary", {"C": 0.01, "l1_ratio": 0.0}),
    ("logistic", "binary", {"C": 0.02, "l1_ratio": 0.4}),
    ("logistic", "binary", {"C": 0.003, "l1_ratio": 1.0}),
    ("logistic", "multiclass", {"C": 0.01, "l1_ratio": 0.0}),
    ("logistic", "multiclass", {"C": 0.02, "l1_ratio": 0.5}),
    ("elastic_net", "regression", {"alpha": 0.01, "l1_ratio": 0.3}),
    ("elastic_net", "regression", {"alpha": 0.05, "l1_ratio": 0.9}),
    ("ridge", "regression", {"alpha": 0.001}),
    ("ridge", "regression", {"alpha": 1.0}),
    ("kernel_ridge", "regression", {"gamma": 0.3, "alpha": 0.01}),
    ("kernel_ridge", "regression", {"gamma": 2.0, "alpha": 1e-4}),
]


def work_for(name, task):
    frame = table(150)
    recipe = tf.load_recipe(name).replace(fixed=EXACT[name])
    data = Data.of(frame, target(frame, task), recipe.tasks)
    folds = Folds.of(data, 3)
    engine = start_engine(Job(recipe, task, 0, probabilities=True))
    space = recipe.space_for(task).bind(folds.smallest_train, 8, categorical=True)
    return Evaluation(data, folds, Metric.of(None, data), recipe, space, engine, engine.growth)


def slope_at(evaluation, values, fold=1):
    """Loss and gradient of one configuration on one fold."""
    learner = evaluation.learner(fold, evaluation.arguments(values))
    learner.grow(len(evaluation.folds[fold].train))
    return evaluation.slope(fold, learner, values, evaluation.budgets[-1])


def differences(evaluation, values, name):
    """Central differences in the scale of the space, and the better ones of half the step."""
    log = evaluation.space.params[name].log
    value, width = values[name], 1e-3 if log else 1e-4

    def loss(by):
        return slope_at(
            evaluation, {**values, name: value * np.exp(by) if log else value + by}
        ).loss

    if value in (0.0, 1.0):  # one side only, of second order
        by = width if value == 0.0 else -width
        return (4 * loss(by) - 3 * loss(0.0) - loss(2 * by)) / (2 * by)
    return (loss(width) - loss(-width)) / (2 * width)


def cases():
    for recipe, task, values in SMOOTH:
        for name in values:
            yield pytest.param(
                recipe, task, values, name, id=f"{recipe}-{task}-{name}-{values[name]}"
            )


@pytest.mark.parametrize(("recipe", "task", "values", "name"), list(cases()))
def test_a_gradient_is_what_finite_differences_show(recipe, task, values, name):
    evaluation = work_for(recipe, task)
    found = slope_at(evaluation, values)
    assert set(found.by) == set(values)
    assert found.by[name] == pytest.approx(differences(evaluation, values, name), rel=1e-4)


def test_every_recipe_that_says_gradient_is_compared_with_finite_differences():
    saying = {
        name
        for name in tf.recipes().index
        for task in tf.load_recipe(name).tasks
        for param in tf.load_recipe(name).space_for(task).params.values()
        if param.gradient
    }
    assert saying == set(EXACT) == {name for name, _, _ in SMOOTH}
    assert {type(name()) for name in RULES} == {LogisticRegression, ElasticNet, Ridge, KernelRidge}


@pytest.mark.parametrize("recipe", ["elastic_net", "ridge", "kernel_ridge"])
def test_the_loss_of_a_regression_is_its_root_mean_squared_error(recipe):
    evaluation = work_for(recipe, "regression")
    values = evaluation.space.defaults()
    learner = evaluation.learner(1, evaluation.arguments(values))
    learner.grow(len(evaluation.folds[1].train))
    assert slope_at(evaluation, values).loss == pytest.approx(
        -evaluation.score(1, learner)[0], rel=1e-9
    )


def test_the_loss_of_classes_is_their_log_loss():
    evaluation = work_for("logistic", "multiclass")
    values = evaluation.space.defaults()
    learner = evaluation.learner(1, evaluation.arguments(values))
    learner.grow(len(evaluation.folds[1].train))
    assert slope_at(evaluation, values).loss == pytest.approx(
        -evaluation.score(1, learner)[0], rel=1e-6
    )


def test_a_class_that_training_lacks_does_not_move_the_gradient():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), np.arange(60) % 3
    model = LogisticRegression(C=0.5).fit(X[y < 2], y[y < 2])
    some, every = y < 2, np.ones(60, bool)
    kept, whole = (slope(model, X[some], y[some], X[rows], y[rows]) for rows in (some, every))
    assert kept == whole


def test_where_a_penalty_leaves_no_coefficient_the_gradient_is_zero():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(60, 3)), rng.normal(size=60)
    model = ElasticNet(alpha=10.0).fit(X, y)
    assert slope(model, X, y, X, y).by == {"alpha": 0.0, "l1_ratio": 0.0}


@pytest.mark.parametrize(
    ("kind", "fixed", "searched", "names"),
    [
        (LogisticRegression, {"solver": "saga", "tol": 0.1}, ["C"], {"C", "l1_ratio"}),
        (LogisticRegression, {"solver": "liblinear"}, ["C"], set()),  # penalises the intercept
        (LogisticRegression, {"class_weight": "balanced"}, ["C"], set()),
        (LogisticRegression, {}, ["C", "fit_intercept"], set()),
        (KernelRidge, {"kernel": "rbf"}, ["alpha"], {"alpha", "gamma"}),
        (KernelRidge, {}, ["alpha"], set()),  # the kernel is linear
        (Ridge, {"positive": True}, ["alpha"], set()),
        (ElasticNet, {}, ["alpha"], {"alpha", "l1_ratio"}),
        (dict, {}, [], set()),
    ],
)
def test_there_is_a_gradient_only_where_the_rule_holds(kind, fixed, searched, names):
    assert differentiable(kind, fixed, searched) == names
