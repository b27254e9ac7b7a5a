"""A call, understood: what to work on, how to search, and the header that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tuneflow.data import Data
from tuneflow.engines import Job, start_engine
from tuneflow.errors import SearchError
from tuneflow.folds import Folds
from tuneflow.ledger import Header
from tuneflow.metrics import Metric
from tuneflow.objective import Work
from tuneflow.recipe import Recipe, load_recipe
from tuneflow.refine import Refinement
from tuneflow.search import Search


@dataclass(frozen=True)
class Plan:
    """A call, understood: what to work on and how to search."""

    recipe: Recipe
    job: Job
    work: Work
    search: Search
    refinement: Refinement | None
    header: Header


def check_limits(
    n_trials: int | None, timeout: float | None, n_jobs: int, random_state: int
) -> None:
    """Refuse limits that cannot be kept."""
    if n_trials is not None and (isinstance(n_trials, bool) or n_trials < 1):
        msg = f"n_trials: at least one trial is needed; got {n_trials!r}."
        raise SearchError(msg)
    if timeout is not None and not timeout > 0:
        msg = f"timeout: seconds above zero are needed; got {timeout!r}."
        raise SearchError(msg)
    if n_jobs != 1:
        msg = f"n_jobs: trials run one after the other, so it must be 1; got {n_jobs!r}."
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
    scoring: str | Callable[..., float] | None,
    split: tuple[Any, Any],
    search: tuple[Any, Any],
    random_state: int,
) -> Plan:
    """Understand a call, and refuse it before anything is fitted.

    Args:
        X: The table.
        y: The target, or its name.
        recipe: What to tune.
        scoring: What is good.
        split: `cv` and `groups`.
        search: `sampler` and `pruner`; None for the recipe's own.
        random_state: Seed of everything.
    """
    recipe = load_recipe(recipe)
    data = Data.of(X, y, recipe.tasks)
    metric = Metric.of(scoring, data)
    folds = Folds.of(data, *split, random_state=random_state)
    job = Job(recipe, data.task, random_state, probabilities=metric.needs == "probabilities")
    engine = start_engine(job)
    rows, columns = data.X.shape
    categorical = bool(data.schema.categorical) and recipe.prepare == "native"
    space = recipe.space_for(data.task).bind(folds.fewest, columns, categorical=categorical)
    growth, sampler = engine.growth, search[0] or recipe.sampler
    refinement = Refinement.of(growth, space, sampler)
    held = {refinement.name: refinement.hold} if refinement else {}
    starts = tuple({**start.params, **held} for start in recipe.starts_for(data.task))
    found = Search.of(sampler, search[1] or recipe.pruner, space, starts, random_state)
    if found.raw and growth.schedule != "folds":
        growth = growth.model_copy(update={"schedule": "folds"})
    names = {name: param.default for name, param in space.params.items()}
    engine.check({**recipe.fixed_for(data.task), **space.decode(names, rows)})
    work = Work(data, folds, metric, recipe, space, engine, growth)
    header = Header(
        recipe=recipe.name or recipe.title,
        recipe_digest=recipe.digest(),
        recipe_json=recipe.model_dump_json(exclude_unset=True),
        task=data.task,
        scoring=metric.name,
        direction=metric.direction,
        data=data.digest(),
        rows=rows,
        columns=columns,
        folds=folds.digest(),
        n_folds=len(folds),
        sampler=found.sampler,
        pruner=found.pruner,
        random_state=random_state,
        modelled=found.modelled(space),
        notes=(*found.notes, *found.clipped),
    )
    return Plan(recipe, job, work, found, refinement, header)
