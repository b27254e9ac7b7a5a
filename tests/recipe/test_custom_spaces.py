"""Spaces as people know them from scikit-learn, SciPy and Optuna."""

import lightgbm as lgb
import numpy as np
import optuna
import pytest
import scipy.stats as st
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import tuneflow as tf

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

X, Y = load_iris(return_X_y=True)
CV = StratifiedKFold(3, shuffle=True, random_state=0)
K = {"cv": CV, "progress": False, "scoring": "accuracy"}
GRID = {"sampler": "grid", "n_trials": None, **K}


def test_tuples_are_choices_as_in_a_grid_search():
    space = {"hidden_layer_sizes": [(5,), (8, 4), (3, 3, 3)]}
    model = MLPClassifier(max_iter=30, random_state=0)
    grid = GridSearchCV(model, space, cv=CV).fit(X, Y)
    result = tf.tune(X, Y, model, space=space, **GRID)
    scores = [t.value for t in result.study.trials[1:]]
    np.testing.assert_allclose(scores, grid.cv_results_["mean_test_score"], atol=1e-12)
    assert [t.params["hidden_layer_sizes"] for t in result.study.trials[1:]] == [
        "(5,)",
        "(8, 4)",
        "(3, 3, 3)",
    ]
    assert isinstance(result.refit.params["hidden_layer_sizes"], tuple)


def test_steps_of_a_pipeline_are_choices():
    pipe = Pipeline([("scale", StandardScaler()), ("model", SVC())])
    space = {
        "scale": ["passthrough", MinMaxScaler(), None],
        "model": [SVC(C=10.0), LogisticRegression(max_iter=500)],
    }
    grid = GridSearchCV(pipe, space, cv=CV).fit(X, Y)
    result = tf.tune(X, Y, pipe, space=space, **GRID)
    assert result.best_score == pytest.approx(grid.best_score_, abs=1e-12)
    assert "LogisticRegression(max_iter=500)" in set(result.trials()["model"])


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_objects_are_choices_in_processes_and_when_a_study_goes_on(n_jobs, tmp_path):
    space = {"class_weight": [None, "balanced", {0: 1, 1: 2, 2: 3}], "max_depth": [2, None]}
    more = {**K, "storage": tmp_path / "a.db", "n_jobs": n_jobs}
    model = DecisionTreeClassifier(random_state=0)
    tf.tune(X, Y, model, space=space, n_trials=3, **more)
    result = tf.tune(X, Y, model, space=space, n_trials=9, **more)
    assert {t.state.name for t in result.study.trials} <= {"COMPLETE", "PRUNED"}
    assert "{0: 1, 1: 2, 2: 3}" in {t.params.get("class_weight") for t in result.study.trials}


def test_a_recipe_takes_tuples_too():
    space = {"hidden_layer_sizes": [(7,), (6, 5)]}
    result = tf.tune(X, Y, "mlp", space=space, n_trials=5, **K)
    layers = {t.params.get("hidden_layer_sizes") for t in result.study.trials}
    assert layers <= {None, "(7,)", "(6, 5)"}
    assert result.predict(X[:3]).shape == (3,)


def test_a_default_may_be_an_object():
    choices = {"choices": [(5,), (8, 4)], "default": (8, 4)}
    model = MLPClassifier(max_iter=9, random_state=0)
    space = {"hidden_layer_sizes": choices}
    trials = tf.tune(X, Y, model, space=space, n_trials=2, **K).study.trials
    assert [t.params for t in trials] == [{}, {"hidden_layer_sizes": "(8, 4)"}]


def test_own_starting_points_name_the_objects_themselves():
    space = {"hidden_layer_sizes": [(5,), (8, 4)]}
    model = MLPClassifier(max_iter=9, random_state=0)
    start = [{"hidden_layer_sizes": (8, 4)}]
    trials = tf.tune(X, Y, model, space=space, start=start, n_trials=2, **K).study.trials
    assert trials[1].params == {"hidden_layer_sizes": "(8, 4)"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (st.loguniform(0.1, 10), optuna.distributions.FloatDistribution(0.1, 10.0, log=True)),
        (st.loguniform(1, 1000), optuna.distributions.FloatDistribution(1.0, 1000.0, log=True)),
        (st.uniform(1, 4), optuna.distributions.FloatDistribution(1.0, 5.0)),
        ({"low": 0.1, "high": 10}, optuna.distributions.FloatDistribution(0.1, 10.0)),
        ({"low": 1, "high": 10.5}, optuna.distributions.FloatDistribution(1.0, 10.5)),
        (
            optuna.distributions.FloatDistribution(0.1, 10, log=True),
            optuna.distributions.FloatDistribution(0.1, 10.0, log=True),
        ),
    ],
)
def test_ranges_of_scipy_and_optuna_are_ranges(given, expected):
    trials = tf.tune(X, Y, SVC(), space={"C": given}, n_trials=3, **K).study.trials
    assert trials[-1].distributions["C"] == expected


def test_whole_numbers_of_scipy_are_whole():
    model, space = DecisionTreeClassifier(), {"max_depth": st.randint(2, 9)}
    trials = tf.tune(X, Y, model, space=space, n_trials=3, **K).study.trials
    assert trials[-1].distributions["max_depth"] == optuna.distributions.IntDistribution(2, 8)


@pytest.mark.parametrize("given", [st.norm(0, 1), st.gamma(2.0)])
def test_a_distribution_without_ends_is_refused(given):
    with pytest.raises(tf.RecipeError, match="uniform, loguniform, reciprocal, randint"):
        tf.tune(X, Y, SVC(), space={"C": given}, **K)


@pytest.mark.parametrize("space", [[{"C": [1, 2]}], ["C"], "C"])
def test_a_list_of_tables_is_refused_in_words(space):
    with pytest.raises(tf.RecipeError, match="space: one table of names and ranges"):
        tf.tune(X, Y, SVC(), space=space, **K)


class Lazy(ClassifierMixin, BaseEstimator):
    """It takes any argument, and lists those that it was given, as CatBoost does."""

    def __init__(self, **options):
        self.options = options

    def get_params(self, deep=True):
        return dict(self.options)

    def set_params(self, **options):
        if unknown := set(options) - {"depth", "verbose"}:
            raise ValueError(f"unknown: {unknown}")
        self.options |= options
        return self

    def fit(self, X, y):
        self.tree_ = DecisionTreeClassifier(max_depth=self.options.get("depth")).fit(X, y)
        self.classes_ = self.tree_.classes_
        return self

    def predict(self, X):
        return self.tree_.predict(X)

    def predict_proba(self, X):
        return self.tree_.predict_proba(X)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Lazy(verbose=0), "depth"),
        (make_pipeline(StandardScaler(), Lazy(verbose=0)), "lazy__depth"),
        (lgb.LGBMClassifier(n_estimators=5, verbosity=-1), "max_bin"),
        (lgb.LGBMClassifier(n_estimators=5, verbosity=-1), "path_smooth"),
    ],
)
def test_arguments_that_are_not_listed_may_be_searched(model, name):
    values = [2, 3] if "depth" in name else [7, 15]
    grid = GridSearchCV(model, {name: values}, cv=CV, scoring="accuracy").fit(X, Y)
    result = tf.tune(X, Y, model, space={name: values}, **GRID)
    assert [t.params for t in result.study.trials] == [{}, *({name: v} for v in values)]
    assert result.best_score >= grid.best_score_ - 1e-12


def test_an_argument_that_is_not_taken_is_refused():
    with pytest.raises(tf.RecipeError, match="Lazy has no parameter 'dept'"):
        tf.tune(X, Y, Lazy(depth=1), space={"dept": [1]}, **K)


class Stubborn(LogisticRegression):
    """It changes what it is given, so that it cannot be cloned."""

    def __init__(self, C=1.0):
        super().__init__(C=float(C) + 1.0)


def test_an_estimator_that_cannot_be_cloned_is_told_so():
    with pytest.raises(tf.RecipeError, match="Stubborn cannot be cloned"):
        tf.tune(X, Y, Stubborn(), space={"C": [1.0, 2.0]}, **K)
