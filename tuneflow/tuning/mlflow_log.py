"""A result in MLflow: by its own API, so that it lands wherever MLflow is set up to put runs."""

from math import isfinite

from tuneflow.errors import MissingExtra, RecipeError, warn
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
    scores = {"score": result.best_score, "default_score": result.default_score}
    scores |= {"improvement": result.improvement, "optimism": result.optimism}
    if held := result.holdout:
        scores |= {"holdout": held.score, "holdout_low": held.low, "holdout_high": held.high}
    about = ("recipe", "recipe_digest", "task", "scoring", "data", "folds", "sampler", "pruner")
    if experiment is not None:
        mlflow.set_experiment(experiment)
    with mlflow.start_run(run_name=result.study.study_name) as run:
        mlflow.log_params(result.best_params)
        mlflow.log_metrics({name: value for name, value in scores.items() if isfinite(value)})
        mlflow.set_tags({f"tuneflow.{name}": str(getattr(result.header, name)) for name in about})
        for number, score in result.trials()["score"].dropna().items():
            mlflow.log_metric("trial_score", score, step=number)
        mlflow.log_text(result.report().to_markdown(), "report.md")
        try:
            mlflow.log_text(result.to_python(), "model.py")
        except RecipeError as error:
            warn(f"log_to_mlflow: the run holds no model.py. {error}")
        return str(run.info.run_id)
