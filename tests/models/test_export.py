"""The same model without tuneflow: plain pipelines predict what the model predicts."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from tables import TASKS, table, target
from tuneflow.models.export import Plain

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.models.engine import Job, start_engine
from tuneflow.models.pipeline import Model

NAMES = sorted(tf.recipes().index)
PAIRS = [(n, task) for n in NAMES for task in TASKS if task in tf.load_recipe(n).tasks]
CHEAP = {"fixed": {"max_iter": 200}}


def fitted(name, task, frame, y, params=None, sample_weight=None):
    recipe = tf.load_recipe(name)
    data = Data.of(frame, y, (task,), sample_weight)
    space = recipe.space_for(task).bind(len(frame), frame.shape[1], categorical=True)
    job = Job(recipe, task, seed=3, probabilities=True)
    growth = start_engine(job).growth
    if growth.final:
        growth = growth.model_copy(update={"final": 20})
    values = space.complete(params or {})
    budget = {"epochs": 5.0, "rounds": 2.0}.get(growth.unit, growth.last)
    return Model.fit(data, job, space, values, growth, budget)


def same(model, pipeline, frame, task):
    if task == "regression":
        np.testing.assert_allclose(pipeline.predict(frame), model.predict(frame), rtol=1e-5)
        return
    assert pipeline.classes_.tolist() == model.classes_.tolist()
    assert pipeline.predict(frame).tolist() == model.predict(frame).tolist()
    if hasattr(pipeline, "predict_proba"):
        np.testing.assert_allclose(
            pipeline.predict_proba(frame), model.predict_proba(frame), rtol=1e-5, atol=1e-7
        )


def strange(frame):
    """Rows as they come later: levels that nobody has seen, gaps where there were none."""
    later = table(50, seed=9)
    later.loc[later.index[:5], "city"] = "Rom"
    later.loc[later.index[5:9], "age"] = np.nan
    later["job"] = later["job"].cat.add_categories("z").fillna("z")
    later.iloc[:3, later.columns.get_loc("job")] = "z"
    return later


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_a_plain_pipeline_predicts_what_the_model_predicts(name, task):
    frame = table()
    y = target(frame, task)
    model = fitted(name, task, frame, y)
    pipeline = Plain.of(model, 3).fit(frame, y.to_numpy())
    same(model, pipeline, frame, task)
    same(model, pipeline, strange(frame), task)
    assert b"tuneflow" not in pickle.dumps(pipeline)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("name", [name for name in NAMES if name != "knn"])
def test_weights_are_taken_along(name):
    frame = table()
    task = tf.load_recipe(name).tasks[-1]
    y, weights = target(frame, task), np.random.default_rng(0).random(len(frame)) ** 3
    model = fitted(name, task, frame, y, sample_weight=weights)
    same(model, Plain.of(model, 3).fit(frame, y.to_numpy(), weights), frame, task)


@pytest.mark.parametrize(
    "name", ["lightgbm", "xgboost", "hist_gradient_boosting", "random_forest"]
)
def test_rows_and_columns_are_drawn_alike(name):
    frame = table()
    y = target(frame, "binary")
    draws = {"colsample_bytree": 0.5, "colsample_bynode": 0.5, "max_features": 0.4}
    more = {"extra_trees": True, "subsample": 0.7, "min_child_samples": 30, "learning_rate": 0.2}
    model = fitted(name, "binary", frame, y, draws | more)
    same(model, Plain.of(model, 3).fit(frame, y.to_numpy()), strange(frame), "binary")


@pytest.mark.parametrize("kernel", ["rbf", "poly", "linear"])
def test_the_scale_that_gives_gamma_its_unit_is_a_step_of_its_own(kernel):
    frame = table()
    y = target(frame, "binary")
    model = fitted("svm", "binary", frame, y, {"kernel": kernel, "gamma": 0.3})
    same(model, Plain.of(model, 3).fit(frame, y.to_numpy()), frame, "binary")


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
def test_columns_of_every_kind_become_the_same_numbers(name):
    frame = odd()
    signal = frame["plain"] + (frame["mixed"] == "a") + (frame["grade"] == 1)
    y = signal.astype(float) * 10
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        model = fitted(name, "regression", frame, y)
        pipeline = Plain.of(model, 3).fit(frame, y.to_numpy())
        same(model, pipeline, frame, "regression")
    assert b"tuneflow" not in pickle.dumps(pipeline)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "logistic", "random_forest"])
def test_tables_without_names_go_by_place(name):
    rng = np.random.default_rng(0)
    numbers = rng.normal(size=(80, 3))
    y = (numbers[:, 0] > 0).astype(int)
    mixed = numbers.astype(object)
    mixed[:, 1] = rng.choice(["a", "b"], 80)
    for X in (numbers, mixed):
        model = fitted(name, "binary", pd.DataFrame(X).infer_objects(), y)
        same(model, Plain.of(model, 3).fit(X, y), X, "binary")


def test_a_pipeline_without_need_of_preparation_is_the_model_alone():
    X = np.random.default_rng(0).normal(size=(80, 3))
    model = fitted("lightgbm", "binary", pd.DataFrame(X), X[:, 0] > 0)
    assert [name for name, _ in Plain.of(model, 3).pipeline.steps] == ["model"]


@pytest.mark.parametrize("kind", ["boolean", "bool[pyarrow]", "int64[pyarrow]", "Int64"])
@pytest.mark.parametrize("name", ["lightgbm", "random_forest"])
def test_gaps_may_be_those_of_pandas_and_of_arrow(kind, name):
    frame = pd.DataFrame({"a": pd.Series([1, None, 0] * 20, dtype=kind), "s": ["u", "v"] * 30})
    frame["n"] = np.arange(60.0) % 7
    y = frame["n"] + np.arange(60.0) % 3
    model = fitted(name, "regression", frame, y)
    same(model, Plain.of(model, 3).fit(frame, y), frame, "regression")


@pytest.mark.parametrize("name", ["lightgbm", "elastic_net"])
def test_gaps_may_be_na_among_objects(name):
    frame = pd.DataFrame({"mixed": np.array([1, pd.NA, 2, 3.5] * 20, dtype=object)})
    y = np.arange(80.0) % 4
    model = fitted(name, "regression", frame, y)
    same(model, Plain.of(model, 3).fit(frame, y), frame, "regression")


def test_labels_that_are_no_codes_are_told_to_xgboost_by_a_vote_of_one():
    frame = table()
    model = fitted("xgboost", "binary", frame, target(frame, "binary"))
    assert type(Plain.of(model, 3).pipeline[-1]).__name__ == "VotingClassifier"
    model = fitted("xgboost", "binary", frame, (target(frame, "binary") == "mid").astype(int))
    assert type(Plain.of(model, 3).pipeline[-1]).__name__ == "XGBClassifier"


@pytest.mark.parametrize("kind", [bool, float, int])
def test_labels_keep_their_type(kind):
    frame = table()
    y = (target(frame, "binary") == "mid").to_numpy().astype(kind)
    model = fitted("xgboost", "binary", frame, y)
    labels = Plain.of(model, 3).fit(frame, y).predict(frame)
    assert labels.dtype == model.predict(frame).dtype == y.dtype


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("task", ["binary", "regression"])
def test_a_clone_of_a_network_is_trained_anew_for_as_many_epochs(task):
    frame = table()
    y = target(frame, task).to_numpy()
    model = fitted("mlp", task, frame, y)
    pipeline = Plain.of(model, 3).fit(frame, y)
    same(model, pipeline, frame, task)
    again = clone(pipeline).fit(frame, y[::-1])
    assert np.mean(again.predict(frame) == pipeline.predict(frame)) < 0.9
    trained = getattr(again[-1], "regressor_", again[-1])
    assert trained.n_iter_ == model.amount == 5
    assert "Frozen" not in repr(pipeline)
    assert type(trained).__module__.startswith("sklearn.neural_network")
