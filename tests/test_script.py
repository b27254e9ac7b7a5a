"""The code that a result writes trains the same model in a process that has no tuneflow."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings

import numpy as np
import pytest
from tables import table, target

import tuneflow as tf

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
    assert result.model.amount == 120
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
