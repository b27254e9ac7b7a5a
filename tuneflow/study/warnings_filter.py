"""Warnings that say nothing new while a study runs."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

SUPPRESSED = (
    *(ConvergenceWarning, UndefinedMetricWarning, ExperimentalWarning),
    RuntimeWarning,  # overflow in a bad configuration
)


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Within it, Optuna logs errors only, and warnings that trials repeat are not shown."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            for category in SUPPRESSED:
                warnings.simplefilter("ignore", category)
            yield
    finally:
        optuna.logging.set_verbosity(before)
