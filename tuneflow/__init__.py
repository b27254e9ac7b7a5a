"""tuneflow: one line tunes a tabular model well.

``import tuneflow`` is cheap: a name is loaded, with the libraries it needs, when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuneflow.comparing.compare import compare
    from tuneflow.comparing.comparison import Comparison
    from tuneflow.errors import (
        DataError,
        MissingExtra,
        NoTrialError,
        RecipeError,
        ScoringError,
        SearchError,
        StudyError,
        TrialError,
        TuneflowError,
        TuneflowWarning,
    )
    from tuneflow.estimator import TunedClassifier, TunedRegressor
    from tuneflow.model import load
    from tuneflow.nesting import Nested, nested
    from tuneflow.recipe import Recipe, load_recipe, recipes
    from tuneflow.reports import report
    from tuneflow.result import Result
    from tuneflow.study import tune
    from tuneflow.tracking import log_to_mlflow

__version__ = "0.1.0"

_HOME = {
    "Comparison": "comparing.comparison",
    "DataError": "errors",
    "MissingExtra": "errors",
    "Nested": "nesting",
    "NoTrialError": "errors",
    "Recipe": "recipe",
    "RecipeError": "errors",
    "Result": "result",
    "ScoringError": "errors",
    "SearchError": "errors",
    "StudyError": "errors",
    "TrialError": "errors",
    "TunedClassifier": "estimator",
    "TunedRegressor": "estimator",
    "TuneflowError": "errors",
    "TuneflowWarning": "errors",
    "compare": "comparing.compare",
    "load": "model",
    "load_recipe": "recipe",
    "log_to_mlflow": "tracking",
    "nested": "nesting",
    "recipes": "recipe",
    "report": "reports",
    "tune": "study",
}

__all__ = [
    "Comparison",
    "DataError",
    "MissingExtra",
    "Nested",
    "NoTrialError",
    "Recipe",
    "RecipeError",
    "Result",
    "ScoringError",
    "SearchError",
    "StudyError",
    "TrialError",
    "TunedClassifier",
    "TunedRegressor",
    "TuneflowError",
    "TuneflowWarning",
    "compare",
    "load",
    "load_recipe",
    "log_to_mlflow",
    "nested",
    "recipes",
    "report",
    "tune",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        msg = f"module 'tuneflow' has no attribute {name!r}"
        raise AttributeError(msg)
    value = getattr(import_module(f"tuneflow.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
