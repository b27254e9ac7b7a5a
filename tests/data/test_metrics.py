"""A metric says of predictions what scikit-learn says of the model that made them."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest
from sklearn.datasets import make_classification, make_regression
from sklearn.linear_model import LinearRegression
from sklearn.metrics import (
    fbeta_score,
    get_scorer,
    get_scorer_names,
    log_loss,
    make_scorer,
    mean_pinball_loss,
)
from sklearn.naive_bayes import GaussianNB
from tables import TASKS

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.metrics import QUICK, Metric
from tuneflow.data.scorers import CLUSTERING, DEFAULTS, REGRESSION

LABELS = {"binary": np.array(["no", "yes"]), "multiclass": np.array(["a", "b", "c"])}


def problem(task, rows=120):
    """Rows, a target, and a fitted model; numbers are positive, as some metrics want them."""
    if task == "regression":
        X, y = make_regression(rows, 4, noise=5, random_state=0)
        return X, y - y.min() + 200, LinearRegression().fit(X, y - y.min() + 200)
    classes = len(LABELS[task])
    X, codes = make_classification(rows, 6, n_informative=4, n_classes=classes, random_state=0)
    labels = codes if classes == 2 else LABELS[task][codes]  # "f1" wants 0 and 1
    return X, labels, GaussianNB().fit(X, labels)


def predictions(model, X):
    return model.predict_proba(X) if hasattr(model, "predict_proba") else model.predict(X)


def by_scikit_learn(name, model, X, y):
    """What scikit-learn's own scorer says; NaN if it has nothing to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return get_scorer(name)(model, X, y)
        except (ValueError, AttributeError):
            return np.nan


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("name", get_scorer_names())
def test_every_scorer_of_scikit_learn_agrees_or_is_refused(name, task):
    X, y, model = problem(task)
    each = "roc_auc_ovr" if (name, task) == ("roc_auc", "multiclass") else name
    data, expected = Data.of(X, y), by_scikit_learn(each, model, X, y)
    fits = name not in CLUSTERING and (name in REGRESSION) == (task == "regression")
    if fits and np.isfinite(expected):
        metric = Metric.of(name, data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            score = metric.score(predictions(model, X), data, np.arange(len(y)))
        assert score == pytest.approx(expected)
        assert metric.direction == "maximize"
    else:
        with pytest.raises(tf.ScoringError, match=f"which is {task}; .* {DEFAULTS[task]!r}"):
            Metric.of(name, data)


def test_every_scorer_has_a_place():
    assert set(DEFAULTS) == set(TASKS)
    assert set(get_scorer_names()) >= REGRESSION | CLUSTERING
    assert not REGRESSION & CLUSTERING
    assert {"r2", "neg_max_error", "explained_variance", "neg_mean_gamma_deviance"} <= REGRESSION
    assert {"rand_score", "v_measure_score", "fowlkes_mallows_score"} <= CLUSTERING
    for task in TASKS:
        assert (DEFAULTS[task] in REGRESSION) == (task == "regression")


@pytest.mark.parametrize("task", TASKS)
def test_no_metric_of_another_task_is_taken(task):
    X, y, _ = problem(task)
    for name in CLUSTERING | (REGRESSION if task != "regression" else {"accuracy", "roc_auc"}):
        with pytest.raises(tf.ScoringError, match=f"which is {task}; got '{name}'"):
            Metric.of(name, Data.of(X, y))


@pytest.mark.parametrize(
    ("task", "scoring", "needs"),
    [
        ("binary", None, "ranks"),
        ("binary", "average_precision", "ranks"),
        ("binary", "neg_brier_score", "probabilities"),
        ("binary", "accuracy", "labels"),
        ("binary", make_scorer(fbeta_score, beta=2), "labels"),
        ("multiclass", None, "probabilities"),
        ("multiclass", "roc_auc_ovr", "probabilities"),
        ("multiclass", "f1_macro", "labels"),
        ("regression", None, "values"),
        ("regression", make_scorer(mean_pinball_loss, greater_is_better=False), "values"),
    ],
)
def test_what_a_metric_looks_at_is_found_by_asking_it(task, scoring, needs):
    X, y, _ = problem(task)
    assert Metric.of(scoring, Data.of(X, y)).needs == needs


def test_a_callable_is_called_as_scikit_learn_would_and_says_its_name():
    def profit(model, X, y):
        return float((10 * (model.predict(X) == y) - X[:, 0]).sum())

    X, y, model = problem("binary")
    data = Data.of(X, y)
    metric = Metric.of(profit, data)
    assert metric.name == "profit"
    score = metric.score(model.predict_proba(X), data, np.arange(len(y)))
    assert score == pytest.approx(profit(model, X, y))


def test_labels_reach_the_scorer_as_they_were_given():
    X, codes, _ = problem("binary")
    labels = LABELS["binary"][codes]
    seen = []

    def scorer(model, X, y):
        seen.append((set(y), set(model.predict(X))))
        return 0.0

    shares = np.column_stack([codes == 0, codes == 1]).astype(float)
    data = Data.of(X, labels)
    Metric.of(scorer, data).score(shares, data, np.arange(len(labels)))
    assert seen[-1] == ({"no", "yes"}, {"no", "yes"})


def test_log_loss_stands_a_fold_without_a_rare_class():
    data = Data.of(np.zeros((6, 1)), ["a", "b", "c", "a", "b", "c"])
    metric = Metric.of("neg_log_loss", data)
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.6, 0.2]])
    expected = -log_loss(["a", "b"], shares, labels=["a", "b", "c"])
    assert metric.score(shares, data, np.array([0, 1])) == pytest.approx(expected)


@pytest.mark.parametrize("name", sorted(QUICK))
def test_a_quick_metric_agrees_on_ties_on_few_rows_and_on_a_single_class(name):
    task = "regression" if name in REGRESSION else "binary"
    X, y, _ = problem(task)
    data = Data.of(X, y)
    metric = Metric.of(name, data)
    slow = replace(metric, quick=None)
    rough = np.round(np.random.default_rng(0).random(len(y)), 1)
    shares = rough if task == "regression" else np.column_stack([1 - rough, rough])
    for rows in (np.arange(len(y)), np.arange(3), np.flatnonzero(data.y == data.y[0])):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = slow.score(shares[rows], data, rows)
        assert metric.score(shares[rows], data, rows) == pytest.approx(expected, nan_ok=True)


def test_shares_that_sum_to_one_but_for_rounding_lose_nothing():
    data = Data.of(np.zeros((4, 1)), ["a", "b", "a", "b"])
    metric, rows = Metric.of("neg_log_loss", data), np.arange(4)
    shares = np.array([[0.7, 0.3]] * 4)
    assert metric.score(shares * 1.001, data, rows) == pytest.approx(
        metric.score(shares, data, rows), rel=1e-12
    )


def test_a_callable_is_never_mistaken_for_a_metric_of_the_same_name():
    def roc_auc(model, X, y):
        return -7.0

    X, y, model = problem("binary")
    data = Data.of(X, y)
    shares = predictions(model, X)
    assert Metric.of(roc_auc, data).score(shares, data, np.arange(len(y))) == -7.0


@pytest.mark.parametrize(
    ("scoring", "law"),
    [
        ("roc_acu", "Did you mean 'roc_auc'"),
        ("", "name or a callable"),
        (5, "name or a callable"),
        (lambda model: 0.0, "must fit the task"),
        (lambda model, X, y: model.predict_proba(X)[:, 7].mean(), "must fit the task"),
    ],
)
def test_what_is_no_metric_is_refused_before_anything_is_fitted(scoring, law):
    X, y, _ = problem("binary")
    with pytest.raises(tf.ScoringError, match=law):
        Metric.of(scoring, Data.of(X, y))
