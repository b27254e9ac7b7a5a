"""tuneflow: one line tunes a tabular model well.

``import tuneflow`` is cheap: a name is loaded, with the libraries it needs, when it is first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # what type checkers and editors see
    from tuneflow.comparison.compare import compare as compare
    from tuneflow.comparison.comparison import Comparison as Comparison
    from tuneflow.errors import DataError as DataError
    from tuneflow.errors import MissingExtra as MissingExtra
    from tuneflow.errors import NoTrialError as NoTrialError
    from tuneflow.errors import RecipeError as RecipeError
    from tuneflow.errors import ScoringError as ScoringError
    from tuneflow.errors import SearchError as SearchError
    from tuneflow.errors import StudyError as StudyError
    from tuneflow.errors import TrialError as TrialError
    from tuneflow.errors import TuneflowError as TuneflowError
    from tuneflow.errors import TuneflowWarning as TuneflowWarning
    from tuneflow.models.saving import load as load
    from tuneflow.recipe.catalogue import load_recipe as load_recipe
    from tuneflow.recipe.catalogue import recipes as recipes
    from tuneflow.recipe.recipe import Recipe as Recipe
    from tuneflow.reporting.report import report as report
    from tuneflow.study.workers.workers import Workers as Workers
    from tuneflow.tuning.estimator import TunedClassifier as TunedClassifier
    from tuneflow.tuning.estimator import TunedRegressor as TunedRegressor
    from tuneflow.tuning.mlflow_log import log_to_mlflow as log_to_mlflow
    from tuneflow.tuning.nested_cv import Nested as Nested
    from tuneflow.tuning.nested_cv import nested as nested
    from tuneflow.tuning.result import Result as Result
    from tuneflow.tuning.tune import tune as tune

__version__ = "0.1.0"

#: Where the public names live, as above; this is what is read at run time.
_NAMES = {
    "comparison.compare": "compare",
    "comparison.comparison": "Comparison",
    "errors": "DataError MissingExtra NoTrialError RecipeError ScoringError SearchError "
    "StudyError TrialError TuneflowError TuneflowWarning",
    "models.saving": "load",
    "recipe.catalogue": "load_recipe recipes",
    "recipe.recipe": "Recipe",
    "reporting.report": "report",
    "study.workers.workers": "Workers",
    "tuning.estimator": "TunedClassifier TunedRegressor",
    "tuning.mlflow_log": "log_to_mlflow",
    "tuning.nested_cv": "Nested nested",
    "tuning.result": "Result",
    "tuning.tune": "tune",
}
_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}

__all__ = [*sorted(_MODULES)]

if not TYPE_CHECKING:  # else a type checker would take any name

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module 'tuneflow' has no attribute {name!r}")
        value = getattr(import_module(f"tuneflow.{_MODULES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
