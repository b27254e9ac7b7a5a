"""Estimators and pipelines of one's own, tuned as they are."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from scipy.stats import loguniform
from sklearn.compose import make_column_transformer
from sklearn.datasets import make_regression
from sklearn.ensemble import RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from tables import table, target

import tuneflow as tf
from tuneflow.ledger import read_entry, read_header

C = {"logisticregression__C": {"low": 0.001, "high": 100.0, "log": True}}


def pipeline(**more):
    """What somebody has who used scikit-learn before: by names of columns, gaps and all."""
    columns = make_column_transformer(
        (make_pipeline(SimpleImputer(), StandardScaler()), ["age", "income"]),
        (OneHotEncoder(handle_unknown="ignore"), ["city", "job"]),
    )
    return make_pipeline(columns, LogisticRegression(**more))


def tuned(estimator=None, space=C, **more):
    X, y = table(), target(table(), "binary")
    return tf.tune(X, y, estimator or pipeline(), space=space, **{"n_trials": 6, "cv": 3, **more})


def test_a_pipeline_is_tuned_on_the_table_as_it_is():
    result = tuned()
    assert result.study.trials[0].params == {"logisticregression__C": 1.0}
    assert set(result.best_params) == set(C)
    assert result.predict(table(20, seed=5)).shape == (20,)
    assert result.model.estimator.named_steps["columntransformer"]


def test_every_trial_starts_from_a_clone():
    mine = pipeline()
    tuned(mine)
    assert mine.get_params()["logisticregression__C"] == 1.0
    assert not hasattr(mine[-1], "coef_")


def test_a_space_is_tables_lists_or_distributions():
    space = {
        "logisticregression__C": optuna.distributions.FloatDistribution(0.1, 10.0, log=True),
        "columntransformer__pipeline__simpleimputer__strategy": ["mean", "median"],
        "logisticregression__max_iter": optuna.distributions.IntDistribution(50, 200),
    }
    result = tuned(space=space)
    assert result.study.trials[0].params["logisticregression__max_iter"] == 100
    assert {"mean", "median"} >= set(
        result.trials()["columntransformer__pipeline__simpleimputer__strategy"]
    )


def test_choices_may_come_from_numpy():
    result = tuned(space={"logisticregression__C": np.logspace(-1, 1, 3)})
    assert set(result.trials()["logisticregression__C"]) <= {0.1, 1.0, 10.0}


def test_many_rows_climb_by_rows_and_few_fold_by_fold():
    X, y = make_regression(3000, 4, noise=5.0, random_state=0)
    space = {"alpha": {"low": 0.01, "high": 100.0, "log": True}}
    many = tf.tune(X, y, Ridge(), space=space, n_trials=2, cv=2)
    assert {folds for folds, _, _ in read_entry(many.best_trial).curve} == {2}
    assert len(read_entry(many.best_trial).curve) > 1
    few = tf.tune(X[:300], y[:300], Ridge(), space=space, n_trials=2, cv=2)
    assert [folds for folds, _, _ in read_entry(few.best_trial).curve] == [1, 2]


def test_a_study_goes_on_only_with_the_same_estimator(tmp_path):
    more = {"storage": tmp_path / "a.db"}
    tuned(**more)
    assert len(tuned(n_trials=8, **more).study.trials) == 8
    with pytest.raises(tf.StudyError, match="recipe_digest: "):
        tuned(pipeline(tol=0.1), **more)
    with pytest.raises(tf.StudyError, match="recipe_digest: "):
        tuned(space={"logisticregression__C": [0.1, 1.0]}, **more)


def test_what_is_stored_is_a_fingerprint_and_no_object(tmp_path):
    result = tuned(storage=tmp_path / "a.journal")
    recipe = read_header(result.study).recipe_json
    assert '"estimator":"sklearn.pipeline.Pipeline"' in recipe
    assert "Pipeline" in tf.Recipe.model_validate_json(recipe).sources["estimator"]


def test_seeds_that_are_not_set_are_set_in_every_step():
    space = {"randomforestclassifier__max_depth": {"low": 2, "high": 4}}
    forest = make_pipeline(SimpleImputer(), RandomForestClassifier(5))
    X, y = table()[["age", "income"]], target(table(), "binary")
    one, two = (tf.tune(X, y, forest, space=space, n_trials=3, cv=2) for _ in range(2))
    assert [t.value for t in one.study.trials] == [t.value for t in two.study.trials]
    assert one.model.estimator[-1].random_state == 0


def test_it_stands_behind_scikit_learn_s_door_too():
    X, y = table(), target(table(), "binary")
    model = tf.TunedClassifier(pipeline(), space=C, n_trials=3, cv=2).fit(X, y)
    np.testing.assert_allclose(model.best_estimator_.predict_proba(X), model.predict_proba(X))


def test_rows_are_kept_aside_for_it_as_well():
    assert tuned(test_size=0.25).outer.rows == 60


def test_a_space_changes_a_recipe_by_name():
    X, y = table(), target(table(), "binary")
    space = {"C": {"low": 0.01, "high": 0.1}, "l1_ratio": None}
    result = tf.tune(X, y, "logistic", space=space, n_trials=4, cv=2)
    assert set(result.study.trials[-1].params) == {"C"}
    assert result.trials()["C"].between(0.01, 0.1).all()


@pytest.mark.parametrize(
    ("estimator", "space", "match"),
    [
        (pipeline(), {"logisticregression__c": [1.0]}, "Did you mean 'logisticregression__C'"),
        (pipeline(), {"logisticregression__C": (0.1, 9.0)}, r"Write .* for a range"),
        (pipeline(), {"logisticregression__C": loguniform(0.1, 9.0)}, "an Optuna distribution"),
        (
            pipeline(),
            {"logisticregression__C": [1.0, None]},
            "choices.1: true or false, a number or text is needed; got None",
        ),
        (LogisticRegression, {}, r"an estimator is needed.*Make one: LogisticRegression\(\)"),
        (object(), {}, "an estimator is needed"),
        (StandardScaler(), {}, "an estimator is needed|a classifier or a regressor"),
        (make_pipeline(FunctionTransformer(lambda X: X), Ridge()), {}, "can be pickled"),
        (pipeline(), {"logisticregression__C": {"low": 3.0, "high": 1.0}}, "low must not exceed"),
    ],
)
def test_what_cannot_be_tuned_is_refused_in_words(estimator, space, match):
    with pytest.raises(tf.RecipeError, match=match):
        tf.tune(table(), target(table(), "binary"), estimator, space=space)
