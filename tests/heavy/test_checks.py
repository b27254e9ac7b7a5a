"""scikit-learn's checks of the estimators, for the recipes that `make test` leaves out."""

from __future__ import annotations

import pytest
from checks import CHECKED, estimators, failing
from sklearn.utils.estimator_checks import parametrize_with_checks

import tuneflow as tf


@pytest.mark.filterwarnings("ignore")
@parametrize_with_checks(
    list(estimators(name for name in tf.recipes().index if name not in CHECKED)),
    expected_failed_checks=failing,
)
def test_scikit_learn_s_checks(estimator, check):
    check(estimator)
