"""A refitted model takes tables as they come, and survives the way to a file and back."""

from __future__ import annotations

import os
import pickle
import zipfile
from functools import partial
from operator import methodcaller

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.models.engine import Job
from tuneflow.models.pipeline import Refit, start_engine
from tuneflow.models.saving import save

NAMES = list(tf.recipes().index)
CASES = [(name, task) for name in NAMES for task in tf.load_recipe(name).tasks]


def fitted(recipe="lightgbm", task="binary", X=None, y=None, **values):
    """A model of a few rounds, trees or epochs, refitted as `tune` would."""
    recipe = tf.load_recipe(recipe)
    X = table(80) if X is None else X
    said = "classification" if y is not None and y.dtype.kind == "M" else None
    data = Data.of(X, target(X, task) if y is None else y, recipe.tasks, task=said)
    job = Job(recipe, data.task, 0, probabilities=True)
    growth = start_engine(job).growth.model_copy(update={"final": None})
    space = recipe.space_for(data.task).bind(len(data.y), data.X.shape[1], categorical=True)
    budget = growth.last if growth.unit in ("rows", "none") else 2
    return Refit.fit(data, job, space, space.complete(values), growth, budget)


def told(model, X):
    """Everything that a refit, or a pipeline, says of rows."""
    task = model.task if isinstance(model, Refit) else None
    probable = task != "regression" if task else hasattr(model, "predict_proba")
    return model.predict_proba(X) if probable else model.predict(X)


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
        loaded = tf.load(save(model.model, tmp_path / "model.skops"))
        assert type(loaded) is Pipeline
        np.testing.assert_array_equal(told(loaded, X), told(model, X))


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
    loaded = tf.load(save(model.model, tmp_path / "model.skops"))
    for each in (model, model.model, loaded):
        predicted = each.predict(X)
        assert predicted.dtype == model.classes.dtype
        assert predicted.dtype.kind == labels.dtype.kind
        assert set(predicted) <= set(labels)
        assert (predicted == y).mean() > 0.7


@pytest.mark.parametrize("task", TASKS[:2])
def test_probabilities_stand_in_the_order_of_the_classes(task):
    model, X = fitted("random_forest", task), table(80)
    shares = model.predict_proba(X)
    assert list(model.classes) == sorted(model.classes)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    np.testing.assert_array_equal(model.classes[shares.argmax(axis=1)], model.predict(X))
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
    for name in ("nowhere", "text", "archive", "."):
        with pytest.raises(tf.TuneflowError, match="is not a model that tuneflow saved"):
            tf.load(tmp_path / name)
    skops.io.dump({"format": 1, "recipe": "{}"}, tmp_path / "earlier")
    skops.io.dump([1, 2], tmp_path / "list")
    for name in ("earlier", "list"):
        with pytest.raises(tf.DataError, match="a pipeline is needed, as tuneflow saves it since"):
            tf.load(tmp_path / name)


def hostile(path, func):
    """A file with a model whose first step calls something else."""
    pipeline = fitted("knn").model
    skops.io.dump(Pipeline([("first", FunctionTransformer(func)), *pipeline.steps]), path)
    return path


def test_code_in_a_file_is_refused_by_name_unless_it_is_trusted(tmp_path):
    path = hostile(tmp_path / "model.skops", partial(os.system))  # partial alone is trusted
    with pytest.raises(
        tf.TuneflowError, match=r"^load: \S+ holds types .* harmless: posix\.system\. If"
    ):
        tf.load(path)
    with pytest.raises(tf.TuneflowError, match="posix"):
        tf.load(path, trusted=["sklearn.svm.SVC"])
    assert tf.load(path, trusted=["posix.system"])[0].func.func is os.system


@pytest.mark.parametrize(
    "call",
    [
        methodcaller("eval", "@pd.io.common.os.system('true')"),
        methodcaller("to_pickle", "here.pkl"),
        methodcaller("apply", "to_csv"),
        methodcaller("to_numpy", "object"),
        partial(methodcaller("query", "1")),
    ],
)
def test_methods_that_no_model_calls_are_refused(call, tmp_path):
    path = hostile(tmp_path / "model.skops", call)
    with pytest.raises(tf.DataError, match="holds calls that no model makes"):
        tf.load(path)


def test_what_a_network_says_of_a_row_does_not_depend_on_the_rows_beside_it():
    X, y = load_diabetes(return_X_y=True)
    recipe = tf.load_recipe("mlp").replace(growth={"last": 9, "prune_from": 3})
    model = tf.tune(X, y, recipe, n_trials=1, cv=2, progress=False)
    alone = [model.predict(row[None])[0] for row in X[:20]]
    np.testing.assert_allclose(model.predict(X)[:20], alone, rtol=1e-12)


# ---------- the pipeline alone ----------


def odd(rows=120):
    """Columns that need help to become numbers."""
    rng = np.random.default_rng(0)
    days = pd.to_timedelta(rng.integers(0, 900, rows), "D")
    frame = pd.DataFrame(
        {
            "nullable": pd.array(rng.integers(0, 9, rows), "Int64"),
            "city": rng.choice(["Ulm", "Bonn"], rows).astype(object),
            "since": (pd.Timestamp("2020-01-01", tz="Europe/Berlin") + days),
            "took": days,
            "endless": rng.normal(size=rows),
            "month": pd.period_range("2001-01", periods=rows, freq="M"),
            "mixed": rng.choice(np.array(["a", 1, 2.5], dtype=object), rows),
            "grade": pd.Categorical(rng.choice([3, 1, 2], rows), [3, 1, 2], ordered=True),
            "flag": pd.array(rng.random(rows) < 0.5, "boolean"),
            "text": pd.array(rng.choice(["x", "y"], rows), "string"),
            "plain": rng.normal(size=rows),
        }
    )
    frame.loc[3, ["nullable", "city", "since", "took", "grade", "text"]] = None
    frame.loc[5, "endless"] = np.inf
    return frame


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "random_forest", "elastic_net"])
def test_columns_of_every_kind_become_numbers_without_tuneflow(name):
    frame = odd()
    signal = frame["plain"] + (frame["mixed"] == "a") + (frame["grade"] == 1)
    with pytest.warns(tf.TuneflowWarning, match="1 infinite values are taken as gaps"):
        refit = fitted(name, "regression", frame, signal.astype(float) * 10)
    assert b"tuneflow" not in pickle.dumps(refit.model)
    with pytest.warns(tf.TuneflowWarning, match="1 infinite values are taken as gaps"):
        expected = refit.predict(frame)
    np.testing.assert_array_equal(refit.model.predict(frame), expected)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "logistic", "random_forest"])
def test_tables_without_names_go_by_place(name):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(80, 3))
    y = (numbers[:, 0] > 0).astype(int)
    mixed = numbers.astype(object)
    mixed[:, 1] = rng.choice(["a", "b"], 80)
    for X in (numbers, mixed):
        refit = fitted(name, "binary", X, y)
        np.testing.assert_array_equal(refit.model.predict_proba(X), refit.predict_proba(X))


@pytest.mark.parametrize("kind", ["boolean", "bool[pyarrow]", "int64[pyarrow]", "Int64", object])
@pytest.mark.parametrize("name", ["lightgbm", "random_forest"])
def test_gaps_may_be_those_of_pandas_and_of_arrow(kind, name):
    values = [1, pd.NA if kind is object else None, 0] * 20
    frame = pd.DataFrame({"a": pd.Series(values, dtype=kind), "s": ["u", "v"] * 30})
    frame["n"] = np.arange(60.0) % 7
    refit = fitted(name, "regression", frame, frame["n"] + np.arange(60.0) % 3)
    np.testing.assert_array_equal(refit.model.predict(frame), refit.predict(frame))


@pytest.mark.parametrize("name", ["svm", "lightgbm", "xgboost", "hist_gradient_boosting"])
def test_infinities_in_later_rows_are_gaps(name):
    frame, later = table(80).fillna({"income": 1.0}), table(20, seed=5)
    refit = fitted(name, "binary", frame, target(frame, "binary"))
    gaps = later.assign(age=np.nan)
    np.testing.assert_array_equal(
        refit.model.predict_proba(later.assign(age=np.inf)), refit.model.predict_proba(gaps)
    )


def test_labels_that_are_no_codes_are_told_to_xgboost_by_a_vote_of_one():
    frame = table(80)
    y = target(frame, "binary")
    assert type(fitted("xgboost", X=frame, y=y).model[-1]).__name__ == "VotingClassifier"
    codes = (y == "mid").astype(int)
    assert type(fitted("xgboost", X=frame, y=codes).model[-1]).__name__ == "XGBClassifier"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_clone_of_a_network_is_trained_anew_for_as_many_epochs(task):
    frame = table(80)
    y = target(frame, task).to_numpy()
    refit = fitted("mlp", task, frame, y)
    again = clone(refit.model).fit(frame, y[::-1])
    assert not np.allclose(told(again, frame), told(refit, frame), rtol=0.01)
    trained = getattr(again[-1], "regressor_", again[-1])
    assert trained.n_iter_ == refit.amount == 2
    assert "Frozen" not in repr(refit.model)
