"""Everything that tuneflow raises or warns about.

::

    TuneflowError
    ├── DataError        (ValueError)    table, target or saved model cannot be used
    ├── ScoringError     (ValueError)    the metric is unknown or does not fit the task
    ├── RecipeError      (ValueError)    a recipe is unknown, malformed or names what it may not
    ├── SearchError      (ValueError)    an unknown sampler or pruner, or nothing that ends it
    ├── StudyError       (ValueError)    the storage or the study in it disagrees with the call
    │   └── StorageError                 trials can no longer be written
    ├── MissingExtra     (ImportError)   an optional package has to be installed
    ├── TrialError       (RuntimeError)  a model could not be trained, or its score is not finite
    └── NoTrialError     (RuntimeError)  no trial came to a score

    TuneflowWarning (UserWarning)        work goes on, but differently from what was asked

Every message has the form ``<where>: <law>; got <value>. <what to do>``.
"""

import sys
import warnings
from collections.abc import Iterable
from difflib import get_close_matches


class TuneflowError(Exception):
    """Root of all errors that tuneflow raises on purpose."""


class DataError(TuneflowError, ValueError):
    """The table, the target or a saved model cannot be used as it is."""


class ScoringError(TuneflowError, ValueError):
    """The metric is unknown, or does not fit the task."""


class RecipeError(TuneflowError, ValueError):
    """A recipe is unknown, malformed, or names what it may not name."""


class SearchError(TuneflowError, ValueError):
    """An unknown sampler or pruner, or one that cannot be used here."""


class StudyError(TuneflowError, ValueError):
    """The storage, or the study in it, disagrees with the call."""


class StorageError(StudyError):
    """Trials can no longer be written: the disk is full, or the database has gone for good."""


class MissingExtra(TuneflowError, ImportError):
    """An optional package is needed; the message names the extra that installs it."""


class TrialError(TuneflowError, RuntimeError):
    """One trial failed, or its refit: the model refused its parameters or rows, or its score is
    not finite."""


class NoTrialError(TuneflowError, RuntimeError):
    """No trial came to a score; the message says why each kind of trial failed."""


class TuneflowWarning(UserWarning):
    """Work goes on, but differently from what was asked; the message says how."""


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """The end of a message: the nearest name, and all names that there are.

    >>> did_you_mean("tpee", ["grid", "random", "tpe"])
    "Did you mean 'tpe'? Known: grid, random, tpe."
    """
    names = list(names)
    lower = {name.lower(): name for name in reversed(names)}
    close = get_close_matches(word.lower(), lower, n=1, cutoff=0.5)
    hint = f"Did you mean {lower[close[0]]!r}? " if close else ""
    return f"{hint}Known: {', '.join(names)}."


def warn(message: str) -> None:
    """Warn whoever called tuneflow, with the line of theirs that did."""
    level, frame = 1, sys._getframe()
    while frame.f_back and str(frame.f_globals.get("__name__")).startswith("tuneflow."):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, TuneflowWarning, stacklevel=level)
