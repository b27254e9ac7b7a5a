"""Scorers get what scikit-learn would give them; splitters get the table as it is."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_iris
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, hinge_loss, make_scorer
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import tuneflow as tf

pytestmark = pytest.mark.filterwarnings("ignore:the space is empty")

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(120, 2)), columns=["a", "b"])
Y = (X.a + 0.5 * X.b + 0.5 * R.normal(size=120) > 0).astype(int)
CV = StratifiedKFold(3)
HINGE = make_scorer(hinge_loss, response_method="decision_function", greater_is_better=False)


def tuned(model, scoring, X=X, y=Y, **more):
    return tf.tune(
        X, y, model, **{"scoring": scoring, "cv": CV, "n_trials": 1, "progress": False, **more}
    )


def by_scikit_learn(model, scoring, X=X, y=Y, cv=CV):
    return cross_val_score(model, X, y, cv=cv, scoring=scoring).mean()


def test_a_scorer_of_decision_values_picks_what_a_grid_search_picks():
    space = {"C": [0.01, 0.1, 1.0, 10.0, 100.0]}
    grid = GridSearchCV(SVC(), space, scoring=HINGE, cv=CV).fit(X, Y)
    more = {"space": space, "sampler": "grid", "n_trials": None, "pruner": "none"}
    result = tuned(SVC(), HINGE, **more)
    assert result.best_params == grid.best_params_
    assert result.best_score == pytest.approx(grid.best_score_, abs=1e-12)


@pytest.mark.parametrize("scoring", [HINGE, "roc_auc", "average_precision", "top_k_accuracy"])
@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        make_pipeline(StandardScaler(), SVC()),
        HistGradientBoostingClassifier(max_iter=9, random_state=0),
    ],
)
def test_scores_of_decision_values_are_scikit_learns(model, scoring):
    X, y = load_breast_cancer(return_X_y=True)
    with warnings.catch_warnings(action="ignore"):
        expected = by_scikit_learn(model, scoring, X, y)
        assert tuned(model, scoring, X, y).best_score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("recipe", ["logistic", "linear_svm"])
def test_a_recipe_of_scikit_learns_gives_its_decision_values(recipe):
    flat = make_scorer(
        lambda y, values: float(np.abs(values).max() > 1.0), response_method="decision_function"
    )
    assert tuned(recipe, flat, *load_breast_cancer(return_X_y=True)).best_score == 1.0


@pytest.mark.parametrize("average", ["macro", "weighted"])
def test_rows_are_ranked_within_a_class_by_its_decision_values(average):
    X, y = load_iris(return_X_y=True)
    X = X + np.random.default_rng(1).normal(size=X.shape)
    scoring = make_scorer(
        average_precision_score,
        response_method=("decision_function", "predict_proba"),
        average=average,
    )
    model = LogisticRegression(max_iter=500)
    expected = by_scikit_learn(model, scoring, X, y)
    assert tuned(model, scoring, X, y).best_score == pytest.approx(expected, abs=1e-12)


def blind(model, X, y):
    return float((model.predict(pd.DataFrame(X, columns=["a", "b"]).assign(a=0.0)) == y).mean())


def cost(model, X, y):
    return -float((X["a"].abs() * (model.predict(X) != y)).sum())


def of_the_first_rows(model, X, y):
    return float((model.predict(X[:9]) == y[:9]).mean())


def of_the_index(model, X, y):
    return float((model.predict(X) == y)[y.index > y.index[3]].mean())


@pytest.mark.parametrize("scoring", [blind, cost, of_the_first_rows, of_the_index])
@pytest.mark.parametrize("name", ["estimator", "knn", "logistic"])
def test_a_function_of_ones_own_sees_model_table_and_target_as_they_are(scoring, name):
    model = LogisticRegression() if name == "estimator" else name
    result = tuned(model, scoring)
    assert np.isfinite(result.best_score)
    if name == "estimator":
        assert result.best_score == pytest.approx(by_scikit_learn(model, scoring), abs=1e-12)


def test_changed_rows_are_predicted_by_a_recipe_too():
    learns_a = tuned("lightgbm", blind, n_trials=2)
    assert learns_a.best_score < tuned("lightgbm", "accuracy", n_trials=2).best_score


def test_a_function_may_look_at_the_model():
    def simple(model, X, y):
        return -float(np.abs(getattr(model, "coef_", np.ones((1, 2)))).sum())

    expected = by_scikit_learn(LogisticRegression(), simple)
    assert tuned(LogisticRegression(), simple).best_score == pytest.approx(expected, abs=1e-12)


def test_held_out_rows_are_scored_by_the_same_function():
    result = tuned(LogisticRegression(), cost, test_size=0.25, n_trials=1)
    assert np.isfinite([result.holdout.score, result.holdout.low, result.holdout.high]).all()


class Late:
    """The last rows by index are scored."""

    def get_n_splits(self, X=None, y=None, groups=None):
        return 1

    def split(self, X, y=None, groups=None):
        late = np.asarray(X.index >= X.index.sort_values()[80])
        yield np.flatnonzero(~late), np.flatnonzero(late)


class ByLabel(Late):
    """The first rows of each label are scored."""

    def split(self, X, y=None, groups=None):
        scored = np.flatnonzero((y == "yes") & (np.arange(len(y)) < 40))
        scored = np.r_[scored, np.flatnonzero(y == "no")[:20]]
        yield np.setdiff1d(np.arange(len(y)), scored), scored


class ByColumn(Late):
    """Rows with text in a column are scored."""

    def split(self, X, y=None, groups=None):
        scored = np.flatnonzero(X["where"] == "south")
        yield np.flatnonzero(X["where"] != "south"), scored


def test_a_splitter_sees_the_index():
    table = X.set_axis(pd.date_range("2020", periods=120), axis=0)
    expected = by_scikit_learn(LogisticRegression(), "accuracy", table, Y, Late())
    found = tuned(LogisticRegression(), "accuracy", table, Y, cv=Late()).best_score
    assert found == pytest.approx(expected, abs=1e-12)


def test_a_splitter_sees_labels_and_columns_as_they_are():
    labels = np.where(Y == 1, "yes", "no")
    expected = by_scikit_learn(LogisticRegression(), "accuracy", X, labels, ByLabel())
    found = tuned(LogisticRegression(), "accuracy", X, labels, cv=ByLabel()).best_score
    assert found == pytest.approx(expected, abs=1e-12)
    where = X.assign(where=np.where(np.arange(120) % 3, "north", "south"))
    assert tuned("knn", "accuracy", where, cv=ByColumn()).header.n_folds == 1


def test_a_splitter_sees_the_table_though_the_target_is_one_of_its_columns():
    table = X.assign(y=Y).set_axis(pd.date_range("2020", periods=120), axis=0)
    assert tuned("knn", "accuracy", table, "y", cv=Late()).header.n_folds == 1


@pytest.mark.parametrize("value", [{"a": 1.0}, np.zeros(1), "0.5", None])
def test_what_a_function_returns_is_checked_before_the_first_fit(value):
    with pytest.raises(tf.ScoringError, match="must give one number"):
        tuned("knn", lambda model, X, y: value)


def test_a_function_may_ask_the_model_for_its_score():
    X = np.random.default_rng(0).normal(size=(90, 3))
    y, how = (X[:, 0] > 0).astype(int), {"n_trials": 2, "cv": 3, "progress": False}
    found = tf.tune(X, y, "knn", scoring=lambda model, X, y: model.score(X, y), **how)
    expected = tf.tune(X, y, "knn", scoring="accuracy", **how)
    assert found.best_score == pytest.approx(expected.best_score)


def test_a_function_that_fails_fails_the_baseline_with_its_reason():
    X = np.random.default_rng(0).normal(size=(90, 3))
    with pytest.raises(tf.NoTrialError, match="ZeroDivisionError"):
        tf.tune(X, X[:, 0] > 0, "knn", scoring=lambda model, X, y: 1 / 0, n_trials=2)
