"""The code that a result writes trains the same model in a process that has no tuneflow."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from functools import partial
from operator import methodcaller

import numpy as np
import pandas as pd
import pytest
import scipy.linalg
import scipy.special
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.feature_selection import SelectKBest, f_regression, mutual_info_regression
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, WhiteKernel
from sklearn.linear_model import Ridge
from sklearn.model_selection import KFold, PredefinedSplit
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    OneHotEncoder,
    SplineTransformer,
    StandardScaler,
    TargetEncoder,
)
from tables import table, target

import tuneflow as tf
from tuneflow.models.pipeline import Training
from tuneflow.models.script import program

RUN = """
import json, sys, pickle
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "tuneflow":
            raise ImportError(name)
sys.meta_path.insert(0, Gone())
X, y, weights = pickle.load(open(sys.argv[2], "rb"))
script = {}
exec(compile(open(sys.argv[1]).read(), sys.argv[1], "exec"), script)
fitted = script["fit"](X, y, weights)
probable = hasattr(fitted, "predict_proba")
print(json.dumps((fitted.predict_proba(X) if probable else fitted.predict(X)).tolist()))
"""
CASES = [
    ("lightgbm", "binary"),
    ("xgboost", "multiclass"),
    ("hist_gradient_boosting", "regression"),
    ("random_forest", "binary"),
    ("svm", "multiclass"),
    ("mlp", "binary"),
    ("mlp", "regression"),
    ("elastic_net", "regression"),
]


def refitted(result, X, y, weights, folder):
    import pickle

    (folder / "model.py").write_text(result.to_python(), encoding="utf-8")
    (folder / "told.pkl").write_bytes(pickle.dumps((X, y, weights)))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN, "model.py", "told.pkl"],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return np.array(json.loads(done.stdout))


@pytest.mark.parametrize(("name", "task"), CASES)
def test_the_code_trains_the_same_model(name, task, tmp_path):
    X = table()
    y = target(X, task)
    growth = {"last": 8} if name in ("lightgbm", "xgboost", "hist_gradient_boosting") else {}
    recipe = tf.load_recipe(name).replace(growth=growth)
    weights = np.linspace(0.5, 2, len(X)) if name in ("lightgbm", "mlp") else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        result = tf.tune(X, y, recipe, n_trials=3, cv=2, sample_weight=weights)
    expected = result.predict(X) if task == "regression" else result.predict_proba(X)
    again = refitted(result, X, y, weights, tmp_path)
    np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-7)


def test_the_code_names_no_tuneflow_but_in_its_first_words():
    X, y = table(), target(table(), "binary")
    code = tf.tune(X, y, "knn", n_trials=2, cv=2).to_python()
    _, words, rest = code.split('"""', 2)
    assert "Written by tuneflow" in words
    assert "tuneflow" not in rest
    compile(code, "model.py", "exec")


def test_what_a_table_says_stays_text():
    X, y = table(), target(table(), "binary")
    X = X.rename(columns={"city": 'a"""\nimport os; os.abort()\n"""'})
    code = tf.tune(X, y, "lightgbm", n_trials=1, cv=2).to_python()
    names = {}
    exec(compile(code, "model.py", "exec"), names)
    assert "os" not in names


@pytest.mark.parametrize(("name", "task"), [("svm", "multiclass"), ("kernel_ridge", "regression")])
@pytest.mark.parametrize("weighed", [False, True])
def test_a_share_of_the_rows_is_drawn_alike_whatever_their_order(name, task, weighed, tmp_path):
    X = table()
    y = target(X, task).sort_values()  # its first rows are of one kind
    X = X.loc[y.index]
    recipe = tf.load_recipe(name).replace(growth={"last": 0.5})
    weights = np.linspace(0.5, 2, len(X)) if weighed else None
    result = tf.tune(X, y, recipe, n_trials=2, cv=2, sample_weight=weights)
    assert result.refit.amount == 120
    if task == "multiclass":
        assert set(result.predict(X)) == {"low", "mid", "top"}
    expected = result.predict(X) if task == "regression" else result.predict_proba(X)
    again = refitted(result, X, y, weights, tmp_path)
    np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-7)


def test_a_share_is_that_of_the_best_estimator_too():
    X, y = table(), target(table(), "binary")
    recipe = tf.load_recipe("svm").replace(growth={"last": 0.5})
    model = tf.TunedClassifier(recipe, n_trials=1, cv=2).fit(X, y)
    theirs = model.best_estimator_.predict_proba(X)
    np.testing.assert_allclose(theirs, model.predict_proba(X), rtol=1e-5)


# ---------- arguments ----------


def numbers():
    X = table()
    return X[["age"]].assign(share=X["age"].rank(pct=True), noise=np.arange(len(X)) % 7)


KNOTS = np.array([[0.0, -1.0, -1.0], [50.0, 0.5, 3.0], [90.0, 2.0, 9.0]])
FRONTS = [
    pytest.param(SelectKBest(f_regression, k=1), id="function"),
    pytest.param(SelectKBest(partial(mutual_info_regression, n_neighbors=5), k=1), id="partial"),
    pytest.param(SplineTransformer(knots=KNOTS), id="array"),
    pytest.param(FunctionTransformer(scipy.special.expit), id="ufunc of SciPy"),
    pytest.param(FunctionTransformer(np.log1p), id="ufunc of NumPy"),
    pytest.param(FunctionTransformer(pd.DataFrame.rank), id="method"),
    pytest.param(FunctionTransformer(methodcaller("rank")), id="method by name"),
]


@pytest.mark.filterwarnings("ignore:.*the space is empty")
@pytest.mark.parametrize("front", FRONTS)
def test_what_arguments_are_is_imported(front, tmp_path):
    X, y = numbers(), target(table(), "regression")
    result = tf.tune(X, y, make_pipeline(front, Ridge()), cv=2)
    again = refitted(result, X, y, None, tmp_path)
    np.testing.assert_allclose(again, result.predict(X))


@pytest.mark.filterwarnings("ignore:.*the space is empty")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_kernel_is_written_to_its_last_digit(tmp_path):
    X, y = numbers(), target(table(), "regression")
    kernel = 2.0 * RBF([20.123456, 1.0, 3.0]) + WhiteKernel(0.1)
    model = make_pipeline(StandardScaler(), GaussianProcessRegressor(kernel, optimizer=None))
    result = tf.tune(X, y, model, cv=2)
    again = refitted(result, X, y, None, tmp_path)
    np.testing.assert_allclose(again, result.predict(X))


@pytest.mark.filterwarnings("ignore:.*the space is empty")
def test_categories_that_are_arrays_are_written(tmp_path):
    X, y = table()[["city"]].fillna("none"), target(table(), "regression")
    named = np.array([*sorted(set(X["city"]))[::-1]], dtype=object)
    front = make_column_transformer((OneHotEncoder(categories=[named]), ["city"]))
    result = tf.tune(X, y, make_pipeline(front, Ridge()), cv=2)
    again = refitted(result, X, y, None, tmp_path)
    np.testing.assert_allclose(again, result.predict(X))


def written(step):
    """The pipeline that the code of a step makes."""
    pipeline = Pipeline([("model", step)])
    names = {}
    exec(compile(program(pipeline, Training(0), ""), "model.py", "exec"), names)
    return names["pipeline"][-1]


def test_keys_types_and_gaps_are_written():
    weights = {"weights": {np.int64(0): 1.5, np.int64(1): np.nan}, "gap": pd.NA}
    step = FunctionTransformer(np.linalg.norm, kw_args={**weights, "dtype": np.dtype("float32")})
    made = written(step)
    assert made.func is np.linalg.norm
    assert repr(made.kw_args["weights"]) == "{0: 1.5, 1: nan}"
    assert made.kw_args["gap"] is pd.NA
    assert np.dtype(made.kw_args["dtype"]) == np.float32
    assert repr(written(TargetEncoder(cv=KFold(3))).cv) == repr(KFold(3))


def test_objects_that_keep_their_arguments_are_written_with_them():
    texts = make_column_selector(dtype_include=object)
    columns = make_column_transformer((OneHotEncoder(), texts), (StandardScaler(), ["n"]))
    frame = pd.DataFrame({"n": [1.0, 2.0, 4.0], "s": ["u", "v", "u"]}).astype({"s": object})
    np.testing.assert_array_equal(
        written(columns).fit_transform(frame), columns.fit_transform(frame)
    )


def test_two_functions_of_one_name_stay_two():
    both = make_pipeline(
        FunctionTransformer(np.linalg.norm), FunctionTransformer(scipy.linalg.norm)
    )
    made = written(both)
    assert [step.func for step in made] == [np.linalg.norm, scipy.linalg.norm]


@pytest.mark.parametrize(
    ("step", "match"),
    [
        (
            FunctionTransformer(lambda X: X),
            r"FunctionTransformer.func: .*; got <function .*lambda",
        ),
        (FunctionTransformer(np.clip, kw_args={"x": object()}), "FunctionTransformer.kw_args: "),
        (FunctionTransformer(np.frompyfunc(abs, 1, 1)), "FunctionTransformer.func: "),
        (TargetEncoder(cv=PredefinedSplit([0, 1])), "TargetEncoder.cv: "),
        (TargetEncoder(random_state=np.random.RandomState(0)), "TargetEncoder.random_state: "),
        (Pipeline([("a", FunctionTransformer([len, lambda X: X]))]), "FunctionTransformer.func: "),
    ],
)
def test_what_no_code_makes_again_is_refused_by_the_name_of_its_argument(step, match):
    with pytest.raises(tf.RecipeError, match=match):
        written(step)


def test_what_lives_in_a_session_only_is_refused(monkeypatch):
    def own(X):
        return X

    own.__module__, own.__qualname__ = "__main__", "own"
    monkeypatch.setattr(sys.modules["__main__"], "own", own, raising=False)
    with pytest.raises(tf.RecipeError, match=r"FunctionTransformer.func: .* module of its own"):
        written(FunctionTransformer(own))


# ---------- epochs ----------


def passes(**more):
    """A recipe that passes over the rows, as they are or as its preparation makes them."""
    told = {"title": "SGD", "family": "own", "engine": "sklearn", "tasks": ["regression"]}
    growth = {"schedule": "lockstep", "unit": "epochs", "first": 2, "last": 8, "factor": 2}
    estimator = "sklearn.linear_model.SGDRegressor"
    return tf.Recipe(**told, estimator=estimator, growth=growth, **more)


@pytest.mark.filterwarnings("ignore:.*the space is empty")
@pytest.mark.parametrize("way", ["as is", "standardize"])
@pytest.mark.parametrize("prepare", ["dense", "clipped", "native"])
def test_epochs_are_passed_over_values_whatever_the_preparation(prepare, way, tmp_path):
    X = table()[["age"]].assign(member=table()["member"]) / 80
    y = target(table(), "regression") / 100
    recipe = passes(prepare=prepare, target=way)
    result = tf.tune(X, y, recipe, cv=2)
    again = refitted(result, X, y, None, tmp_path)
    np.testing.assert_allclose(again, result.predict(X), rtol=1e-5)
    model = tf.TunedRegressor(recipe, cv=2).fit(X, y)
    np.testing.assert_allclose(model.best_estimator_.predict(X), model.predict(X), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*the space is empty")
def test_epochs_are_passed_over_a_table_that_nothing_prepares(tmp_path):
    X, y = table()[["age"]] / 80, target(table(), "binary")
    told = {"tasks": ["binary"], "estimator": "sklearn.linear_model.SGDClassifier"}
    recipe = passes(prepare="raw", fixed={"loss": "log_loss"}).replace(**told)
    model = tf.TunedClassifier(recipe, cv=2).fit(X, y)
    again = refitted(model.result_, X, y, None, tmp_path)
    for theirs in (again, model.best_estimator_.predict_proba(X)):
        np.testing.assert_allclose(theirs, model.predict_proba(X), rtol=1e-5)


@pytest.mark.parametrize("task", ["binary", "regression"])
def test_what_stands_in_front_of_epochs_sees_the_target(task, tmp_path):
    X = table()[["age", "city"]]
    y = target(table(), task)
    crossed = TargetEncoder(cv=KFold(3, shuffle=True, random_state=0))
    front = make_column_transformer((crossed, ["city"]), remainder="passthrough")
    recipe = tf.load_recipe("mlp").replace(growth={"last": 4})
    result = tf.tune(X, y, make_pipeline(front, recipe), n_trials=1, cv=2)
    expected = result.predict(X) if task == "regression" else result.predict_proba(X)
    again = refitted(result, X, y, None, tmp_path)
    np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-7)
