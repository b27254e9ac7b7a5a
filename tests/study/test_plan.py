"""Trial 0 is what was brought, exactly as it is, whether or not the space holds it."""

import warnings

import lightgbm as lgb
import numpy as np
import optuna
import pandas as pd
import pytest
import xgboost as xgb
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
from sklearn.ensemble import (
    ExtraTreesRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import ElasticNet, LogisticRegression, Ridge, SGDRegressor
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, SVR
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

import tuneflow as tf

TABLES = {
    "breast_cancer": (load_breast_cancer, "roc_auc"),
    "wine": (load_wine, "f1_macro"),
    "diabetes": (load_diabetes, "r2"),
}
LOG = {"low": 1e-3, "high": 10.0, "log": True}
DEPTH = {"low": 2, "high": 6}
#: Estimators with a default that the range cannot hold: for classes, for values, and their space.
BROUGHT = {
    "svm": (
        make_pipeline(StandardScaler(), SVC()),
        make_pipeline(StandardScaler(), SVR()),
        ({"svc__C": LOG, "svc__gamma": LOG}, {"svr__C": LOG, "svr__gamma": LOG}),
    ),
    "forest": (
        RandomForestClassifier(20, random_state=0),
        RandomForestRegressor(20, random_state=0),
        ({"max_depth": DEPTH, "max_features": {"low": 0.1, "high": 0.9}},) * 2,
    ),
    "tree": (
        DecisionTreeClassifier(random_state=0),
        DecisionTreeRegressor(random_state=0),
        ({"max_depth": DEPTH, "min_samples_leaf": {"low": 5, "high": 50}},) * 2,
    ),
    "boosting": (
        HistGradientBoostingClassifier(max_iter=5, random_state=0),
        HistGradientBoostingRegressor(max_iter=5, random_state=0),
        ({"max_depth": DEPTH, "l2_regularization": LOG},) * 2,
    ),
    "linear": (
        make_pipeline(StandardScaler(), LogisticRegression(C=50.0, max_iter=2000)),
        make_pipeline(StandardScaler(), SGDRegressor(alpha=0.0, random_state=0)),
        ({"logisticregression__C": LOG}, {"sgdregressor__alpha": LOG}),
    ),
}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("brought", BROUGHT)
def test_the_default_score_is_scikit_learns_and_the_result_is_never_worse(table, brought):
    load, scoring = TABLES[table]
    X, y = load(return_X_y=True)
    values = table == "diabetes"
    estimator, space = BROUGHT[brought][values], BROUGHT[brought][2][values]
    cv = (KFold if values else StratifiedKFold)(3, shuffle=True, random_state=1)

    result = tf.tune(
        X, y, estimator, space=space, cv=cv, scoring=scoring, n_trials=5, progress=False
    )

    expected = cross_val_score(estimator, X, y, cv=cv, scoring=scoring).mean()
    assert result.default_score == pytest.approx(expected, abs=1e-12)
    assert result.best_score >= result.default_score
    assert result.study.trials[0].params == {}


@pytest.mark.parametrize(
    ("recipe", "library"),
    [
        ("lightgbm", lgb.LGBMClassifier(verbosity=-1)),
        ("xgboost", xgb.XGBClassifier()),
        ("hist_gradient_boosting", HistGradientBoostingClassifier(random_state=0)),
        ("random_forest", RandomForestClassifier(random_state=0)),
        ("knn", None),
    ],
)
def test_the_baseline_of_a_recipe_is_its_library_as_it_comes(recipe, library):
    X, y = load_breast_cancer(return_X_y=True)
    cv = StratifiedKFold(3, shuffle=True, random_state=1)
    result = tf.tune(X, y, recipe, cv=cv, n_trials=1, progress=False)
    if library is None:
        from sklearn.neighbors import KNeighborsClassifier

        library = make_pipeline(StandardScaler(), KNeighborsClassifier())
    expected = cross_val_score(library, X, y, cv=cv, scoring="roc_auc").mean()
    assert result.default_score == pytest.approx(expected, abs=1e-7)


def _stubborn(**options):
    """A search that finds nothing better than what was brought: all depths are too small."""
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(30, random_state=0, min_samples_leaf=10)
    space = {"max_depth": [1]}
    cv = KFold(3, shuffle=True, random_state=0)
    return X, y, forest, {"space": space, "cv": cv, "n_trials": 4, "progress": False, **options}


def test_if_nothing_is_better_what_was_brought_is_refitted_and_the_result_says_so():
    X, y, forest, options = _stubborn()
    result = tf.tune(X, y, forest, **options)
    assert result.best_trial.number == 0
    assert result.best_params == {"max_depth": None}
    assert any("nothing was better" in remark for remark in result.remarks)
    np.testing.assert_array_equal(result.predict(X), forest.fit(X, y).predict(X))


def test_the_faster_trial_of_one_se_is_not_worse_than_what_was_brought():
    X, y, forest, options = _stubborn(select="one_se")
    result = tf.tune(X, y, forest, **options | {"space": {"max_depth": {"low": 1, "high": 4}}})
    assert result.best_score >= result.default_score


def test_an_estimator_of_scikit_learns_kind_knows_the_same_baseline():
    X, y, forest, options = _stubborn()
    model = tf.TunedRegressor(forest, **options).fit(X, y)
    assert model.best_estimator_[-1].max_depth is None
    assert model.cv_results_["params"][0] == {}


def test_the_baseline_is_the_same_in_processes_and_on_resuming(tmp_path):
    X, y, forest, options = _stubborn(storage=str(tmp_path / "s.db"))
    first = tf.tune(X, y, forest, **options | {"n_trials": 1})
    again = tf.tune(X, y, forest, **options | {"n_jobs": 2})
    assert again.default_score == first.default_score
    assert [t.number for t in again.study.trials if not t.params] == [0]


def test_a_baseline_that_was_lost_is_tried_again(tmp_path, monkeypatch):
    X, y, forest, options = _stubborn(storage=str(tmp_path / "s.db"))

    def interrupted(self, *args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(RandomForestRegressor, "fit", interrupted)
        with pytest.raises(KeyboardInterrupt):
            tf.tune(X, y, forest, **options)
    result = tf.tune(X, y, forest, **options)
    without = [(t.number, t.state.name) for t in result.study.trials if not t.params]
    assert without == [(0, "FAIL"), (without[-1][0], "COMPLETE")]
    expected = cross_val_score(
        forest, X, y, cv=options["cv"], scoring="neg_root_mean_squared_error"
    )
    assert result.default_score == pytest.approx(expected.mean(), abs=1e-12)
    assert any("nothing was better" in remark for remark in result.remarks)


def test_fixed_arguments_of_a_person_belong_to_the_baseline():
    X, y = load_diabetes(return_X_y=True)
    y = y.round()
    recipe = tf.load_recipe("lightgbm").replace(fixed={"objective": "poisson"}, target="as is")
    scoring = "neg_mean_poisson_deviance"
    cv = KFold(3, shuffle=True, random_state=0)
    result = tf.tune(X, y, recipe, cv=cv, scoring=scoring, n_trials=1, progress=False)
    library = lgb.LGBMRegressor(objective="poisson", verbosity=-1)
    expected = cross_val_score(library, X, y, cv=cv, scoring=scoring).mean()
    assert result.default_score == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("sampler", ["random", "tpe", "cmaes", "qmc", "nsga2", "grid"])
def test_samplers_learn_from_trials_beside_a_baseline_outside_of_the_space(sampler):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), SVC())
    space = {
        "svc__C": {**LOG, "grid": [0.1, 1.0]},
        "svc__gamma": {**LOG, "grid": [0.01, 0.1, 1.0]},
    }
    result = tf.tune(X, y, model, space=space, sampler=sampler, cv=3, n_trials=14, progress=False)
    assert result.study.trials[0].params == {}
    assert all(set(t.params) == set(space) for t in result.study.trials[1:])
    assert len(result.study.trials) == (7 if sampler == "grid" else 14)


def test_a_sampler_models_parameters_together_though_the_baseline_names_none():
    X, y = load_breast_cancer(return_X_y=True)
    spaces = []

    class Spy(optuna.samplers.TPESampler):
        def sample_relative(self, study, trial, search_space):
            spaces.append(set(search_space))
            return super().sample_relative(study, trial, search_space)

    space = {"svc__C": LOG, "svc__gamma": LOG}
    sampler = Spy(multivariate=True, n_startup_trials=2, seed=0)
    model = make_pipeline(StandardScaler(), SVC())
    with warnings.catch_warnings(action="ignore"):
        tf.tune(X, y, model, space=space, sampler=sampler, cv=3, n_trials=6, progress=False)
    assert spaces[-1] == set(space)


def test_contenders_of_a_comparison_share_the_baseline():
    X, y = load_diabetes(return_X_y=True)
    samplers = ["random", "tpe"]
    comparison = tf.compare(
        X, y, "elastic_net", samplers=samplers, n_seeds=1, n_trials=3, cv=3, progress=False
    )
    scores = set(comparison.runs["default"])
    assert len(comparison.runs) == 2
    assert len(scores) == 1


def test_a_default_that_a_person_gives_is_a_starting_point_beside_what_was_brought():
    X, y, forest, options = _stubborn()
    space = {"max_depth": {"low": 1, "high": 9, "default": 5}}
    result = tf.tune(X, y, forest, **options | {"space": space})
    assert [t.params for t in result.study.trials[:2]] == [{}, {"max_depth": 5}]


def test_defaults_with_gaps_and_text_are_compared_on_the_same_rows():
    r = np.random.default_rng(0)
    X = pd.DataFrame({"a": r.normal(size=150), "b": r.choice(["u", "v"], 150)})
    X.loc[::7, "a"] = np.nan
    y = (X.a.fillna(0) + (X.b == "u") + r.normal(size=150) > 0.5).astype(int)
    result = tf.tune(X, y, "extra_trees", cv=3, n_trials=2, progress=False)
    assert result.trials().loc[0, "state"] == "complete"
    assert np.isfinite(result.default_score)


@pytest.mark.parametrize(
    ("recipe", "library"),
    [
        ("lightgbm", lgb.LGBMRegressor(verbosity=-1)),
        ("xgboost", xgb.XGBRegressor()),
        ("extra_trees", ExtraTreesRegressor(random_state=0)),
        ("ridge", make_pipeline(StandardScaler(), Ridge())),
        ("elastic_net", make_pipeline(StandardScaler(), ElasticNet())),
        ("svm", make_pipeline(StandardScaler(), SVR())),
        ("kernel_ridge", make_pipeline(StandardScaler(), KernelRidge())),
    ],
)
def test_the_baseline_of_a_regression_sees_the_target_as_it_is(recipe, library):
    X, y = load_diabetes(return_X_y=True)
    cv = KFold(3, shuffle=True, random_state=0)
    result = tf.tune(X, y, recipe, cv=cv, n_trials=1, progress=False)
    scoring = "neg_root_mean_squared_error"
    expected = cross_val_score(library, X, y, cv=cv, scoring=scoring).mean()
    assert result.default_score == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("recipe", ["lightgbm", "xgboost"])
def test_an_objective_of_a_persons_own_gets_the_target_as_it_is(recipe):
    X, y = load_diabetes(return_X_y=True)
    objective = "poisson" if recipe == "lightgbm" else "count:poisson"
    poisson = tf.load_recipe(recipe).replace(fixed={"objective": objective})
    scoring = "neg_mean_poisson_deviance"
    result = tf.tune(X, y, poisson, cv=3, scoring=scoring, n_trials=3, progress=False)
    assert result.study.trials[2].state.name in ("COMPLETE", "PRUNED")
    assert (result.predict(X) > 0).all()


def test_a_metric_that_refuses_predictions_below_zero_is_told_of_a_logarithmic_scale():
    X, y = load_diabetes(return_X_y=True)
    y = np.expm1(np.abs(3 * X[:, 2] / X[:, 2].std()))
    with pytest.raises(tf.errors.NoTrialError, match=r"TransformedTargetRegressor\(model, func"):
        tf.tune(
            X, y, "ridge", scoring="neg_root_mean_squared_log_error", n_trials=3, progress=False
        )


class Odd(DecisionTreeClassifier):
    """It fails at one depth with an error that nobody expects."""

    def fit(self, X, y, **fit_params):
        if self.max_depth == 2:
            raise self.error
        return super().fit(X, y, **fit_params)


@pytest.mark.parametrize(
    "error", [KeyError("a"), TypeError("b"), MemoryError(), ZeroDivisionError(), OSError("disk")]
)
def test_whatever_one_trial_raises_fails_that_trial_and_not_the_study(error, monkeypatch):
    monkeypatch.setattr(Odd, "error", error, raising=False)
    X, y = load_breast_cancer(return_X_y=True)
    result = tf.tune(
        X,
        y,
        Odd(random_state=0),
        space={"max_depth": [None, 2]},
        sampler="grid",
        cv=3,
        n_trials=None,
        progress=False,
    )
    assert [t.state.name for t in result.study.trials] == ["COMPLETE", "FAIL"]
    assert any(type(error).__name__ in remark for remark in result.remarks)


def test_a_study_ends_with_the_reason_when_the_baseline_fails():
    X, y = load_breast_cancer(return_X_y=True)
    broken = DecisionTreeClassifier(min_samples_split=2.5)
    with pytest.raises(tf.errors.NoTrialError, match=r"2\.5 .*as it was given"):
        tf.tune(X, y, broken, space={"max_depth": [2, 3]}, cv=3, n_trials=9, progress=False)


@pytest.mark.parametrize("value", [None, np.zeros(2), 1.7e308])
def test_a_metric_that_returns_no_number_in_one_trial_fails_it(value):
    X, y = load_breast_cancer(return_X_y=True)
    calls = []

    def metric(model, X, y):
        calls.append(1)
        return value if len(calls) > 4 else 0.5

    result = tf.tune(
        X,
        y,
        DecisionTreeClassifier(random_state=0),
        space={"max_depth": [None, 2, 3]},
        scoring=metric,
        cv=3,
        n_trials=3,
        progress=False,
    )
    assert result.study.trials[0].state.name == "COMPLETE"
    assert {t.state.name for t in result.study.trials[1:]} == {"FAIL"}


def test_a_report_shows_what_was_brought_beside_what_was_found(tmp_path):
    X, y = load_breast_cancer(return_X_y=True)
    model = make_pipeline(StandardScaler(), SVC())
    space = {"svc__C": LOG, "svc__gamma": LOG, "svc__class_weight": [None, "balanced"]}
    report = tf.tune(X, y, model, space=space, cv=3, n_trials=6, progress=False).report()
    shown = report.tables["parameters"]["default"]
    assert shown["svc__gamma"] == "scale"
    assert shown["svc__C"] in ("1", "1.0")
    assert report.tables["best"].loc["svc__gamma", "default"] == "scale"
    assert report.save(tmp_path / "a.html")


def test_a_report_of_a_study_in_which_nothing_was_better_shows_what_was_brought():
    X, y, forest, options = _stubborn()
    report = tf.tune(X, y, forest, **options).report()
    assert report.tables["best"].loc["max_depth", "best"] == "None"
    assert "Trial 0 is the best" in report.to_markdown()
