"""scikit-learn's front door keeps what scikit-learn promises."""

from __future__ import annotations

import inspect
import pickle
import subprocess
import sys

import joblib
import numpy as np
import optuna
import pandas as pd
import pytest
from checks import CHECKED, estimators, failing, recipe
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.datasets import load_diabetes, load_iris
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    TimeSeriesSplit,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from tables import table, target

import tuneflow as tf

IRIS = load_iris(return_X_y=True)


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    list(estimators(CHECKED)),  # the others are in tests/heavy
    expected_failed_checks=failing,
)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)


# ---------- the rest of scikit-learn ----------


def quick(name="knn", **more):
    return tf.TunedClassifier(name, **{"n_trials": 6, "cv": 3, **more})


def test_the_constructor_takes_what_tune_takes():
    given = set(inspect.signature(tf.tune).parameters)
    rows = {"X", "y", "groups", "sample_weight", "task"}  # its class says what the task is
    assert set(tf.TunedClassifier().get_params()) == given - rows
    assert set(tf.TunedRegressor().get_params()) == given - rows - {"pos_label"}


def test_they_are_what_they_are_called():
    assert is_classifier(tf.TunedClassifier())
    assert is_regressor(tf.TunedRegressor())


def test_nested_cross_validation_scores_iris_as_a_grid_search_does():
    grid = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 5, 15]}, cv=3)
    ours, theirs = (cross_val_score(model, *IRIS, cv=4) for model in (quick(), grid))
    assert ours.mean() == pytest.approx(theirs.mean(), abs=0.03)
    assert ours.mean() > 0.9


def test_score_is_that_of_scoring_as_in_scikit_learn_s_searches():
    X, y = table(), target(table(), "binary")
    model = quick(scoring="roc_auc")
    plain = cross_val_score(quick(), X, y, cv=3)
    np.testing.assert_allclose(cross_val_score(quick(), X, y, cv=3, scoring="accuracy"), plain)
    again = cross_val_score(model, X, y, cv=3, scoring="roc_auc")
    np.testing.assert_allclose(cross_val_score(model, X, y, cv=3), again)


def test_cross_val_predict_gives_probabilities_of_every_row():
    shares = cross_val_predict(quick(), *IRIS, cv=3, method="predict_proba")
    assert shares.shape == (150, 3)
    np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_it_is_a_step_of_a_pipeline_and_takes_its_frames():
    X, y = load_iris(return_X_y=True, as_frame=True)
    scaled = make_pipeline(StandardScaler().set_output(transform="pandas"), quick()).fit(X, y)
    assert scaled[-1].feature_names_in_.tolist() == list(X.columns)
    assert scaled.score(X, y) > 0.9


def test_a_grid_search_around_it_chooses_recipes():
    grid = {"recipe": ["knn", "logistic"], "n_trials": [2]}
    found = GridSearchCV(quick(), grid, cv=3).fit(*IRIS)
    assert found.best_params_["recipe"] in ("knn", "logistic")
    assert found.best_estimator_.n_trials == 2


def test_a_clone_starts_anew_and_keeps_what_it_was_told():
    model = quick(sampler=optuna.samplers.RandomSampler(seed=1)).fit(*IRIS)
    copy = clone(model)
    assert not hasattr(copy, "result_")
    assert copy.get_params()["n_trials"] == 6


@pytest.mark.parametrize("way", [pickle, joblib])
@pytest.mark.parametrize("storage", [None, "a.db"])
def test_a_fitted_one_is_pickled_with_its_study_and_without_its_storage(way, storage, tmp_path):
    where = storage and tmp_path / storage
    model = quick(storage=where).fit(*IRIS)
    if way is pickle:
        back = pickle.loads(pickle.dumps(model))
    else:
        joblib.dump(model, tmp_path / "model.joblib")
        back = joblib.load(tmp_path / "model.joblib")
    if where:
        where.unlink()
    assert back.predict(IRIS[0]).tolist() == model.predict(IRIS[0]).tolist()
    assert len(back.result_.trials()) == 6
    assert back.result_.best_trial.number == model.result_.best_trial.number


def test_cv_results_are_those_of_scikit_learn_s_searches():
    X, y = load_diabetes(return_X_y=True)
    model = tf.TunedRegressor("random_forest", n_trials=8, cv=3).fit(X, y)
    theirs = GridSearchCV(KNeighborsClassifier(), {"p": [1, 2]}, cv=3).fit(*IRIS).cv_results_
    ours = model.cv_results_
    assert {name for name in theirs if not name.startswith("param")} <= set(ours)
    assert {len(column) for column in ours.values()} == {8}
    at = model.best_index_
    assert ours["params"][at] == model.best_params_
    assert ours["mean_test_score"][at] == model.best_score_
    assert ours["rank_test_score"][at] == 1
    folds = [ours[f"split{fold}_test_score"][at] for fold in range(3)]
    assert np.mean(folds) == pytest.approx(model.best_score_)
    assert ours["std_test_score"][at] == pytest.approx(np.std(folds))
    pruned = [t.number for t in model.result_.study.trials if t.state.name == "PRUNED"]
    assert np.isnan(ours["mean_test_score"][pruned]).all()
    assert (ours["rank_test_score"][pruned] == 9 - len(pruned)).all()  # last, and equal
    assert ours["param_max_samples"].mask.any()


def test_its_representation_is_html():
    assert "TunedClassifier" in quick()._repr_html_()
    assert "fitted" in quick().fit(*IRIS)._repr_html_()


def test_groups_and_weights_are_routed():
    X, y = IRIS
    groups, weights = np.arange(150) % 10, np.random.default_rng(0).random(150)
    seen = []

    def spy(study, trial):
        seen.append(study)

    with config_context(enable_metadata_routing=True):
        model = quick("logistic", cv=GroupKFold(3), n_trials=1, callbacks=(spy,))
        model.set_fit_request(groups=True, sample_weight=True)
        model.set_score_request(sample_weight=True)
        given = {"groups": groups, "sample_weight": weights}
        found = cross_validate(model, X, y, cv=GroupKFold(2), params=given)
        scaler = StandardScaler().set_fit_request(sample_weight=False)
        make_pipeline(scaler, model).fit(X, y, **given)
    assert len(found["test_score"]) == 2
    assert len(seen) == 3
    assert all(study.user_attrs["tuneflow"]["weighted"] for study in seen)


def test_without_groups_a_splitter_of_groups_is_refused():
    with pytest.raises(tf.DataError, match="groups"):
        quick(cv=GroupKFold(3)).fit(*IRIS)


def test_time_is_split_as_time():
    X, y = load_diabetes(return_X_y=True)
    model = tf.TunedRegressor("elastic_net", cv=TimeSeriesSplit(4), n_trials=2).fit(X, y)
    assert model.n_splits_ == 4


def test_whole_numbers_are_labels_or_values_as_the_estimator_says():
    X, y = IRIS
    assert tf.TunedRegressor("knn", n_trials=1).fit(X, y).result_.refit.task == "regression"
    many = np.arange(150) // 5
    assert quick(n_trials=1, cv=2).fit(X, many).classes_.tolist() == list(range(30))


def test_a_recipe_for_another_target_is_refused():
    with pytest.raises(tf.RecipeError, match=r"TunedRegressor: .*'logistic', which is for binary"):
        tf.TunedRegressor("logistic").fit(*load_diabetes(return_X_y=True))


PLAIN = """
import pickle, sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tuneflow":
            raise ImportError(name)
sys.meta_path.insert(0, Gone())
pipeline, X, expected = pickle.load(open(sys.argv[1], "rb"))
assert pipeline.predict(X).tolist() == expected
"""


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest", "mlp"])
def test_the_best_estimator_works_where_tuneflow_is_not_installed(name, tmp_path):
    frame = table()
    model = tf.TunedClassifier(recipe(name), n_trials=1, cv=2).fit(frame, target(frame, "binary"))
    told = (model.best_estimator_, frame, model.predict(frame).tolist())
    (tmp_path / "plain.pkl").write_bytes(pickle.dumps(told))
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(tmp_path / "plain.pkl")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_pickling_says_nothing(caplog):
    model = quick().fit(*IRIS)
    optuna.logging.enable_propagation()
    try:
        pickle.dumps(model)
    finally:
        optuna.logging.disable_propagation()
    assert caplog.text == ""


@pytest.mark.parametrize("y", ["binary", "regression"])
def test_what_tune_takes_for_gaps_the_best_estimator_takes_too(y):
    X = table()[["age"]].astype(object)
    X.iloc[::5] = pd.NA
    kind = tf.TunedRegressor if y == "regression" else tf.TunedClassifier
    model = kind("random_forest", n_trials=1, cv=2).fit(X, target(table(), y))
    later = table(20, seed=3)[["age"]]
    later["age"] = [np.inf, -np.inf, *later["age"][2:]]
    with pytest.warns(tf.TuneflowWarning, match="2 infinite values are taken as gaps"):
        expected = model.predict(later).tolist()
    assert model.best_estimator_.predict(later).tolist() == expected
