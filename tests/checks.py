"""What scikit-learn's own checks are given, and what they cannot expect of a search."""

from __future__ import annotations

import tuneflow as tf

#: The recipes that `make test` checks; the others take long, and are checked in tests/heavy.
CHECKED = ("knn", "lightgbm", "ridge")
#: Few rounds, trees and epochs, so that some fifty checks a recipe take seconds.
CHEAP = {
    "lightgbm": {
        "growth": {"last": 16, "factor": 4},
        "space": {"min_child_samples": {"default": 2}},
    },
    "xgboost": {"growth": {"last": 16, "factor": 4}},
    "hist_gradient_boosting": {
        "growth": {"last": 16, "factor": 4},
        "fixed": {"min_samples_leaf": 2},
        "space": {"min_samples_leaf": None},
    },
    "random_forest": {"growth": {"first": 10, "last": 10, "final": 10}},
    "elastic_net": {"fixed": {"alpha": 0.01}, "space": {"alpha": None}},
    "extra_trees": {"growth": {"first": 10, "last": 10, "final": 10}},
    "mlp": {"growth": {"last": 243, "factor": 9}},
}
#: What a search over shuffled folds cannot do.
FAILING = {
    "check_sample_weight_equivalence_on_dense_data": "rows that are repeated are split otherwise",
    "check_sample_weight_equivalence_on_sparse_data": "rows that are repeated are split otherwise",
}
#: And what nearest neighbours cannot do besides.
UNWEIGHTED = dict.fromkeys(
    (
        "check_sample_weights_list",
        "check_sample_weights_not_an_array",
        "check_sample_weights_not_overwritten",
        "check_sample_weights_pandas_series",
        "check_sample_weights_shape",
    ),
    "the recipe's model takes no weights, and the estimator says so",
)
#: Their defaults depend neither on how rows are split nor, for which weights have a mean of 1, on
#: how many there are: penalties and sums of hessians count rows.
EQUIVALENT = {
    ("extra_trees", tf.TunedClassifier),
    ("extra_trees", tf.TunedRegressor),
    ("hist_gradient_boosting", tf.TunedRegressor),
}


def failing(estimator):
    name = estimator.recipe.name
    is_equivalent = (name, type(estimator)) in EQUIVALENT
    return ({} if is_equivalent else FAILING) | (UNWEIGHTED if name == "knn" else {})


class Named(tf.Recipe):
    """A recipe that a test's name can hold."""

    def __repr__(self):
        return self.name


def recipe(name):
    cheap = tf.load_recipe(name).replace(**CHEAP.get(name, {}))
    return Named.model_validate_json(cheap.model_dump_json(exclude_unset=True))


def estimators(names):
    """A classifier and a regressor for every recipe, as far as it has them."""
    for name in names:
        tasks = recipe(name).tasks
        if "binary" in tasks:
            yield tf.TunedClassifier(recipe(name), n_trials=1, cv=2)
        if "regression" in tasks:
            yield tf.TunedRegressor(recipe(name), n_trials=1, cv=2)
