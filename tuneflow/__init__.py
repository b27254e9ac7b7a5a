"""tuneflow: one line tunes a tabular model well.

``import tuneflow`` is cheap: a name is loaded, with the libraries it needs, when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tuneflow.comparison.compare import compare
    from tuneflow.comparison.comparison import Comparison
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
    from tuneflow.models.pipeline import load
    from tuneflow.recipe.recipe import Recipe, load_recipe, recipes
    from tuneflow.reporting.sources import report
    from tuneflow.study.workers.workers import Workers
    from tuneflow.tuning.estimator import TunedClassifier, TunedRegressor
    from tuneflow.tuning.mlflow_log import log_to_mlflow
    from tuneflow.tuning.nested_cv import Nested, nested
    from tuneflow.tuning.result import Result
    from tuneflow.tuning.tune import tune

__version__ = "0.1.0"

_HOME = {
    "Comparison": "comparison.comparison",
    "DataError": "errors",
    "MissingExtra": "errors",
    "Nested": "tuning.nested_cv",
    "NoTrialError": "errors",
    "Recipe": "recipe.recipe",
    "RecipeError": "errors",
    "Result": "tuning.result",
    "ScoringError": "errors",
    "SearchError": "errors",
    "StudyError": "errors",
    "TrialError": "errors",
    "TunedClassifier": "tuning.estimator",
    "TunedRegressor": "tuning.estimator",
    "TuneflowError": "errors",
    "TuneflowWarning": "errors",
    "Workers": "study.workers.workers",
    "compare": "comparison.compare",
    "load": "models.pipeline",
    "load_recipe": "recipe.recipe",
    "log_to_mlflow": "tuning.mlflow_log",
    "nested": "tuning.nested_cv",
    "recipes": "recipe.recipe",
    "report": "reporting.sources",
    "tune": "tuning.tune",
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
    "Workers",
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
        raise AttributeError(f"module 'tuneflow' has no attribute {name!r}")
    value = getattr(import_module(f"tuneflow.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
