"""Estimators and pipelines of one's own, tuned as they are."""

from __future__ import annotations

import numpy as np
import optuna
import pandas as pd
import pytest
from lightgbm import LGBMClassifier
from scipy import sparse
from scipy.stats import norm
from sklearn import config_context
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.datasets import load_iris, make_classification, make_regression
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import balanced_accuracy_score, f1_score, make_scorer, roc_auc_score
from sklearn.model_selection import (
    FixedThresholdClassifier,
    KFold,
    StratifiedKFold,
    cross_val_score,
)
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier
from tables import table, target

import tuneflow as tf
from tuneflow.storage.user_attrs import read_header, read_trial_record

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
    assert result.model.named_steps["columntransformer"]


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
    assert {folds for folds, _, _ in read_trial_record(many.best_trial).curve} == {2}
    assert len(read_trial_record(many.best_trial).curve) > 1
    few = tf.tune(X[:300], y[:300], Ridge(), space=space, n_trials=2, cv=2)
    assert [folds for folds, _, _ in read_trial_record(few.best_trial).curve] == [1, 2]


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
    space = {"randomforestclassifier__max_depth": {"low": 2, "high": 4, "default": 2}}
    forest = make_pipeline(SimpleImputer(), RandomForestClassifier(5))
    X, y = table()[["age", "income"]], target(table(), "binary")
    one, two = (tf.tune(X, y, forest, space=space, n_trials=3, cv=2) for _ in range(2))
    assert [t.value for t in one.study.trials] == [t.value for t in two.study.trials]
    assert one.model[-1].random_state == 0


def test_it_stands_behind_scikit_learn_s_door_too():
    X, y = table(), target(table(), "binary")
    model = tf.TunedClassifier(pipeline(), space=C, n_trials=3, cv=2).fit(X, y)
    np.testing.assert_allclose(model.best_estimator_.predict_proba(X), model.predict_proba(X))


def test_rows_are_kept_aside_for_it_as_well():
    assert tuned(test_size=0.25).holdout.rows == 60


def test_a_space_changes_a_recipe_by_name():
    X, y = table(), target(table(), "binary")
    space = {"C": {"low": 0.01, "high": 0.1}, "l1_ratio": None}
    result = tf.tune(X, y, "logistic", space=space, n_trials=4, cv=2)
    assert set(result.study.trials[-1].params) == {"C"}
    assert result.trials()["C"][1:].between(0.01, 0.1).all()  # the first is the library's own


def test_a_list_is_choices_for_a_recipe_as_for_an_estimator():
    X, y = table(), target(table(), "binary")
    result = tf.tune(
        X, y, "logistic", space={"C": [0.5, 0.25], "l1_ratio": None}, cv=2, n_trials=4
    )
    assert set(result.trials()["C"][1:]) <= {0.5, 0.25}


def test_none_is_a_choice_like_any_other(tmp_path):
    X, y = table(), target(table(), "binary")
    forest = make_pipeline(SimpleImputer(), DecisionTreeClassifier(random_state=0))
    X = X[["age", "income"]]
    space = {"decisiontreeclassifier__max_depth": [2, None]}
    for storage in ("a.db", "a.journal"):
        tf.tune(X, y, forest, space=space, cv=2, n_trials=4, storage=tmp_path / storage)
        result = tf.tune(X, y, forest, space=space, cv=2, n_trials=8, storage=tmp_path / storage)
        tried = [t.params["decisiontreeclassifier__max_depth"] for t in result.study.trials]
        assert tried[0] is None  # the estimator's own
        assert set(tried) == {2, None}


def test_without_a_space_there_is_one_trial_and_a_word_about_it():
    with pytest.warns(tf.TuneflowWarning, match=r"the space is empty.*Give tune\(\) a space"):
        result = tf.tune(table(), target(table(), "binary"), pipeline(), cv=2, n_trials=5)
    assert len(result.study.trials) == 1


@pytest.mark.parametrize(
    ("estimator", "space", "match"),
    [
        (pipeline(), {"logisticregression__c": [1.0]}, "Did you mean 'logisticregression__C'"),
        (pipeline(), {"logisticregression__C": (0.1, 9.0)}, r"Write .* for a range"),
        (pipeline(), {"logisticregression__C": norm(0.1, 9.0)}, "an Optuna distribution"),
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


def weighed(estimator, **more):
    """With weights that make one label of three times the weight."""
    y = target(table(), "binary")
    return tuned(estimator, sample_weight=np.where(y == "mid", 3.0, 1.0), **more)


def scaled(last):
    return make_pipeline(SimpleImputer(), StandardScaler(), last)


def numbers():
    return table()[["age", "income"]], target(table(), "binary")


def test_weights_go_to_the_last_step_of_a_pipeline():
    plain, other = tuned(n_trials=1), weighed(None, n_trials=1)
    assert (other.predict(table()) == "mid").sum() > (plain.predict(table()) == "mid").sum()
    X, y = table(), target(table(), "binary")
    weights = np.where(y == "mid", 3.0, 1.0)
    theirs = pipeline().fit(X, y, logisticregression__sample_weight=weights)
    np.testing.assert_allclose(other.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)
    script = {}
    exec(compile(other.to_python(), "model.py", "exec"), script)
    again = script["fit"](X, y, weights)
    np.testing.assert_allclose(again.predict_proba(X), other.predict_proba(X), rtol=1e-6)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_where_scikit_learn_routes_metadata_steps_ask_for_weights(n_jobs):
    (X, y), space = numbers(), {"logisticregression__C": [1.0]}
    weights = np.linspace(0.1, 5, len(X))
    with config_context(enable_metadata_routing=True):
        scaler = StandardScaler().set_fit_request(sample_weight=True)
        last = LogisticRegression().set_fit_request(sample_weight=True)
        both = make_pipeline(SimpleImputer(), scaler, last)
        more = {"sample_weight": weights, "n_trials": 1, "cv": 2, "n_jobs": n_jobs}
        result = tf.tune(X, y, both, space=space, **more)
        theirs = clone(both).fit(X, y, sample_weight=weights)
    np.testing.assert_allclose(result.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)


def test_one_that_takes_no_weights_is_refused_before_the_first_trial(tmp_path):
    X, y = numbers()
    space = {"kneighborsclassifier__n_neighbors": [3, 5]}
    more = {"sample_weight": np.ones(len(X)), "storage": tmp_path / "a.db"}
    with pytest.raises(tf.DataError, match=r"must take weights; .*KNeighborsClassifier has none"):
        tf.tune(X, y, scaled(KNeighborsClassifier()), space=space, **more)
    assert not (tmp_path / "a.db").exists()
    with config_context(enable_metadata_routing=True):
        nobody = scaled(LogisticRegression())
        with pytest.raises(tf.DataError, match="or does not ask for them"):
            tf.tune(X, y, nobody, space={"logisticregression__C": [1.0]}, **more)


def test_weights_come_to_a_classifier_that_is_calibrated_and_to_a_target_that_is_scaled():
    X, y = numbers()
    space = {"linearsvc__C": [0.1]}
    more = {"n_trials": 1, "cv": 2}
    weights = np.where(y == "mid", 9.0, 1.0)
    plain, other = (
        tf.tune(X, y, scaled(LinearSVC(C=0.1)), space=space, sample_weight=w, **more)
        for w in (None, weights)
    )
    assert (
        other.model[-1].calibrated_classifiers_[0].estimator[-1].intercept_
        != plain.model[-1].calibrated_classifiers_[0].estimator[-1].intercept_
    )
    ridge = scaled(TransformedTargetRegressor(Ridge(), transformer=StandardScaler()))
    values, alphas = (
        target(table(), "regression"),
        {"transformedtargetregressor__regressor__alpha": [1.0]},
    )
    weights = np.linspace(0.1, 5, len(X))
    result = tf.tune(X, values, ridge, space=alphas, sample_weight=weights, **more)
    theirs = ridge.fit(X, values, transformedtargetregressor__sample_weight=weights)
    np.testing.assert_allclose(result.predict(X), theirs.predict(X), rtol=1e-6)


def test_weights_come_through_scikit_learn_s_door():
    X, y = numbers()
    weights = np.where(y == "mid", 3.0, 1.0)
    space = {"logisticregression__C": [1.0]}
    model = tf.TunedClassifier(scaled(LogisticRegression()), space=space, n_trials=1, cv=2)
    model.fit(X, y, sample_weight=weights)
    theirs = scaled(LogisticRegression()).fit(X, y, logisticregression__sample_weight=weights)
    for ours in (model, model.best_estimator_):
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=1e-6)


# ---------- what is chosen is not always the most probable ----------

THRESHOLDS = {"threshold": [0.5, 0.1, 0.3]}


def rare():
    X, y = make_classification(400, 6, weights=[0.9], class_sep=0.5, random_state=0)
    return pd.DataFrame(X).add_prefix("x"), pd.Series(y).map({0: "no", 1: "yes"})


def test_a_threshold_of_ones_own_counts_in_scores_and_predictions():
    X, y = rare()
    inner = LogisticRegression()
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    score = make_scorer(f1_score, pos_label="yes")
    model = FixedThresholdClassifier(inner, threshold=0.5, pos_label="yes")
    found = tf.tune(X, y, model, space=THRESHOLDS, sampler="grid", cv=cv, scoring=score)
    told = {trial.params["threshold"]: trial.value for trial in found.study.trials}
    for threshold, value in told.items():
        plain = FixedThresholdClassifier(inner, threshold=threshold, pos_label="yes")
        assert value == pytest.approx(cross_val_score(plain, X, y, cv=cv, scoring=score).mean())
    best = FixedThresholdClassifier(inner, pos_label="yes", **found.best_params).fit(X, y)
    assert found.best_params["threshold"] != 0.5
    np.testing.assert_array_equal(found.predict(X), best.predict(X))


def test_ranks_of_pairs_of_classes_are_not_taken_for_classes():
    X, y = load_iris(return_X_y=True, as_frame=True)
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    model = SVC(decision_function_shape="ovo")
    found = tf.tune(X, y, model, space={"C": [1.0]}, cv=cv, n_trials=1, scoring="accuracy")
    assert found.best_score == pytest.approx(cross_val_score(model, X, y, cv=cv).mean())


def test_weights_of_classes_are_by_label_as_in_scikit_learn():
    X, y = rare()
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    model = LogisticRegression(class_weight={"yes": 5.0, "no": 1.0})
    found = tf.tune(X, y, model, space={"C": [1.0]}, cv=cv, scoring="accuracy", n_trials=1)
    expected = cross_val_score(model, X, y, cv=cv, scoring="accuracy").mean()
    assert found.best_score == pytest.approx(expected)
    np.testing.assert_array_equal(found.predict(X), model.fit(X, y).predict(X))


@pytest.mark.parametrize(
    "name", ["logistic", "lightgbm", "random_forest", "hist_gradient_boosting"]
)
@pytest.mark.parametrize("labels", [("no", "yes"), (3, 7), (False, True)])
def test_weights_of_classes_are_by_label_in_a_recipe_too(name, labels):
    X, y = rare()
    y = np.where(y == "yes", labels[1], labels[0])
    plain = tf.load_recipe(name)
    weighted = plain.replace(fixed={"class_weight": {labels[1]: 20.0, labels[0]: 1.0}})
    shares = [
        tf.tune(X, y, each, n_trials=1, cv=3).predict_proba(X)[:, 1].mean()
        for each in (plain, weighted)
    ]
    assert shares[1] > shares[0]
    wrong = plain.replace(fixed={"class_weight": {"maybe": 5.0}})
    with pytest.raises(tf.DataError, match=r"class_weight: labels are .*; got 'maybe'"):
        tf.tune(X, y, wrong, n_trials=1, cv=3)


@pytest.mark.parametrize("weights", ["balanced", {"yes": 9.0, "no": 2.0}])
@pytest.mark.parametrize("rows", [None, np.linspace(1, 3, 400)])
def test_weights_of_classes_in_lightgbm_are_those_of_its_estimator(weights, rows):
    X, y = rare()
    cv = StratifiedKFold(3, shuffle=True, random_state=0)
    recipe = tf.load_recipe("lightgbm").replace(fixed={"class_weight": weights})
    how = {"n_trials": 1, "cv": cv, "scoring": "roc_auc", "sample_weight": rows}
    found = tf.tune(X, y, recipe, **how)
    scores = []
    for train, valid in cv.split(X, y):
        model = LGBMClassifier(class_weight=weights, verbosity=-1, random_state=0)
        given = None if rows is None else (rows / rows.mean())[train]
        model.fit(X.iloc[train], y[train], sample_weight=given)
        shares = model.predict_proba(X.iloc[valid])[:, 1]
        kept = None if rows is None else rows[valid]
        scores.append(roc_auc_score(y[valid], shares, sample_weight=kept))
    assert found.default_score == pytest.approx(np.mean(scores), abs=1e-9)


def test_what_grows_by_epochs_without_probabilities_is_refitted():
    X, y = rare()
    engine = {"engine": "sklearn", "estimator": "sklearn.linear_model.SGDClassifier"}
    about = {"title": "SGD", "family": "linear", "tasks": ["binary"], "prepare": "dense"}
    space = {"alpha": {"low": 1e-5, "high": 1.0, "log": True, "default": 1e-4}}
    recipe = tf.Recipe(name="sgd", **engine, **about, space=space)
    found = tf.tune(X, y, recipe, n_trials=2, cv=2)
    assert found.refit.unit == "epochs"
    assert set(found.predict(X)) <= {"no", "yes"}


def test_probabilities_that_are_calibrated_are_said_to_be():
    X, y = rare()
    pipeline = make_pipeline(StandardScaler(), SVC())
    how = {"space": {"svc__C": [1.0, 2.0]}, "n_trials": 2, "cv": 3}
    calibrated = "probabilities: Pipeline has none of its own"
    asked = tf.tune(X, y, pipeline, scoring="neg_log_loss", **how).remarks
    assert [remark for remark in asked if remark.startswith(calibrated)]
    assert calibrated not in str(tf.tune(X, y, pipeline, scoring="accuracy", **how).remarks)


def test_calibrated_probabilities_do_not_undo_what_a_classifier_chooses(tmp_path):
    X, y = rare()
    recipe = tf.load_recipe("linear_svm").replace(fixed={"class_weight": "balanced"})
    scoring = ["balanced_accuracy", "neg_log_loss"]
    found = tf.tune(X, y, recipe, n_trials=4, cv=3, scoring=scoring)
    alone = tf.tune(X, y, recipe, n_trials=4, cv=3, scoring="balanced_accuracy")
    assert [t.value for t in found.study.trials] == [t.value for t in alone.study.trials]
    assert balanced_accuracy_score(y, found.predict(X)) > 0.9 * found.best_score
    model = tf.load(found.save(tmp_path / "a.skops"))
    np.testing.assert_array_equal(model.predict(X), found.predict(X))


# ---------- what is asked of a space ----------


def test_lists_are_a_grid():
    space = {"max_depth": [2, 4], "criterion": ["gini", "entropy"]}
    model, grid = DecisionTreeClassifier(max_depth=4), {"sampler": "grid", "n_trials": None}
    found = tf.tune(*load_iris(return_X_y=True), model, space=space, **grid)
    assert len(found.study.trials) == 4


def test_numpy_numbers_are_numbers():
    X, y = load_iris(return_X_y=True)
    model = KNeighborsClassifier(n_neighbors=np.int64(15))
    found = tf.tune(X, y, model, space={"n_neighbors": {"low": 1, "high": 50}}, n_trials=1)
    assert found.study.trials[0].params == {"n_neighbors": 15}


def test_a_step_that_would_be_lost_is_refused():
    space = {"max_depth": optuna.distributions.IntDistribution(2, 10, step=2)}
    with pytest.raises(tf.RecipeError, match="ranges have no steps"):
        tf.tune(*load_iris(return_X_y=True), DecisionTreeClassifier(), space=space)


def test_a_penalty_per_row_is_one_in_a_pipeline_too():
    low = {"low": 1e-6, "high": 1.0, "log": True, "default": 1e-3, "unit": "per_sample_l2"}
    found = tuned(space={"logisticregression__C": low}, n_trials=2)
    assert found.study.trials[1].params == {"logisticregression__C": 1e-3}
    taken = found.study.trials[1].user_attrs["tuneflow"]["scores"]
    C = 1000 / (len(table()) * 2 / 3)  # of the rows of a fold
    model = pipeline().set_params(logisticregression__C=C)
    assert taken == pytest.approx(tuned(model, n_trials=1).record.records[0].scores)


def test_epochs_over_a_table_as_it_is_may_be_a_regression():
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(80, 2)))
    about = {"title": "SGD", "family": "linear", "tasks": ["regression"], "prepare": "raw"}
    engine = {"engine": "sklearn", "estimator": "sklearn.linear_model.SGDRegressor"}
    space = {"alpha": {"low": 1e-5, "high": 1.0, "log": True, "default": 1e-4}}
    recipe = tf.Recipe(name="sgd", **engine, **about, space=space)
    found = tf.tune(X, X[0] - X[1], recipe, n_trials=2, cv=2)
    assert found.refit.unit == "epochs"
    assert found.best_score > -0.5


def first_three(X):
    """What takes columns by position, as arrays have them."""
    return X[:, :3]


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix, sparse.coo_array])
def test_arrays_and_sparse_matrices_come_to_an_estimator_as_they_are(form):
    dense, y = make_classification(200, 6, random_state=0)
    X, cv = form(dense), StratifiedKFold(3, shuffle=True, random_state=0)
    model = make_pipeline(FunctionTransformer(first_three), LogisticRegression())
    table = X.tocsr() if sparse.issparse(X) else X
    how = {"space": {"logisticregression__C": [1.0, 2.0]}, "cv": cv, "n_trials": 2}
    found = tf.tune(X, y, model, scoring="accuracy", test_size=0.2, **how)
    assert found.default_score > 0.5
    everything = tf.tune(X, y, model, scoring="accuracy", **how)
    expected = cross_val_score(model, table, y, cv=cv, scoring="accuracy").mean()
    assert everything.default_score == pytest.approx(expected, abs=1e-12)
    labels = everything.model.predict(table)
    np.testing.assert_array_equal(everything.predict(table), labels)
    np.testing.assert_array_equal(everything.predict(pd.DataFrame(dense)), labels)
    assert everything.score(table, y) == pytest.approx((labels == y).mean())


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_arrays_and_sparse_matrices_come_to_a_transformer_as_they_are(form):
    dense, y = make_classification(200, 6, random_state=0)
    model = make_pipeline(FunctionTransformer(first_three), "logistic")
    found = tf.tune(form(dense), y, model, n_trials=2, cv=3)
    labels = found.model.predict(form(dense))
    np.testing.assert_array_equal(found.predict(form(dense)), labels)
    other = tf.tune(form(dense[:, :3]), y, "logistic", n_trials=2, cv=3)
    assert found.best_score == pytest.approx(other.best_score, abs=1e-9)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.parametrize(
    ("estimator", "space"),
    [
        (RandomForestRegressor(5), {"min_samples_leaf": [2, 9]}),
        (MLPRegressor(hidden_layer_sizes=(3,), max_iter=20), {"alpha": [0.1, 1.0]}),
    ],
)
@pytest.mark.parametrize("form", [np.asarray, sparse.csr_matrix])
def test_what_grows_takes_whole_numbers_and_sparse_matrices(estimator, space, form):
    X = np.random.default_rng(0).integers(0, 9, (150, 4))
    y = X[:, 0] + 0.5
    model, cv = clone(estimator).set_params(random_state=0), KFold(3)
    found = tf.tune(form(X), y, model, space=space, cv=cv, scoring="r2", n_trials=3)
    expected = cross_val_score(model, form(X), y, cv=cv, scoring="r2").mean()
    assert found.default_score == pytest.approx(expected, abs=1e-12)


def test_a_target_that_is_a_column_of_an_array_is_no_feature():
    X = np.random.default_rng(0).normal(size=(100, 3))
    found = tf.tune(X, 2, Ridge(), space={"alpha": [1.0]}, cv=KFold(3), n_trials=1, scoring="r2")
    assert found.default_score < 0.5
    assert found.model[-1].n_features_in_ == 2


def test_a_mapping_of_columns_is_a_table():
    X = {"a": np.arange(90.0), "b": np.arange(90) % 3}
    frame = pd.DataFrame(X)
    found = [tf.tune(each, frame.a + frame.b, "ridge", n_trials=2, cv=3) for each in (X, frame)]
    assert found[0].best_score == found[1].best_score
