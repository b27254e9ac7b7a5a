"""A refitted model takes tables as they come, and survives the way to a file and back."""

from __future__ import annotations

import os
import zipfile
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.datasets import load_diabetes
from sklearn.preprocessing import FunctionTransformer
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.models.engine import Job, start_engine
from tuneflow.models.pipeline import Model

NAMES = list(tf.recipes().index)
CASES = [(name, task) for name in NAMES for task in tf.load_recipe(name).tasks]


def fitted(recipe="lightgbm", task="binary", X=None, y=None, **values):
    """A model of a few rounds, trees or epochs, refitted as `tune` would."""
    recipe = tf.load_recipe(recipe)
    X = table(80) if X is None else X
    data = Data.of(X, target(X, task) if y is None else y, recipe.tasks)
    job = Job(recipe, data.task, 0, probabilities=True)
    growth = start_engine(job).growth.model_copy(update={"final": None})
    space = recipe.space_for(data.task).bind(len(data.y), data.X.shape[1], categorical=True)
    budget = growth.last if growth.unit in ("rows", "none") else 2
    return Model.fit(data, job, space, space.complete(values), growth, budget)


def told(model, X):
    """Everything that a model says of rows."""
    return model.predict_proba(X) if len(model.classes_) else model.predict(X)


def choices(name, task):
    """The defaults, and every value of every choice at least once."""
    space = tf.load_recipe(name).space_for(task)
    yield {}
    for key, param in space.params.items():
        yield from ({key: value} for value in param.choices if value != param.default)


# ---------- laws over the recipes ----------


@pytest.mark.parametrize(("name", "task"), CASES)
def test_a_saved_model_says_exactly_what_it_said(name, task, tmp_path):
    X = table(40, seed=5)
    for values in choices(name, task):
        model = fitted(name, task, **values)
        loaded = tf.load(model.save(tmp_path / "model.skops"))
        np.testing.assert_array_equal(told(loaded, X), told(model, X))
        for key in ("recipe", "task", "params", "amount", "unit", "schema", "target"):
            assert getattr(loaded, key) == getattr(model, key)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_rows_are_judged_one_by_one_as_all_together(name, task):
    model, X = fitted(name, task), table(12, seed=5)
    alone = np.concatenate([told(model, X.iloc[[i]]) for i in range(len(X))])
    np.testing.assert_allclose(alone, told(model, X), rtol=1e-6)


@pytest.mark.parametrize(("name", "task"), CASES)
def test_whatever_new_rows_hold_there_is_an_answer(name, task):
    model, X = fitted(name, task), table(20, seed=5)
    hostile = X.assign(
        age=np.nan, city="Atlantis", job=pd.Categorical(["z"] * 20), constant=7, empty=1e9
    )
    gaps = pd.DataFrame(None, index=X.index, columns=X.columns, dtype=object)
    for rows in (hostile, gaps, hostile.iloc[:0], X.iloc[:0]):
        assert np.isfinite(told(model, rows)).all()
        assert len(model.predict(rows)) == len(rows)


# ---------- what is predicted ----------


@pytest.mark.parametrize("name", ["lightgbm", "svm"])
def test_columns_are_found_by_name_in_any_order_and_no_index_matters(name):
    model, X = fitted(name), table(20, seed=5)
    turned = X[X.columns[::-1]].assign(stranger="?").reset_index(drop=True)
    np.testing.assert_array_equal(told(model, turned), told(model, X))


def test_a_missing_column_is_named():
    with pytest.raises(tf.DataError, match=r"\['city'\] are missing"):
        fitted().predict(table(5).drop(columns="city"))


def test_a_column_of_another_kind_is_named():
    with pytest.raises(tf.DataError, match="column 'age': its kind is number"):
        fitted().predict(table(5).assign(age="old"))


LABELS = {
    "text": np.array(["no", "yes"]),
    "booleans": np.array([False, True]),
    "integers": np.array([3, 7], dtype="int8"),
    "decimals": np.array([0.0, 1.0]),
    "dates": np.array(["2020-01-01", "2021-01-01"], dtype="datetime64[s]"),
    "three": np.array(["a", "b", "c"]),
}


@pytest.mark.parametrize("name", ["lightgbm", "knn"])
@pytest.mark.parametrize("labels", LABELS.values(), ids=LABELS)
def test_labels_come_back_as_they_were_given(labels, name, tmp_path):
    X = table(90)
    y = labels[pd.qcut(X["age"].rank(method="first"), len(labels), labels=False)]
    model = fitted(name, X=X, y=pd.Series(y))
    loaded = tf.load(model.save(tmp_path / "model.skops"))
    for each in (model, loaded):
        predicted = each.predict(X)
        assert predicted.dtype == each.classes_.dtype
        assert predicted.dtype.kind == labels.dtype.kind
        assert set(predicted) <= set(labels)
        assert (predicted == y).mean() > 0.7


@pytest.mark.parametrize("task", TASKS[:2])
def test_probabilities_stand_in_the_order_of_the_classes(task):
    model, X = fitted("random_forest", task), table(80)
    shares = model.predict_proba(X)
    assert list(model.classes_) == sorted(model.classes_)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes_[shares.argmax(axis=1)], model.predict(X))
    assert (model.predict(X) == target(X, task)).mean() > 0.7


def test_values_have_no_probabilities():
    with pytest.raises(tf.DataError, match="only classes have probabilities"):
        fitted(task="regression").predict_proba(table(5))


def test_values_come_back_in_the_units_of_the_target():
    X = table(80)
    y = 1e6 + 1e3 * X["age"]
    predicted = fitted("random_forest", X=X, y=y).predict(X)
    assert np.corrcoef(predicted, y)[0, 1] > 0.9
    assert y.min() <= predicted.min() <= predicted.max() <= y.max()


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest", "mlp", "svm"])
def test_the_same_refit_gives_the_same_model(name):
    X = table(20, seed=5)
    np.testing.assert_array_equal(told(fitted(name), X), told(fitted(name), X))


# ---------- files ----------


def test_what_is_no_saved_model_is_refused(tmp_path):
    (tmp_path / "text").write_text("no model")
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("a", "b")
    skops.io.dump({"a": 1}, tmp_path / "other")
    skops.io.dump([1, 2], tmp_path / "list")
    for name in ("nowhere", "text", "archive", "other", "list", "."):
        with pytest.raises(tf.TuneflowError, match="is not a model that tuneflow saved"):
            tf.load(tmp_path / name)


def changed(model, path, **entries):
    """A saved model with other entries in its file."""
    model.save(path)
    found = skops.io.load(path, trusted=skops.io.get_untrusted_types(file=path))
    skops.io.dump({**found, **entries}, path)
    return path


def test_a_file_of_another_format_is_refused(tmp_path):
    path = changed(fitted("knn"), tmp_path / "model.skops", format=99)
    with pytest.raises(tf.TuneflowError, match="reads format 1; got 99"):
        tf.load(path)


def test_code_in_a_file_is_refused_by_name_unless_it_is_trusted(tmp_path):
    hostile = FunctionTransformer(func=partial(os.system))  # partial alone is trusted
    path = changed(fitted("knn"), tmp_path / "model.skops", transformer=hostile)
    with pytest.raises(
        tf.TuneflowError, match=r"^load: \S+ holds types .* harmless: posix\.system\. If"
    ):
        tf.load(path)
    with pytest.raises(tf.TuneflowError, match="posix"):
        tf.load(path, trusted=["sklearn.svm.SVC"])
    trusted = tf.load(path, trusted=["posix.system"]).preparation.transformer
    assert trusted.func.func is os.system


def test_a_recipe_in_a_file_that_names_code_is_not_run(tmp_path):
    model = fitted("knn")
    recipe = replace(model, recipe=model.recipe.replace(estimator="antigravity.Fly"))
    loaded = tf.load(recipe.save(tmp_path / "model.skops"))
    with pytest.raises(tf.RecipeError, match="scikit-learn estimator class"):
        loaded.predict(table(5))


def test_what_a_network_says_of_a_row_does_not_depend_on_the_rows_beside_it():
    X, y = load_diabetes(return_X_y=True)
    recipe = tf.load_recipe("mlp").replace(growth={"last": 9, "prune_from": 3})
    model = tf.tune(X, y, recipe, n_trials=1, cv=2, progress=False).model
    alone = [model.predict(row[None])[0] for row in X[:20]]
    np.testing.assert_allclose(model.predict(X)[:20], alone, rtol=1e-12)
