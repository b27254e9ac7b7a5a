"""What is refused before anything is fitted: limits that end nothing, and combinations of recipe,
metric, folds, weights and sampler that cannot work."""

import math

import numpy as np
from sklearn.pipeline import Pipeline

from tuneflow.errors import DataError, RecipeError, SearchError
from tuneflow.study.evaluation import Evaluation


def check_limits(n_trials: int | None, timeout: float | None, random_state: int) -> None:
    """Refuse limits that cannot be kept."""
    if n_trials is not None and (isinstance(n_trials, bool) or n_trials < 1):
        raise SearchError(f"n_trials: at least one trial is needed; got {n_trials!r}.")
    if timeout is not None and not timeout > 0:
        raise SearchError(f"timeout: seconds above zero are needed; got {timeout!r}.")
    if not isinstance(random_state, int) or random_state < 0:
        raise SearchError(f"random_state: a whole number from 0 is needed; got {random_state!r}.")


def check_evaluation(evaluation: Evaluation, sampler: object) -> None:
    """Refuse a table, folds and weights that do not fit the recipe, the metric or the sampler; and
    arguments that the library does not know, also those of parameters that are not active."""
    values = {name: param.default for name, param in evaluation.space.params.items()}
    evaluation.engine.check(evaluation.arguments(values)(evaluation.folds.smallest_train))
    _check_weights(evaluation)
    _check_folds(evaluation)
    if sampler == "gradient":
        _check_gradients(evaluation)


def _check_weights(evaluation: Evaluation) -> None:
    """Refuse weights where the model has no use for them; nothing is dropped in silence."""
    if evaluation.data.weights is None or evaluation.engine.weight_names:
        return
    recipe, task = evaluation.recipe, evaluation.data.task
    last = recipe.template[-1] if isinstance(recipe.template, Pipeline) else recipe.template
    estimator = recipe.estimator_path(task) if last is None else type(last).__name__
    raise DataError(
        f"sample_weight: the model must take weights; got recipe {recipe.name!r}, whose "
        f"{estimator} has none, or does not ask for them where scikit-learn's metadata "
        "routing is on. Leave them out, or choose another recipe."
    )


def _check_folds(evaluation: Evaluation) -> None:
    """Refuse folds that lack a class without which the metric has no score."""
    data, metric = evaluation.data, evaluation.metric
    for at, fold in enumerate(evaluation.folds):
        absent = np.setdiff1d(np.arange(len(data.classes)), data.y[fold.valid])
        if len(absent) and math.isnan(metric.score_of_class_shares(data, fold.valid)):
            raise DataError(
                f"cv: {metric.name} needs every class in each fold; got none of "
                f"{data.classes[absent].tolist()[:5]} among the scored rows of fold {at}. Use "
                "fewer folds, or scoring='neg_log_loss'."
            )


def _check_gradients(evaluation: Evaluation) -> None:
    """Refuse gradients that the library does not have, and those of rows that count unlike."""
    if evaluation.data.weights is not None:
        raise DataError(
            "sample_weight: the sampler 'gradient' follows a loss in which all rows count alike; "
            "got weights. Leave them out, or use 'tpe'."
        )
    for name, param in evaluation.space.params.items():
        if param.gradient and name not in evaluation.engine.gradients:
            raise RecipeError(
                f"recipe: space.{name} says gradient, but {evaluation.recipe.title} has none in "
                f"it with these arguments; got {sorted(evaluation.engine.gradients)}. Leave the "
                "key out."
            )
