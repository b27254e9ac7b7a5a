"""Estimators and nested cross-validation with a storage: what was done is not done again."""

import optuna
from sklearn.datasets import load_iris
from sklearn.model_selection import cross_val_score

import tuneflow as tf

X, Y = load_iris(return_X_y=True)


def studies(path):
    names = optuna.get_all_study_names(f"sqlite:///{path}")
    load = [optuna.load_study(study_name=name, storage=f"sqlite:///{path}") for name in names]
    return {study.study_name: len(study.trials) for study in load}


def test_an_estimator_with_a_storage_may_be_fitted_twice(tmp_path):
    path = tmp_path / "a.db"
    model = tf.TunedClassifier("knn", n_trials=3, cv=2, storage=path)
    model.fit(X, Y).fit(X[::2], Y[::2]).fit(X, Y)
    assert sorted(studies(path).values()) == [3, 3]
    assert all(name.startswith("knn ") for name in studies(path))


def test_a_cross_validation_of_an_estimator_goes_on(tmp_path):
    path = tmp_path / "a.db"
    model = tf.TunedClassifier("knn", n_trials=2, cv=2, storage=path, study_name="iris")
    first = cross_val_score(model, X, Y, cv=3)
    again = cross_val_score(model, X, Y, cv=3)
    assert first.tolist() == again.tolist()
    assert list(studies(path).values()) == [2, 2, 2]


def test_nested_goes_on_and_knows_its_task(tmp_path):
    path = tmp_path / "a.db"
    options = {"outer": 3, "cv": 2, "storage": path, "task": "regression", "progress": False}
    tf.nested(X, Y, "knn", n_trials=2, **options)
    result = tf.nested(X, Y, "knn", n_trials=3, **options)
    assert studies(path) == {f"knn outer {at}": 3 for at in range(3)}
    assert {each.header.task for each in result.results} == {"regression"}


def test_an_estimator_holds_rows_out():
    model = tf.TunedClassifier("knn", n_trials=2, cv=2, test_size=0.25).fit(X, Y)
    assert model.result_.holdout.rows == 38
