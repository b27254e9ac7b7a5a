"""Which engine a recipe's word stands for; its library is imported when a recipe names it."""

from importlib import import_module

from tuneflow.models.engine import Engine, Job

#: Engine by the word that a recipe uses for it: module and class.
ENGINES: dict[str, tuple[str, str]] = {
    "lightgbm": ("tuneflow.models.lightgbm", "LightGBM"),
    "xgboost": ("tuneflow.models.xgboost", "XGBoost"),
    "sklearn": ("tuneflow.models.sklearn", "Sklearn"),
}


def start_engine(job: Job) -> Engine:
    """Import the library that a recipe names, and put it to work."""
    module, name = ENGINES[job.recipe.engine]
    engine: Engine = getattr(import_module(module), name)(job)
    return engine
