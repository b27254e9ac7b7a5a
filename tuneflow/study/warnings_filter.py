"""What says nothing new is not said."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Optuna's log and warnings that say nothing new stay out of the way, for this run only."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            for kind in (ConvergenceWarning, UndefinedMetricWarning, ExperimentalWarning):
                warnings.simplefilter("ignore", kind)
            warnings.simplefilter("ignore", RuntimeWarning)  # overflow in a bad configuration
            yield
    finally:
        optuna.logging.set_verbosity(before)
