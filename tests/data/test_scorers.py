"""What people write for a metric becomes the scorer that they mean."""

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import get_scorer, make_scorer
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import tuneflow as tf
from tuneflow.data.scorers import ALIASES, named_scorings, tasks_of

pytestmark = pytest.mark.filterwarnings("ignore:the space is empty")
CANCER = load_breast_cancer(return_X_y=True)
MODEL = make_pipeline(StandardScaler(), LogisticRegression())
CV = StratifiedKFold(3)


def tuned(scoring, X=CANCER[0], y=CANCER[1], model=MODEL, **more):
    return tf.tune(X, y, model, scoring=scoring, cv=CV, n_trials=1, progress=False, **more)


def test_every_alias_is_a_scorer_of_scikit_learns():
    for word, name in ALIASES.items():
        assert named_scorings(word) == {name: name}
        assert get_scorer(name)


@pytest.mark.parametrize("word", ["rmse", "mae", "mse", "mape"])
def test_words_that_everybody_uses_score_as_scikit_learn_does(word):
    X, y = load_diabetes(return_X_y=True)
    cv = KFold(3)
    result = tf.tune(X, y, LinearRegression(), scoring=word, cv=cv, n_trials=1, progress=False)
    expected = cross_val_score(LinearRegression(), X, y, cv=cv, scoring=ALIASES[word]).mean()
    assert result.best_score == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (metrics.accuracy_score, "accuracy"),
        (metrics.log_loss, "neg_log_loss"),
        (metrics.roc_auc_score, "roc_auc"),
        (metrics.balanced_accuracy_score, "balanced_accuracy"),
    ],
)
def test_a_metric_of_scikit_learns_becomes_its_scorer(function, name):
    result = tuned(function)
    assert result.header.scoring == name
    expected = cross_val_score(MODEL, *CANCER, cv=CV, scoring=name).mean()
    assert result.best_score == pytest.approx(expected, abs=1e-12)


def my_cost(y_true, y_pred):
    return float((y_true != y_pred).sum())


@pytest.mark.parametrize("function", [my_cost, lambda a, b: 0.0, lambda y, p, beta=2: 0.0])
def test_a_metric_of_ones_own_is_refused_with_the_line_to_write(function):
    with pytest.raises(tf.ScoringError, match=r"make_scorer.*greater_is_better=False"):
        tuned(function)


def test_a_scorer_whose_target_may_be_left_out_is_still_one():
    def scorer(model, X, y=None):
        return float((model.predict(X) == y).mean())

    assert 0.9 < tuned(scorer).best_score <= 1.0


def test_a_table_of_scorers_is_taken_with_its_names():
    result = tuned({"auc": "roc_auc", "hits": make_scorer(metrics.accuracy_score)})
    assert result.header.scoring == "auc"
    assert result.trials()["metric:hits"].notna().all()


def test_two_metrics_of_one_name_get_two_columns():
    def scorer(k):
        def score(model, X, y):
            return float(k)

        return score

    trials = tuned(["roc_auc", scorer(1), scorer(2)]).trials()
    assert trials.filter(like="metric").iloc[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    "name", ["f1", "precision", "recall", "jaccard", "average_precision", "neg_brier_score"]
)
@pytest.mark.parametrize("kind", [str, bool, "category"])
def test_text_and_boolean_labels_have_a_positive_class(name, kind):
    X, codes = CANCER
    labels = {str: np.array(["no", "yes"])[codes], bool: codes.astype(bool)}.get(
        kind, pd.Series(codes).map({0: "no", 1: "yes"}).astype("category")
    )
    result = tuned(name, X, labels)
    expected = cross_val_score(MODEL, X, codes, cv=CV, scoring=name).mean()
    assert result.best_score == pytest.approx(expected, abs=1e-12)
    if kind is not bool:
        assert f"{name} of yes" in repr(result)


def test_another_class_may_be_the_positive_one():
    X, codes = CANCER
    labels = np.array(["no", "yes"])[codes]
    result = tuned("f1", X, labels, pos_label="no")
    scorer = make_scorer(metrics.f1_score, pos_label="no")
    expected = cross_val_score(MODEL, X, labels, cv=CV, scoring=scorer).mean()
    assert result.best_score == pytest.approx(expected, abs=1e-12)
    assert "f1 of no" in repr(result)
    with pytest.raises(tf.ScoringError, match=r"pos_label: one of the labels \['no', 'yes'\]"):
        tuned("f1", X, labels, pos_label="maybe")


def test_roc_auc_of_three_classes_is_that_of_each_against_the_rest():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500)
    result = tuned("roc_auc", X, y, model)
    expected = cross_val_score(model, X, y, cv=CV, scoring="roc_auc_ovr").mean()
    assert result.header.scoring == "roc_auc_ovr"
    assert result.best_score == pytest.approx(expected, abs=1e-12)


def test_a_table_keeps_its_names_for_three_classes_and_must_hold_one():
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=500)
    result = tuned({"area": "roc_auc"}, X, y, model)
    assert result.header.scoring == "area"
    expected = cross_val_score(model, X, y, cv=CV, scoring="roc_auc_ovr").mean()
    assert result.best_score == pytest.approx(expected, abs=1e-12)
    with pytest.raises(tf.ScoringError, match="a metric, or a list"):
        tuned({}, X, y, model)


def test_an_estimator_scores_by_the_scorer_of_its_search():
    X, codes = CANCER
    labels = np.array(["no", "yes"])[codes]
    model = tf.TunedClassifier(MODEL, scoring="f1", cv=3, n_trials=1).fit(X, labels)
    expected = metrics.f1_score(labels, model.predict(X), pos_label="yes")
    assert model.score(X, labels) == pytest.approx(expected, abs=1e-12)


def test_tasks_that_a_metric_fits():
    assert tasks_of("neg_root_mean_squared_error") == ("regression",)
    assert tasks_of("neg_log_loss") == ("binary", "multiclass")
    assert tasks_of(make_scorer(metrics.r2_score)) == ("regression",)
    assert len(tasks_of(my_cost)) == len(tasks_of(None)) == 3
