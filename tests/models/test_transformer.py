"""A transformer in front of a recipe learns from the training rows of each fold, and no others."""

from __future__ import annotations

import pickle
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MaxAbsScaler,
    OneHotEncoder,
    StandardScaler,
    TargetEncoder,
)
from skrub import TableVectorizer
from tables import table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.models.preprocessing import fit_transformer
from tuneflow.storage.user_attrs import read_header
from tuneflow.tuning.join import join

#: One recipe for each preparation, and those that scale features or the target.
PAIRS = [
    ("lightgbm", "multiclass"),
    ("random_forest", "regression"),
    ("logistic", "multiclass"),
    ("svm", "binary"),
    ("mlp", "regression"),
]
CROSSED = TargetEncoder(cv=KFold(3, shuffle=True, random_state=0))


class Witness(TransformerMixin, BaseEstimator):
    """Hands rows on, and keeps which of them it was fitted on, and with which labels."""

    fits: ClassVar[list[tuple[list, list]]] = []

    def fit(self, X, y=None):
        self.fits.append((list(X.index), list(y)))
        self.fitted_ = True
        return self

    def transform(self, X):
        return X


class Whole(TransformerMixin, BaseEstimator):
    """Says of a row what its label is, if it was fitted on it: a leak, wherever one can be."""

    def fit(self, X, y):
        self.known_ = dict(zip(X["id"], y, strict=True))
        return self

    def transform(self, X):
        return pd.DataFrame({"said": [self.known_.get(at, 0.5) for at in X["id"]]})


@pytest.fixture
def seen():
    Witness.fits.clear()
    return Witness.fits


def columns(**more):
    """By names of columns, as somebody has it who used scikit-learn before."""
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    levels = OneHotEncoder(handle_unknown="ignore", **more)
    return make_column_transformer((numbers, ["age", "income"]), (levels, ["city", "job"]))


def tuned(front, name="logistic", task="binary", **more):
    X = table()
    pipeline = make_pipeline(front, name)
    return tf.tune(X, target(X, task), pipeline, **{"n_trials": 3, "cv": 3, **more})


def test_it_is_fitted_once_a_fold_and_once_for_the_refit_whatever_the_trials(seen):
    X = table()
    result = tuned(Witness(), "lightgbm", n_trials=6)
    assert len(result.study.trials) == 6
    assert len(seen) == 3 + 1
    folds = [set(rows) for rows, _ in seen]
    assert [len(rows) for rows in folds] == [160, 160, 160, 240]
    assert sorted(at for rows in folds[:3] for at in set(X.index) - rows) == sorted(X.index)


def test_it_sees_labels_as_they_were_given(seen):
    y = target(table(), "binary")
    tuned(Witness())
    for rows, labels in seen:
        assert labels == y.loc[rows].tolist()


def test_what_it_knows_of_training_rows_is_of_no_use_for_others():
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"id": np.arange(200)})
    y = rng.permutation(np.repeat([0, 1], 100))
    result = tf.tune(X, y, make_pipeline(Whole(), "lightgbm"), n_trials=2, cv=4)
    assert result.best_score == pytest.approx(0.5)
    assert (result.predict(X) == y).mean() == 1.0


def test_it_learns_nothing_from_rows_that_are_kept_aside(seen):
    X = table()
    result = tuned(Witness(), test_size=0.25)
    holdout = max((set(X.index) - set(rows) for rows, _ in seen[-1:]), key=len)
    assert len(holdout) == result.holdout.rows == 60
    assert all(holdout.isdisjoint(rows) for rows, _ in seen)


def test_the_recipe_gets_columns_as_the_transformer_makes_them():
    kept = tuned(TableVectorizer(low_cardinality="passthrough"), "lightgbm")
    assert "cat_smooth" in kept.trials()
    assert "cat_smooth" not in tuned(TableVectorizer(), "lightgbm").trials()


def test_seeds_that_are_not_set_are_those_of_the_study():
    front = make_pipeline(columns(), RandomTreesEmbedding(5))
    one, two, other = (tuned(front, random_state=seed) for seed in (0, 0, 1))
    assert [t.value for t in one.study.trials] == [t.value for t in two.study.trials]
    assert other.model[0][-1].random_state == 1


def test_draws_without_a_seed_follow_from_that_of_the_study_and_from_no_others():
    front = make_column_transformer((TargetEncoder(), ["city", "job"]))
    one = tuned(front)
    np.random.seed(7)
    first = np.random.random()
    np.random.seed(7)
    two = tuned(front)
    assert [t.value for t in one.study.trials] == [t.value for t in two.study.trials]
    assert np.random.random() == first


def test_processes_score_as_one_does():
    alone, two = tuned(columns()), tuned(columns(), n_jobs=2)
    assert [t.value for t in alone.study.trials] == [t.value for t in two.study.trials]


@pytest.mark.parametrize("storage", ["a.db", "a.journal"])
def test_a_study_goes_on_only_behind_the_same_transformer(storage, tmp_path):
    more = {"storage": tmp_path / storage, "study_name": "mine"}
    first = tuned(columns(), **more)
    assert len(tuned(columns(), n_trials=5, **more).study.trials) == 5
    with pytest.raises(tf.StudyError, match="recipe_digest: "):
        tuned(columns(min_frequency=9), **more)
    with pytest.raises(tf.StudyError, match="recipe_digest: "):
        tf.tune(table(), target(table(), "binary"), "logistic", cv=3, **more)
    assert "ColumnTransformer" in read_header(first.study).recipe_json


def test_who_has_no_more_than_the_storage_cannot_join(tmp_path):
    tuned(columns(), storage=tmp_path / "a.db", study_name="mine")
    X = table()
    with pytest.raises(tf.StudyError, match="handed over in Python, which the storage does not"):
        join(tmp_path / "a.db", "mine", (X, target(X, "binary")))


def test_a_changed_copy_keeps_what_stands_in_front():
    space = {"C": {"low": 0.01, "high": 0.1}, "l1_ratio": None}
    result = tuned(columns(), space=space)
    assert set(result.best_params) == {"C"}
    assert result.model.steps[0][0] == "front"


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("name", "task"), PAIRS)
def test_the_pipeline_predicts_on_held_out_rows_what_the_folds_did(name, task):
    growth = {"last": 4} if name == "lightgbm" else {"last": 3} if name == "mlp" else {}
    recipe = tf.load_recipe(name).replace(growth=growth)
    result = tuned(columns(), recipe, task, n_trials=1, cv=2)
    X = table()
    later = table(50, seed=9)
    later.loc[later.index[:5], "city"] = "Rom"
    script = {}
    exec(compile(result.to_python(), "model.py", "exec"), script)
    for model in (result.model, script["fit"](X, target(X, task).to_numpy())):
        if task == "regression":
            np.testing.assert_allclose(model.predict(later), result.predict(later), rtol=1e-5)
        else:
            expected = result.predict_proba(later)
            np.testing.assert_allclose(model.predict_proba(later), expected, rtol=1e-5, atol=1e-7)
    if name == "lightgbm":
        assert b"tuneflow" not in pickle.dumps(result.model)


@pytest.mark.parametrize(
    "front",
    [
        pytest.param(columns(sparse_output=True), id="sparse"),
        pytest.param(columns(sparse_output=False), id="array"),
        pytest.param(columns(sparse_output=False).set_output(transform="pandas"), id="frame"),
        pytest.param(make_pipeline(columns(), MaxAbsScaler()), id="two"),
        pytest.param(make_column_transformer((CROSSED, ["city", "job"])), id="crossed"),
        pytest.param(TableVectorizer(), id="skrub"),
        pytest.param(TableVectorizer(low_cardinality="passthrough"), id="strings"),
    ],
)
@pytest.mark.parametrize("name", ["lightgbm", "ridge"])
def test_whatever_it_makes_is_written_as_code(front, name):
    X, task = table(), "regression" if name == "ridge" else "binary"
    y = target(X, task)
    result = tuned(front, name, task, n_trials=1, cv=2)
    script = {}
    exec(compile(result.to_python(), "model.py", "exec"), script)
    again = script["fit"](X, y)
    if task == "regression":
        np.testing.assert_allclose(again.predict(X), result.predict(X), rtol=1e-5)
    else:
        ours, theirs = result.predict_proba(X), again.predict_proba(X)
        np.testing.assert_allclose(theirs, ours, rtol=1e-5, atol=1e-7)


def test_it_stands_behind_scikit_learn_s_door_too(seen):
    X = table()
    y = target(X, "binary")
    model = tf.TunedClassifier(make_pipeline(Witness(), columns(), "logistic"), n_trials=3, cv=2)
    model.fit(X, y)
    assert len(seen) == 2 + 1  # folds, and the model, which is the best estimator
    theirs = model.best_estimator_.predict_proba(X)
    np.testing.assert_array_equal(theirs, model.predict_proba(X))


def test_it_is_saved_with_the_model(tmp_path):
    result = tuned(columns())
    X = table(30, seed=4)
    back = tf.load(result.save(tmp_path / "a.skops"))
    np.testing.assert_array_equal(back.predict_proba(X), result.predict_proba(X))


def test_it_is_one_of_several_recipes_and_of_several_contenders():
    X = table()
    y = target(X, "binary")
    behind = make_pipeline(columns(), "logistic")
    both = tf.tune(X, y, ["logistic", behind], n_trials=4, cv=2)
    assert set(both.leaderboard()["recipe"]) == {"logistic", "logistic after ColumnTransformer"}
    found = tf.compare(X, y, recipes=["logistic", behind], n_seeds=1, n_trials=2, cv=2)
    assert "logistic after ColumnTransformer" in found.table().index
    assert len(tf.nested(X, y, behind, outer=2, n_trials=2, cv=2).results) == 2


@pytest.mark.parametrize(
    ("front", "name", "match"),
    [
        (object(), "logistic", "must be transformers; got <object"),
        (columns(), "logistc", "Did you mean 'logistic'"),
        (FunctionTransformer(lambda X: X), "logistic", "can be pickled"),
        (columns(), tf.load_recipe("logistic").replace(prepare="raw"), "prepares its table"),
    ],
)
def test_what_cannot_stand_there_is_refused_in_words(front, name, match):
    with pytest.raises(tf.RecipeError, match=match):
        tuned(front, name)


@pytest.mark.parametrize("make", [lambda X: X[:5], lambda X: X.iloc[:, :0]])
def test_other_rows_or_no_columns_are_no_table(make):
    front = make_pipeline(FunctionTransformer(make))
    X = table()
    data = Data.of(X, target(X, "binary"))
    with pytest.raises(tf.RecipeError, match=r"one row a row, .*; got shape \(\d+, \d\) from 240"):
        fit_transformer(front, data, slice(None), 0)
