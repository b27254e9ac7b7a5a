"""Tables as people bring them: tuned estimator, best estimator and written code agree."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import sparse
from sklearn import config_context
from tables import table, target

import tuneflow as tf

ROWS = 120
FEW = {"n_trials": 2, "cv": 3}


def numbers(names=("a", "b")):
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(ROWS, 2)))
    return frame.set_axis(list(names), axis=1)


def classes(frame):
    noise = np.random.default_rng(1).normal(size=ROWS)
    values = np.asarray(frame, dtype=float)
    return (values[:, 0] + 0.5 * values[:, 1] + 0.5 * noise > 0).astype(int)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        yield


def fitted(name, X, y, task="binary"):
    """A tuned estimator, which agrees with its best estimator and with the code it writes."""
    kind = tf.TunedRegressor if task == "regression" else tf.TunedClassifier
    model = kind(name, **FEW).fit(X, y)
    script = {}
    exec(compile(model.result_.to_python(), "model.py", "exec"), script)
    written = script["fit"](X, y)
    ask = "predict" if task == "regression" else "predict_proba"
    expected = getattr(model, ask)(X)
    np.testing.assert_array_equal(getattr(model.best_estimator_, ask)(X), expected)
    np.testing.assert_allclose(getattr(written, ask)(X), expected, rtol=1e-6, atol=1e-6)
    return model


# ---------- names of columns ----------

NAMES = {
    "brackets": ("x[0]", "x[1]"),
    "colon": ("price: net", "{tax}"),
    "blank and underscore": ("a b", "a_b"),
    "quotes and commas": ('"a"', "a,b"),
    "below": ("<5", ">=5"),
    "dates": tuple(pd.to_datetime(["2020-01-01", "2021-01-01"])),
    "levels": pd.MultiIndex.from_tuples([("a", 1), ("a", 2)]),
    "numbers": (3, 7),
}


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "hist_gradient_boosting"])
@pytest.mark.parametrize("names", NAMES.values(), ids=NAMES)
def test_columns_may_be_called_anything(name, names):
    frame = numbers()
    y = classes(frame)
    model = fitted(name, frame.set_axis(names, axis=1), y)
    plain = tf.TunedClassifier(name, **FEW).fit(frame, y)
    assert model.best_score_ == plain.best_score_
    if all(isinstance(each, str) for each in names):
        assert model.best_estimator_.feature_names_in_.tolist() == list(names)


@pytest.mark.parametrize("names", [("a b", "a"), ("x[0]", "x0")])
def test_names_need_not_come_in_their_order(names):
    frame = numbers(names)
    model = fitted("lightgbm", frame, classes(frame))
    turned = frame[frame.columns[::-1]]
    expected = model.best_estimator_.predict_proba(frame)
    np.testing.assert_array_equal(model.best_estimator_.predict_proba(turned), expected)


# ---------- what transformers are set to make ----------


@pytest.mark.parametrize("output", ["pandas", "polars"])
@pytest.mark.parametrize("name", ["svm", "logistic", "linear_svm", "knn", "mlp"])
def test_a_column_with_gaps_behind_a_text_column_is_no_harm(name, output):
    frame = numbers()
    gaps = frame["a"].where(frame.index > 9)
    X = pd.DataFrame({"c": ["u", "v", "w"] * 40, "a": gaps, "b": frame["b"]})
    expected = tf.tune(X, classes(frame), name, progress=False, **FEW)
    with config_context(transform_output=output):
        model = fitted(name, X, classes(frame))
        assert model.best_score_ == expected.best_score
        later = model.best_estimator_.predict_proba(X)
    np.testing.assert_array_equal(later, expected.predict_proba(X))


@pytest.mark.parametrize("name", ["ridge", "kernel_ridge", "elastic_net", "svm"])
def test_targets_are_scaled_whatever_transformers_make(name):
    X = table(ROWS)
    y = target(X, "regression").to_numpy()
    expected = tf.tune(X, y, name, progress=False, **FEW)
    with config_context(transform_output="pandas"):
        model = fitted(name, X, y, "regression")
    assert model.best_score_ == expected.best_score


# ---------- sparse tables ----------

SPARSE = {
    "csr_matrix": sparse.csr_matrix,
    "csc_array": sparse.csc_array,
    "coo_array": sparse.coo_array,
}


@pytest.mark.parametrize("kind", SPARSE)
@pytest.mark.parametrize("name", ["xgboost", "logistic", "svm", "hist_gradient_boosting", "mlp"])
def test_zeros_that_a_sparse_table_leaves_out_are_zeros(name, kind):
    rng = np.random.default_rng(0)
    dense = rng.integers(-2, 3, (ROWS, 4)).astype(float)
    y = classes(dense)
    X = SPARSE[kind](dense)
    if kind == "coo_array":  # which scikit-learn itself turns into another
        X = X.tocsr()
    model = fitted(name, X, y)
    expected = tf.TunedClassifier(name, **FEW).fit(dense, y)
    np.testing.assert_allclose(model.predict_proba(X), expected.predict_proba(dense), atol=1e-9)
    np.testing.assert_array_equal(model.predict_proba(dense), model.predict_proba(X))


def test_sparse_columns_of_a_frame_are_columns():
    dense = np.random.default_rng(0).integers(-2, 3, (ROWS, 4)).astype(float)
    frame = pd.DataFrame.sparse.from_spmatrix(sparse.csr_matrix(dense), columns=list("abcd"))
    fitted("xgboost", frame, classes(dense))


# ---------- cells of one meaning and two types ----------

MIXED = {
    "numbers and their text": [1, "1", 2, "2"],
    "everything": [1, "1", 2.5, None, True],
    "ids with letters": [12, "12A", 13, "13B"],
    "text and gaps of two kinds": ["x", None, float("nan"), "y"],
}


@pytest.mark.parametrize("cells", MIXED.values(), ids=MIXED)
@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "svm", "random_forest"])
@pytest.mark.parametrize("dtype", [object, "category"])
def test_cells_of_several_types_are_levels_as_text(name, cells, dtype):
    frame = numbers()
    mixed = (cells * ROWS)[:ROWS]
    X = frame.assign(d=pd.Series(mixed, dtype=object).astype(dtype))
    model = fitted(name, X, classes(frame))
    if dtype == "category":  # whose levels have an order of their own
        return
    text = [None if pd.isna(each) else str(each) for each in mixed]
    as_text = tf.TunedClassifier(name, **FEW).fit(frame.assign(d=text), classes(frame))
    assert model.best_score_ == pytest.approx(as_text.best_score_, abs=1e-6)


# ---------- tables of other libraries ----------


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "logistic"])
def test_a_polars_table_with_text_and_gaps_is_a_table(name):
    frame = numbers()
    columns = {"a": frame["a"], "b": frame["b"], "c": (["u", "v", None] * ROWS)[:ROWS]}
    X = pl.DataFrame({key: list(values) for key, values in columns.items()})
    model = fitted(name, X, classes(frame))
    pandas = pd.DataFrame(columns)
    np.testing.assert_array_equal(model.predict_proba(pandas), model.predict_proba(X))


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "svm"])
@pytest.mark.parametrize("dtype", [np.longdouble, np.float16, np.int8, bool])
def test_numbers_of_every_width_are_numbers(name, dtype):
    values = numbers().to_numpy()
    X = (values * 3).astype(dtype)
    fitted(name, X, classes(values))


@pytest.mark.parametrize("name", ["lightgbm", "logistic"])
def test_what_is_masked_is_a_gap(name):
    values = numbers().to_numpy()
    y = classes(values)
    masked = np.ma.masked_array(values, mask=values > 1.5)
    gaps = np.where(values > 1.5, np.nan, values)
    model = tf.TunedClassifier(name, **FEW).fit(masked, y)
    plain = tf.TunedClassifier(name, **FEW).fit(gaps, y)
    assert model.best_score_ == plain.best_score_ == tf.tune(masked, y, name, **FEW).best_score
    np.testing.assert_array_equal(model.predict_proba(masked), plain.predict_proba(gaps))
    np.testing.assert_array_equal(
        model.best_estimator_.predict_proba(masked), plain.predict_proba(gaps)
    )


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_lists_and_matrices_are_tables():
    values = numbers().to_numpy()
    y = classes(values)
    model = tf.TunedClassifier("lightgbm", **FEW).fit(values.tolist(), y)
    expected = model.predict_proba(values)
    for X in (values.tolist(), np.asmatrix(values)):
        np.testing.assert_array_equal(model.best_estimator_.predict_proba(X), expected)


def test_the_best_estimator_is_the_model_and_was_fitted_once(monkeypatch):
    from tuneflow.models.pipeline import Refit

    real, fits = Refit.fit.__func__, []
    monkeypatch.setattr(Refit, "fit", classmethod(lambda cls, *a: fits.append(a) or real(cls, *a)))
    X = numbers()
    model = tf.TunedClassifier("svm", **FEW).fit(X, classes(X))
    assert model.best_estimator_ is model.result_.model
    assert len(fits) == 1
