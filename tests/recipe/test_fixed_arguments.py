"""What users say of columns: monotone effects are fixed arguments, categories a type."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import tuneflow as tf

MONOTONE = {
    "lightgbm": {"monotone_constraints": [1, 0]},
    "xgboost": {"monotone_constraints": "(1, 0)"},
    "hist_gradient_boosting": {"monotonic_cst": [1, 0]},
    "random_forest": {"monotonic_cst": [1, 0]},
}


def wavy(rows=300):
    """A target that rises with the first column, but not everywhere."""
    rng = np.random.default_rng(0)
    X = pd.DataFrame({"dose": rng.uniform(0, 4, rows), "other": rng.normal(size=rows)})
    return X, X["dose"] + 2 * np.sin(4 * X["dose"]) + 0.1 * rng.normal(size=rows)


def rises(name, fixed):
    X, y = wavy()
    growth = {} if name == "random_forest" else {"last": 8}
    recipe = tf.load_recipe(name).replace(fixed=fixed, growth=growth)
    result = tf.tune(X, y, recipe, n_trials=1, cv=2)
    line = pd.DataFrame({"dose": np.linspace(0, 4, 50), "other": 0.0})
    return bool((np.diff(result.predict(line)) >= -1e-9).all())


@pytest.mark.parametrize("name", sorted(MONOTONE))
def test_a_monotone_effect_is_a_fixed_argument_by_place(name):
    assert not rises(name, {})
    assert rises(name, MONOTONE[name])


def test_a_study_with_other_constraints_is_another_study(tmp_path):
    X, y = wavy()
    plain = tf.load_recipe("lightgbm").replace(growth={"last": 4})
    more = {"n_trials": 1, "cv": 2, "storage": tmp_path / "a.db"}
    tf.tune(X, y, plain, **more)
    with pytest.raises(tf.StudyError, match="recipe_digest"):
        tf.tune(X, y, plain.replace(fixed=MONOTONE["lightgbm"]), **more)


@pytest.mark.parametrize("name", ["lightgbm", "xgboost", "hist_gradient_boosting"])
def test_codes_are_a_category_where_the_column_says_so(name):
    rng = np.random.default_rng(0)
    code = rng.integers(0, 12, 400)
    y = np.isin(code, [1, 4, 7, 10]).astype(float) * 5 + rng.normal(size=400)
    recipe = tf.load_recipe(name).replace(growth={"last": 1})
    as_number, as_category = (
        tf.tune(pd.DataFrame({"code": column}), y, recipe, n_trials=1, cv=3)
        for column in (code, pd.Categorical(code))
    )
    names = ("categorical_column", "feature_types", "categorical_features")
    for result, codes in ((as_category, True), (as_number, False)):
        params = result.model[-1].get_params().items()
        found = [value for name, value in params if name.endswith(names)]
        assert ([0] in found or ["c"] in found) == codes
    assert as_category.best_score != as_number.best_score
