"""A call, understood: what to work on, how to search, and the header that says so."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.holdout import hold_out_rows
from tuneflow.data.metrics import Metric, scoring_list
from tuneflow.errors import DataError, RecipeError, SearchError
from tuneflow.models.engine import Job, start_engine
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.search.learning_rate import LearningRateSchedule
from tuneflow.search.samplers import default_pruner
from tuneflow.search.stopping import StoppingRule
from tuneflow.search.strategy import SearchStrategy
from tuneflow.storage.records import Header, TrialRecord
from tuneflow.study.evaluation import Evaluation


@dataclass(frozen=True)
class Rows:
    """What a call says of its rows beside the table.

    Attributes:
        groups: Group of each row; a group is never split.
        sample_weight: Weight of each row, if they do not count alike.
        test_size: Rows that the search must not see: a share, or their positions.
    """

    groups: Any = None
    sample_weight: Any = None
    test_size: Any = None


@dataclass(frozen=True)
class Plan:
    """A call, understood: what to work on and how to search; `outer` is not for the search."""

    recipe: Recipe
    job: Job
    evaluation: Evaluation
    search: SearchStrategy
    rate: LearningRateSchedule | None
    header: Header
    holdout: Data | None = None
    stopping: StoppingRule | None = None

    def refit_seconds(self, entry: TrialRecord) -> float:
        """What the refit of a trial may take at the rate of the search: a fold's time, on all
        rows."""
        evaluation, growth = self.evaluation, self.evaluation.growth
        a_fold = entry.seconds_fit / max(1, len(entry.scores))
        more = growth.final / entry.amount if growth.final and entry.amount else 1.0
        return a_fold * more * len(evaluation.data.y) / evaluation.folds.smallest_train


def check_limits(n_trials: int | None, timeout: float | None, random_state: int) -> None:
    """Refuse limits that cannot be kept."""
    if n_trials is not None and (isinstance(n_trials, bool) or n_trials < 1):
        raise SearchError(f"n_trials: at least one trial is needed; got {n_trials!r}.")
    if timeout is not None and not timeout > 0:
        raise SearchError(f"timeout: seconds above zero are needed; got {timeout!r}.")
    if not isinstance(random_state, int) or random_state < 0:
        raise SearchError(
            f"random_state: a whole number from 0 is needed, so that a study can be resumed; "
            f"got {random_state!r}."
        )


def make_plan(
    X: Any,
    y: Any,
    recipe: str | Path | Recipe,
    scoring: Any,
    split: tuple[Any, Rows],
    search: tuple[Any, Any],
    random_state: int,
) -> Plan:
    """Understand a call, and refuse it before anything is fitted.

    Args:
        X: The table.
        y: The target, or its name.
        recipe: What to tune.
        scoring: What is good; of several metrics, the first.
        split: `cv`, and what is said of the rows.
        search: `sampler` and `pruner`; None for the recipe's own.
        random_state: Seed of everything.
    """
    recipe, (cv, rows) = load_recipe(recipe), split
    data, groups, holdout = hold_out_rows(
        Data.of(X, y, recipe.tasks, rows.sample_weight, keep=recipe.uses_raw_table),
        cv,
        rows.groups,
        rows.test_size,
        random_state,
    )
    metric, *also = (Metric.of(one, data) for one in scoring_list(scoring))
    folds = Folds.of(data, cv, groups, random_state=random_state)
    needed = {one.needs for one in (metric, *also)}
    sure = metric.needs != "labels" and "probabilities" in needed
    job = Job(recipe, data.task, random_state, probabilities=sure)
    engine, space = start_engine(job), recipe.space_for(data.task)
    shared = (data, folds, metric, recipe, space, engine, engine.growth, tuple(also))
    evaluation = _bound(Evaluation(*shared, random_state))
    _check_arguments(evaluation)
    sampler = search[0] or recipe.sampler
    _check_weights(evaluation)
    _check_class_weights(evaluation)
    _check_folds(evaluation)
    if sampler == "gradient":
        _check_gradients(evaluation)
    pruner = search[1] or default_pruner(sampler) or recipe.pruner
    rate = LearningRateSchedule.of(evaluation.growth, evaluation.space, sampler)
    held = {rate.name: rate.search_rate} if rate else {}
    starts = tuple({**start.params, **held} for start in recipe.starts_for(data.task))
    options = dict(pruner) if isinstance(pruner, Mapping) else {}
    options.pop("name", None)
    found = SearchStrategy.of(sampler, pruner, evaluation.space, starts, random_state)
    if found.scores_each_fold:  # can be seen only where folds grow one after the other
        evaluation = replace(
            evaluation, growth=evaluation.growth.model_copy(update={"schedule": "folds"})
        )
    header = replace(
        _header(evaluation, found, random_state),
        cv=_number(cv, groups),
        test_size=rows.test_size if isinstance(rows.test_size, float) else None,
        pruner_options=options,
    )
    if rate and rate.refit_rate < rate.search_rate:
        header = replace(header, notes=(*header.notes, rate.note))
    return Plan(recipe, job, evaluation, found, rate, header, holdout)


def _number(cv: Any, groups: Any) -> float | None:
    """A number that makes the same folds again; None if it takes more than a number."""
    plain = isinstance(cv, int | float | np.number) and groups is None
    return float(cv) if plain else None


def _bound(evaluation: Evaluation) -> Evaluation:
    """With a space for a table of this size."""
    schema, fewest = evaluation.schema, evaluation.folds.smallest_train
    categorical = bool(schema.categorical) and evaluation.recipe.prepare == "native"
    space = evaluation.space.bind(fewest, len(schema.columns), categorical=categorical)
    return replace(evaluation, space=space)


def _check_arguments(evaluation: Evaluation) -> None:
    """Refuse names that the library does not know, also of parameters that are not active."""
    values = {name: param.default for name, param in evaluation.space.params.items()}
    evaluation.engine.check(evaluation.arguments(values)(evaluation.folds.smallest_train))


def _check_gradients(evaluation: Evaluation) -> None:
    """Refuse gradients that the library does not have, and those of rows that count unlike."""
    if evaluation.data.weights is not None:
        raise DataError(
            "sample_weight: the sampler 'gradient' differentiates a loss in which all rows count "
            "alike; got weights. Leave them out, or use 'tpe'."
        )
    for name, param in evaluation.space.params.items():
        if param.gradient and name not in evaluation.engine.gradients:
            raise RecipeError(
                f"recipe: space.{name} says gradient, but {evaluation.recipe.title} has none in it, at "
                f"least not with these arguments; got {sorted(evaluation.engine.gradients)}. Leave the "
                "key out."
            )


def _check_weights(evaluation: Evaluation) -> None:
    """Refuse weights where the model has no use for them; nothing is dropped in silence."""
    if evaluation.data.weights is not None and not evaluation.engine.weighs:
        template = evaluation.recipe.template
        last = template[-1] if isinstance(template, Pipeline) else template
        estimator = (
            evaluation.recipe.estimator_path(evaluation.data.task)
            if last is None
            else type(last).__name__
        )
        raise DataError(
            f"sample_weight: the model must take weights; got recipe {evaluation.recipe.name!r}, whose "
            f"{estimator} has none, or does not ask for them where scikit-learn's metadata "
            "routing is on. Leave them out, or choose another recipe."
        )


def _check_folds(evaluation: Evaluation) -> None:
    """Refuse folds that lack a class without which the metric has no score."""
    data, every = evaluation.data, np.arange(len(evaluation.data.classes))
    for at, fold in enumerate(evaluation.folds):
        absent = np.setdiff1d(every, data.y[fold.valid])
        if (
            len(every)
            and len(absent)
            and math.isnan(evaluation.metric.score_of_class_shares(data, fold.valid))
        ):
            raise DataError(
                f"cv: {evaluation.metric.name} needs every class in each fold; got none of "
                f"{data.classes[absent].tolist()[:5]} among the rows of fold {at} that are "
                "scored. Use fewer folds, or scoring='neg_log_loss'."
            )


def _check_class_weights(evaluation: Evaluation) -> None:
    """Refuse weights by label: models are trained on the places of labels, from zero."""
    labels = evaluation.data.classes.tolist()
    told = evaluation.recipe.fixed_for(evaluation.data.task)
    if evaluation.recipe.template is not None:
        told = evaluation.recipe.template.get_params()
    for name, value in told.items():
        by_label = name.endswith("class_weight") and isinstance(value, Mapping)
        if by_label and labels != list(range(len(labels))):
            raise DataError(
                f"{name}: models are trained on 0, 1, ... in place of the labels, which are "
                f"{labels[:5]}; got {value}. Use 'balanced', sample_weight, or a target of such "
                "numbers."
            )


def _weighted(evaluation: Evaluation) -> tuple[str, ...]:
    if evaluation.data.weights is None or evaluation.metric.uses_weights:
        return ()
    return (f"scoring: {evaluation.metric.name!r} takes no weights, so rows are scored alike.",)


def _header(evaluation: Evaluation, search: SearchStrategy, random_state: int) -> Header:
    data, recipe = evaluation.data, evaluation.recipe
    return Header(
        recipe=recipe.name or recipe.title,
        recipe_digest=recipe.digest(),
        recipe_json=recipe.model_dump_json(exclude_unset=True),
        task=data.task,
        scoring=evaluation.metric.name,
        direction=evaluation.metric.direction,
        data=data.digest(),
        rows=data.X.shape[0],
        columns=data.X.shape[1],
        folds=evaluation.folds.digest(),
        n_folds=len(evaluation.folds),
        sampler=search.sampler,
        pruner=search.pruner,
        random_state=random_state,
        modelled=search.modelled_share(evaluation.space),
        weighted=data.weights is not None,
        also=tuple(metric.name for metric in evaluation.also),
        ratio=fmean(len(fold.valid) / len(fold.train) for fold in evaluation.folds),
        notes=(*search.notes, *search.clipped, *_weighted(evaluation)),
    )
