"""What a call asks for, parsed: how trials are evaluated and searched for, and the header that
identifies the study in its storage."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from tuneflow.data.dataset import Data, named_columns
from tuneflow.data.folds import Folds, hold_out_rows
from tuneflow.data.metrics import Metric
from tuneflow.data.scorers import named_scorings, tasks_of
from tuneflow.errors import SearchError, did_you_mean, warn
from tuneflow.models.engine import Job
from tuneflow.models.pipeline import start_engine
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.recipe.space import Params, Space
from tuneflow.search.learning_rate import LearningRateSchedule
from tuneflow.search.samplers import default_pruner
from tuneflow.search.strategy import SearchStrategy, StoppingRule
from tuneflow.storage.records import Header, TrialRecord
from tuneflow.study.evaluation import Evaluation
from tuneflow.study.validation import check_evaluation


@dataclass(frozen=True)
class Settings:
    """What a call asks for, beside the table and the recipe.

    Attributes are the arguments of :func:`tune <tuneflow.tune>` of the same names; a sampler or a
    pruner that is None is the recipe's own.
    """

    task: str | None = None
    pos_label: Any = None
    scoring: Any = None
    cv: Any = 5
    groups: Any = None
    sample_weight: Any = None
    test_size: Any = None
    start: Sequence[Mapping[str, Any]] = ()
    sampler: Any = None
    pruner: Any = None
    stop: Any = None
    random_state: int = 0


@dataclass(frozen=True)
class Plan:
    """What a study is about, and how it is searched.

    Attributes:
        recipe: What is tuned.
        job: What the engine is asked for.
        evaluation: What all trials share: table, folds, metric, engine.
        search: Sampler, pruner and starting points.
        rate: The learning rate of the search and that of the refit, where these differ.
        header: What identifies the study in its storage.
        holdout: Rows that the search must not see.
        stopping: When to end before the budget does.
    """

    recipe: Recipe
    job: Job
    evaluation: Evaluation
    search: SearchStrategy
    rate: LearningRateSchedule | None
    header: Header
    holdout: Data | None = None
    stopping: StoppingRule | None = None

    @property
    def baseline_name(self) -> str:
        """What the first trial is."""
        if self.recipe.template is None:
            return f"{self.recipe.title} with the library's defaults"
        return f"{self.recipe.title} as it was given"

    def refit_seconds(self, record: TrialRecord) -> float:
        """Seconds that the refit of a trial may take at the learning rate of the search: those of
        a fold, scaled to all rows."""
        evaluation, final = self.evaluation, self.evaluation.growth.final
        seconds = record.seconds_fit / max(1, len(record.scores))
        growth = final / record.amount if final and record.amount else 1.0
        return seconds * growth * len(evaluation.data.y) / evaluation.folds.smallest_train


def make_plan(X: Any, y: Any, recipe: str | Path | Recipe, settings: Settings) -> Plan:
    """Parse a call, and refuse it before anything is fitted.

    Args:
        X: The table.
        y: The target, or the name of its column.
        recipe: What to tune.
        settings: Metric, folds, sampler and all else.
    """
    recipe, seed = load_recipe(recipe), settings.random_state
    data, holdout, folds, metrics = _read(X, y, recipe, settings)
    metric, *others = metrics
    probabilities = metric.needs != "labels" and "probabilities" in {m.needs for m in metrics}
    job = Job(recipe, data.task, seed, probabilities=probabilities)
    engine, space = start_engine(job), recipe.space_for(data.task)
    shared = (data, folds, metric, recipe, space, engine, engine.growth, tuple(others))
    evaluation = _with_baseline(_bound(Evaluation(*shared, seed)), job)
    sampler = settings.sampler or recipe.sampler
    check_evaluation(evaluation, sampler)
    rate = LearningRateSchedule.of(evaluation.growth, evaluation.space, sampler)
    starts = _checked_starts(settings.start, evaluation.space)
    if sampler != "grid":
        if evaluation.baseline:  # the defaults, with as many rounds as suit the table
            starts.append({})
        starts += _recipe_starts(evaluation, rate)
    pruner = settings.pruner or default_pruner(sampler) or recipe.pruner
    first = evaluation.baseline_point, *starts
    search = SearchStrategy.of(sampler, pruner, evaluation.space, first, seed)
    if search.scores_each_fold:  # can be seen only where folds grow one after the other
        growth = evaluation.growth.model_copy(update={"schedule": "folds"})
        evaluation = replace(evaluation, growth=growth)
    header = _header(evaluation, search, settings, pruner)
    if rate and rate.refit_rate < rate.search_rate:
        header = replace(header, notes=(*header.notes, rate.note))
    stopping = StoppingRule.of(settings.stop, header.ratio or 0.0)
    return Plan(recipe, job, evaluation, search, rate, header, holdout, stopping)


def _read(
    X: Any, y: Any, recipe: Recipe, settings: Settings
) -> tuple[Data, Data | None, Folds, list[Metric]]:
    """The rows for the search, the held-out rows, the folds, and the metrics."""
    X, groups, weights = named_columns(X, settings.groups, settings.sample_weight)
    scorings, seed = named_scorings(settings.scoring), settings.random_state
    likely = tasks_of(next(iter(scorings.values())))
    data = Data.of(X, y, recipe.tasks, weights, task=settings.task, likely=likely)
    for note in data.schema.notes:
        warn(note)
    data, groups, holdout = hold_out_rows(data, settings.cv, groups, settings.test_size, seed)
    if data.weights is not None and recipe.template is None:  # of any scale: penalties count rows
        data = replace(data, weights=data.weights / data.weights.mean())
    metrics = [Metric.of(each, data, name, settings.pos_label) for name, each in scorings.items()]
    folds = Folds.of(data, settings.cv, groups, random_state=seed)
    if not recipe.uses_raw_table:  # trials use numbers alone
        data = replace(data, table=None)
    if not any(metric.is_custom for metric in metrics):
        data = replace(data, original=None)
    return data, holdout, folds, metrics


def _bound(evaluation: Evaluation) -> Evaluation:
    """With a space for a table of this size, as it is when the model comes to it."""
    recipe, rows = evaluation.recipe, evaluation.folds.smallest_train
    schema = (evaluation.data if recipe.transformer is None else evaluation.prepared(0)).schema
    categorical = bool(schema.categorical) and recipe.prepare == "native"
    space = evaluation.space.bind(rows, len(schema.columns), categorical=categorical)
    return replace(evaluation, space=space)


def _checked_starts(starts: Sequence[Mapping[str, Any]], space: Space) -> list[Params]:
    """A person's own starting points.

    Raises:
        SearchError: One is no table, or names what is not searched.
    """
    for start in starts:
        if not isinstance(start, Mapping):
            raise SearchError(f"start: tables of names and values are needed; got {start!r}.")
        for name in start:
            if name not in space.params:
                hint = did_you_mean(str(name), space.params)
                raise SearchError(
                    f"start: parameters of the space are needed; got {name!r}. {hint}"
                )
    return [dict(start) for start in starts]


def _recipe_starts(evaluation: Evaluation, rate: LearningRateSchedule | None) -> Iterator[Params]:
    """The recipe's starting points, at the learning rate of the search; what a table of this size
    does not allow is drawn in without a note, unless it lies outside the recipe's own space."""
    recipe, task = evaluation.recipe, evaluation.data.task
    held, space = {rate.name: rate.search_rate} if rate else {}, recipe.space_for(task)
    for start in recipe.starts_for(task):
        moved, outside = (each.clipped(start.params) for each in (evaluation.space, space))
        fitted = {name: used for name, (_, used) in moved.items() if name not in outside}
        yield {**start.params, **fitted, **held}


def _with_baseline(evaluation: Evaluation, job: Job) -> Evaluation:
    """With what all trials are compared with: the space's own defaults, if these are what the
    library trains by itself; else the library's on the same folds, or the estimator as it came."""
    recipe, space, engine = evaluation.recipe, evaluation.space, evaluation.engine
    growth, defaults = engine.library_growth(), engine.defaults()
    fixed = recipe.fixed_for(evaluation.data.task)
    point = space.decode(space.defaults(), evaluation.folds.smallest_train)
    asked = {**{name: fixed.get(name) for name in recipe.unlike_default}, **point}
    by_rows = any(param.unit for param in space.params.values())  # other values on other tables
    is_same = growth == engine.growth and all(defaults.get(n) == v for n, v in asked.items())
    if not space.params or (is_same and not by_rows):
        return replace(evaluation, baseline_point=space.defaults())
    if recipe.template is not None:
        return evaluation
    plain = recipe.at_defaults(job.task, growth)
    baseline = replace(
        evaluation,
        recipe=plain,
        engine=start_engine(replace(job, recipe=plain)),
        growth=growth,
        space=Space({}),
        _prepared=evaluation._prepared if evaluation.shares_rows(plain) else {},
    )
    return replace(evaluation, baseline=baseline)


def _shown_baseline(evaluation: Evaluation) -> dict[str, Any]:
    """What the baseline has for the parameters of the space, as JSON can hold it."""
    defaults = evaluation.engine.defaults()
    values = {n: defaults[n] for n in evaluation.space.params if n in defaults}
    return {
        name: value
        if isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value))
        else repr(value)
        for name, value in values.items()
    }


def _header(
    evaluation: Evaluation, search: SearchStrategy, settings: Settings, pruner: Any
) -> Header:
    data, recipe, metric, cv = evaluation.data, evaluation.recipe, evaluation.metric, settings.cv
    is_number = isinstance(cv, int | float | np.number) and settings.groups is None
    options = dict(pruner) if isinstance(pruner, Mapping) else {}
    column_digests, row_digests = data.digests()
    unweighted = f"scoring: {metric.name!r} takes no weights, so rows are scored alike."
    is_unweighted = data.weights is not None and not metric.uses_weights
    return Header(
        recipe=recipe.name or recipe.title,
        recipe_digest=recipe.digest(),
        recipe_json=recipe.model_dump_json(exclude_unset=True),
        task=data.task,
        scoring=metric.name,
        direction=metric.direction,
        data=data.digest(),
        rows=data.X.shape[0],
        columns=data.X.shape[1],
        folds=evaluation.folds.digest(),
        n_folds=len(evaluation.folds),
        cv=float(cv) if is_number else None,
        test_size=settings.test_size if isinstance(settings.test_size, float) else None,
        sampler=search.sampler,
        pruner=search.pruner,
        pruner_options={name: value for name, value in options.items() if name != "name"},
        random_state=settings.random_state,
        modelled=search.modelled_share(evaluation.space),
        weighted=data.weights is not None,
        also=tuple(metric.name for metric in evaluation.also),
        task_reason=data.reason,
        column_digests=column_digests,
        row_digests=tuple(row_digests),
        baseline={} if evaluation.baseline_point else _shown_baseline(evaluation),
        ratio=fmean(len(fold.valid) / len(fold.train) for fold in evaluation.folds),
        notes=(*search.notes, *search.clipped, *([unweighted] if is_unweighted else [])),
    )
