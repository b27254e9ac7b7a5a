"""A result and its model are what scikit-learn's tools for fitted models take."""

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.metrics import get_scorer

import tuneflow as tf

R = np.random.default_rng(0)
X = pd.DataFrame(
    {"a": R.normal(size=150), "b": R.choice(["u", "v"], 150), "c": R.normal(size=150)}
)
X.loc[::9, "c"] = np.nan
Y = np.where(X.a + (X.b == "u") + 0.3 * R.normal(size=150) > 0.5, "yes", "no")
K = {"n_trials": 2, "cv": 3, "progress": False}


@pytest.mark.parametrize("recipe", ["lightgbm", "knn"])
@pytest.mark.parametrize("which", ["result", "model"])
def test_permutation_importance_and_partial_dependence_work(recipe, which):
    result = tf.tune(X, Y, recipe, **K)
    model = result if which == "result" else result.model
    found = permutation_importance(model, X, Y, n_repeats=2, random_state=0, scoring="roc_auc")
    assert found.importances_mean[0] > found.importances_mean[2]
    shown = partial_dependence(model, X, ["a"], grid_resolution=5)
    assert shown["average"].shape == (1, 5)


def test_a_result_scores_rows_by_the_metric_of_its_search():
    result = tf.tune(X, Y, "knn", scoring="f1", **K)
    expected = get_scorer("accuracy")(result.model, X, Y)
    assert 0.7 < result.score(X, Y) <= 1
    assert tf.tune(X, Y, "knn", scoring="accuracy", **K).score(X, Y) == pytest.approx(
        expected, abs=0.1
    )
    assert result.feature_names_in_.tolist() == ["a", "b", "c"]


def test_a_path_is_told_how_to_be_read():
    with pytest.raises(tf.DataError, match=r"pandas.read_csv\('churn.csv'\)"):
        tf.tune("churn.csv", "churn")


@pytest.mark.parametrize("scale", [1 / 150, 1e-4, 1e6])
@pytest.mark.parametrize("recipe", ["xgboost", "lightgbm", "logistic"])
def test_weights_of_any_scale_give_the_same_model(recipe, scale):
    weights = R.uniform(0.5, 2, 150)
    plain, scaled = (
        tf.tune(X, Y, recipe, sample_weight=w, **K) for w in (weights, weights * scale)
    )
    assert scaled.best_score == pytest.approx(plain.best_score, abs=1e-9)
    np.testing.assert_allclose(scaled.predict_proba(X), plain.predict_proba(X), atol=1e-6)
