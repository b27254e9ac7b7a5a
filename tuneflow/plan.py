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

from tuneflow.data import Data
from tuneflow.ending import Ending
from tuneflow.engines import Job, start_engine
from tuneflow.errors import DataError, RecipeError, SearchError
from tuneflow.folds import Folds
from tuneflow.ledger import Entry, Header
from tuneflow.metrics import Metric, scorings
from tuneflow.outer import held_out
from tuneflow.rate import Rate
from tuneflow.recipe import Recipe, load_recipe
from tuneflow.search import Search, pruner_of
from tuneflow.work import Work


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
    work: Work
    search: Search
    rate: Rate | None
    header: Header
    outer: Data | None = None
    ending: Ending | None = None

    def refit_seconds(self, entry: Entry) -> float:
        """What the refit of a trial may take at the rate of the search: a fold's time, on all
        rows."""
        work, growth = self.work, self.work.growth
        a_fold = entry.seconds_fit / max(1, len(entry.scores))
        more = growth.final / entry.amount if growth.final and entry.amount else 1.0
        return a_fold * more * len(work.data.y) / work.folds.fewest


def check_limits(n_trials: int | None, timeout: float | None, random_state: int) -> None:
    """Refuse limits that cannot be kept."""
    if n_trials is not None and (isinstance(n_trials, bool) or n_trials < 1):
        msg = f"n_trials: at least one trial is needed; got {n_trials!r}."
        raise SearchError(msg)
    if timeout is not None and not timeout > 0:
        msg = f"timeout: seconds above zero are needed; got {timeout!r}."
        raise SearchError(msg)
    if not isinstance(random_state, int) or random_state < 0:
        msg = (
            f"random_state: a whole number from 0 is needed, so that a study can be resumed; "
            f"got {random_state!r}."
        )
        raise SearchError(msg)


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
    data, groups, outer = held_out(
        Data.of(X, y, recipe.tasks, rows.sample_weight, keep=recipe.as_given),
        cv,
        rows,
        random_state,
    )
    metric, *also = (Metric.of(one, data) for one in scorings(scoring))
    folds = Folds.of(data, cv, groups, random_state=random_state)
    needed = {one.needs for one in (metric, *also)}
    sure = metric.needs != "labels" and "probabilities" in needed
    job = Job(recipe, data.task, random_state, probabilities=sure)
    engine, space = start_engine(job), recipe.space_for(data.task)
    shared = (data, folds, metric, recipe, space, engine, engine.growth, tuple(also))
    work = _bound(Work(*shared, random_state))
    _check_arguments(work)
    sampler = search[0] or recipe.sampler
    _check_weights(work)
    _check_class_weights(work)
    _check_folds(work)
    if sampler == "gradient":
        _check_gradients(work)
    pruner = search[1] or pruner_of(sampler) or recipe.pruner
    rate = Rate.of(work.growth, work.space, sampler)
    held = {rate.name: rate.hold} if rate else {}
    starts = tuple({**start.params, **held} for start in recipe.starts_for(data.task))
    options = dict(pruner) if isinstance(pruner, Mapping) else {}
    options.pop("name", None)
    found = Search.of(sampler, pruner, work.space, starts, random_state)
    if found.raw:  # single folds can be seen only where folds grow one after the other
        work = replace(work, growth=work.growth.model_copy(update={"schedule": "folds"}))
    header = replace(
        _header(work, found, random_state),
        cv=_number(cv, groups),
        test_size=rows.test_size if isinstance(rows.test_size, float) else None,
        pruner_options=options,
    )
    if rate and rate.refit < rate.hold:
        header = replace(header, notes=(*header.notes, rate.note))
    return Plan(recipe, job, work, found, rate, header, outer)


def _number(cv: Any, groups: Any) -> float | None:
    """A number that makes the same folds again; None if it takes more than a number."""
    plain = isinstance(cv, int | float | np.number) and groups is None
    return float(cv) if plain else None


def _bound(work: Work) -> Work:
    """With a space for a table of this size."""
    schema, fewest = work.schema, work.folds.fewest
    categorical = bool(schema.categorical) and work.recipe.prepare == "native"
    space = work.space.bind(fewest, len(schema.columns), categorical=categorical)
    return replace(work, space=space)


def _check_arguments(work: Work) -> None:
    """Refuse names that the library does not know, also of parameters that are not active."""
    values = {name: param.default for name, param in work.space.params.items()}
    work.engine.check(work.arguments(values)(work.folds.fewest))


def _check_gradients(work: Work) -> None:
    """Refuse gradients that the library does not have, and those of rows that count unlike."""
    if work.data.weights is not None:
        msg = (
            "sample_weight: the sampler 'gradient' differentiates a loss in which all rows count "
            "alike; got weights. Leave them out, or use 'tpe'."
        )
        raise DataError(msg)
    for name, param in work.space.params.items():
        if param.gradient and name not in work.engine.gradients:
            msg = (
                f"recipe: space.{name} says gradient, but {work.recipe.title} has none in it, at "
                f"least not with these arguments; got {sorted(work.engine.gradients)}. Leave the "
                "key out."
            )
            raise RecipeError(msg)


def _check_weights(work: Work) -> None:
    """Refuse weights where the model has no use for them; nothing is dropped in silence."""
    if work.data.weights is not None and not work.engine.weighs:
        template = work.recipe.template
        last = template[-1] if isinstance(template, Pipeline) else template
        estimator = work.recipe.path(work.data.task) if last is None else type(last).__name__
        msg = (
            f"sample_weight: the model must take weights; got recipe {work.recipe.name!r}, whose "
            f"{estimator} has none, or does not ask for them where scikit-learn's metadata "
            "routing is on. Leave them out, or choose another recipe."
        )
        raise DataError(msg)


def _check_folds(work: Work) -> None:
    """Refuse folds that lack a class without which the metric has no score."""
    data, every = work.data, np.arange(len(work.data.classes))
    for at, fold in enumerate(work.folds):
        absent = np.setdiff1d(every, data.y[fold.valid])
        if len(every) and len(absent) and math.isnan(work.metric.of_shares(data, fold.valid)):
            msg = (
                f"cv: {work.metric.name} needs every class in each fold; got none of "
                f"{data.classes[absent].tolist()[:5]} among the rows of fold {at} that are "
                "scored. Use fewer folds, or scoring='neg_log_loss'."
            )
            raise DataError(msg)


def _check_class_weights(work: Work) -> None:
    """Refuse weights by label: models are trained on the places of labels, from zero."""
    labels = work.data.classes.tolist()
    told = work.recipe.fixed_for(work.data.task)
    if work.recipe.template is not None:
        told = work.recipe.template.get_params()
    for name, value in told.items():
        by_label = name.endswith("class_weight") and isinstance(value, Mapping)
        if by_label and labels != list(range(len(labels))):
            msg = (
                f"{name}: models are trained on 0, 1, ... in place of the labels, which are "
                f"{labels[:5]}; got {value}. Use 'balanced', sample_weight, or a target of such "
                "numbers."
            )
            raise DataError(msg)


def _weighted(work: Work) -> tuple[str, ...]:
    if work.data.weights is None or work.metric.weighs:
        return ()
    return (f"scoring: {work.metric.name!r} takes no weights, so rows are scored alike.",)


def _header(work: Work, search: Search, random_state: int) -> Header:
    data, recipe = work.data, work.recipe
    return Header(
        recipe=recipe.name or recipe.title,
        recipe_digest=recipe.digest(),
        recipe_json=recipe.model_dump_json(exclude_unset=True),
        task=data.task,
        scoring=work.metric.name,
        direction=work.metric.direction,
        data=data.digest(),
        rows=data.X.shape[0],
        columns=data.X.shape[1],
        folds=work.folds.digest(),
        n_folds=len(work.folds),
        sampler=search.sampler,
        pruner=search.pruner,
        random_state=random_state,
        modelled=search.modelled(work.space),
        weighted=data.weights is not None,
        also=tuple(metric.name for metric in work.also),
        ratio=fmean(len(fold.valid) / len(fold.train) for fold in work.folds),
        notes=(*search.notes, *search.clipped, *_weighted(work)),
    )
