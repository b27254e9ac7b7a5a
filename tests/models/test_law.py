"""A model is one thing: the folds' learner, the pipeline and the written code predict alike."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_matrix
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.metrics import Metric
from tuneflow.models.engine import Job
from tuneflow.models.pipeline import Refit, start_engine
from tuneflow.models.script import program
from tuneflow.study.evaluation import Evaluation

ROWS = 150
CASES = [(name, task) for name in tf.recipes().index for task in tf.load_recipe(name).tasks]


def numbers():
    return table(ROWS)[["age", "income", "member", "constant"]].fillna(0.0)


def sparse():
    rng = np.random.default_rng(3)
    return csr_matrix(rng.integers(-2, 3, (ROWS, 5)) * (rng.random((ROWS, 5)) < 0.6).astype(float))


def odd_names():
    return table(ROWS).rename(
        columns={"age": "x[0]", "income": "price: net", "city": "a b", "job": "a_b", "since": "{,"}
    )


def mixed_cells():
    frame = table(ROWS)
    frame["mixed"] = pd.Series(
        [1, "1", 2.5, None, True, "x"] * (ROWS // 6), dtype=object
    ).to_numpy()
    return frame


TABLES = {
    "numbers": numbers,
    "strings and gaps": lambda: table(ROWS),
    "sparse": sparse,
    "odd names": odd_names,
    "mixed cells": mixed_cells,
}


def some(X, rows):
    return X.iloc[rows] if hasattr(X, "iloc") else X[rows]


def parts(name, task, X):
    """A fold at work, and the growth of the recipe without a refit of its own length."""
    recipe, y = tf.load_recipe(name), target(table(ROWS), task)
    data = Data.of(X, y, (task,))
    folds = Folds.of(data, 3, random_state=0)
    job = Job(recipe, task, 0, probabilities=True)
    engine = start_engine(job)
    growth = engine.growth.model_copy(update={"final": None})
    space = recipe.space_for(task).bind(folds.smallest_train, data.X.shape[1], categorical=True)
    metric = Metric.of(None, data)
    evaluation = Evaluation(data, folds, metric, recipe, space, engine, growth)
    budget = {"rounds": 2.0, "trees": 20, "epochs": 4}.get(growth.unit, growth.last)
    return evaluation, job, budget, y


def predicted(model, X, task):
    return model.predict(X) if task == "regression" else model.predict_proba(X)


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize(("name", "task"), CASES)
def test_learner_pipeline_and_code_predict_alike_on_held_out_rows(name, task, kind):
    X = TABLES[kind]()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        evaluation, job, budget, y = parts(name, task, X)
        fold, values = evaluation.folds[0], evaluation.space.defaults()
        rows = len(fold.train)
        arguments = evaluation.arguments(values)
        learner = evaluation.learner(0, arguments)
        learner.grow(evaluation.growth.amount(budget, arguments(rows), rows))
        expected = evaluation.prepared(0).target.restore(learner.predict())

        train, held_out = some(X, fold.train), some(X, fold.valid)
        labels = y.iloc[fold.train].to_numpy()
        data = Data.of(train, labels, (task,))
        refit = Refit.fit(data, job, evaluation.space, values, evaluation.growth, budget)
        pipeline = refit.model
        script = {}
        exec(program(clone(pipeline), refit.training, "A model"), script)
        written = script["fit"](train, labels)
    tolerance = {"rtol": 1e-6, "atol": 1e-6 * max(1.0, float(np.abs(expected).max()))}
    for model in (pipeline, written):
        np.testing.assert_allclose(predicted(model, held_out, task), expected, **tolerance)
    if task != "regression":
        assert pipeline.classes_.tolist() == evaluation.data.classes.tolist()


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize(("name", "task"), [c for c in CASES if c[1] != "multiclass"])
def test_what_transformers_are_set_to_make_elsewhere_changes_nothing(name, task, output):
    from sklearn import config_context

    X, y = table(ROWS), target(table(ROWS), task)
    recipe = tf.load_recipe(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = tf.tune(X, y, recipe, n_trials=1, cv=2, progress=False)
        with config_context(transform_output=output):
            result = tf.tune(X, y, recipe, n_trials=1, cv=2, progress=False)
            np.testing.assert_array_equal(
                predicted(result.model, X, task), predicted(expected.model, X, task)
            )
    assert result.best_score == expected.best_score
    np.testing.assert_array_equal(
        predicted(result.model, X, task), predicted(expected.model, X, task)
    )


def test_the_table_of_the_laws_holds_every_task():
    assert {task for _, task in CASES} == set(TASKS)
