"""A result in MLflow: by its own API, so that it lands wherever MLflow is set up to put runs."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING

from tuneflow.errors import MissingExtra, RecipeError, TuneflowWarning
from tuneflow.storage.user_attrs import read_header

if TYPE_CHECKING:
    from tuneflow.tuning.result import Result


def log_to_mlflow(result: Result, experiment: str | None = None) -> str:
    """Log a result as one run of MLflow.

    The run holds the chosen parameters, the scores, the score of every complete trial under the
    number of the trial as its step, the report as a page, and the code that trains the model, if
    it can be written; if not, a warning says why.

    Args:
        result: From :func:`tune <tuneflow.tune>`.
        experiment: Name of MLflow's experiment; by default the one that is active.

    Returns:
        The identifier of the run.

    Raises:
        MissingExtra: The extra ``mlflow`` is not installed.
    """
    try:
        import mlflow
    except ImportError as error:
        raise MissingExtra(
            f"mlflow: it cannot be imported; {error}. Install it: pip install 'tuneflow[mlflow]'"
        ) from error
    if experiment is not None:
        mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=result.study.study_name) as run:
        mlflow.log_params(result.best_params)
        mlflow.log_metrics(_scores(result))
        mlflow.set_tags(_about(result))
        for number, score in result.trials()["score"].dropna().items():
            mlflow.log_metric("trial_score", score, step=number)
        mlflow.log_text(result.report().to_markdown(), "report.md")
        if code := _code(result):
            mlflow.log_text(code, "model.py")
        return str(run.info.run_id)


def _code(result: Result) -> str:
    """The code that trains the model; nothing, and a warning, if an argument has none."""
    try:
        return result.to_python()
    except RecipeError as error:
        msg = f"log_to_mlflow: the run holds no model.py. {error}"
        warnings.warn(msg, TuneflowWarning, stacklevel=3)
        return ""


def _scores(result: Result) -> dict[str, float]:
    scores = {"score": result.best_score, "default_score": result.default_score}
    scores |= {"improvement": result.improvement, "optimism": result.optimism}
    if result.holdout:
        holdout = result.holdout
        scores |= {
            "holdout": holdout.score,
            "holdout_low": holdout.low,
            "holdout_high": holdout.high,
        }
    return {name: value for name, value in scores.items() if math.isfinite(value)}


def _about(result: Result) -> dict[str, str]:
    header = read_header(result.study)
    names = ("recipe", "recipe_digest", "task", "scoring", "data", "folds", "sampler", "pruner")
    return {f"tuneflow.{name}": str(getattr(header, name)) for name in names}
