"""Warnings that say nothing new while a study runs."""

import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import optuna
from optuna.exceptions import ExperimentalWarning
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning

#: The last one is overflow in a bad configuration.
SUPPRESSED = (ConvergenceWarning, UndefinedMetricWarning, ExperimentalWarning, RuntimeWarning)


@contextmanager
def suppress_warnings() -> Iterator[None]:
    """Within it, Optuna logs errors only, and warnings that trials repeat are not shown."""
    with warnings.catch_warnings(), ExitStack() as stack:
        stack.callback(optuna.logging.set_verbosity, optuna.logging.get_verbosity())
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        for category in SUPPRESSED:
            warnings.simplefilter("ignore", category)
        yield
