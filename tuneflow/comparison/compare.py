"""`compare()`: tune every contender on the same folds with the same budget, seed after seed."""

import math
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna

from tuneflow.comparison.comparison import Comparison
from tuneflow.comparison.contenders import (
    Cell,
    Design,
    parse_contenders,
    parse_seeds,
    parse_tables,
)
from tuneflow.comparison.runs import Run, all_runs, check_fair, timeline
from tuneflow.errors import TuneflowWarning, warn
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.records import RunRecord
from tuneflow.storage.study_record import read_study
from tuneflow.storage.user_attrs import read_run_record, write_run_record
from tuneflow.study.budget import Budget
from tuneflow.study.loop import RunOptions, open_bar
from tuneflow.study.optimize import INTERRUPTED, optimize
from tuneflow.study.plan import Settings
from tuneflow.study.resume import open_study
from tuneflow.study.validation import check_limits
from tuneflow.study.workers.workers import Workers

TRIALS = 50  # as `tune` has it


def compare(  # noqa: PLR0913 -- a front door: wide, flat and keyword-only by design
    X: Any,
    y: Any = None,
    recipe: str | Path | Recipe = "lightgbm",
    *,
    samplers: Sequence[Any] | Mapping[str, Any] | None = None,
    recipes: Sequence[Any] | Mapping[str, Any] | None = None,
    pruners: Sequence[Any] | Mapping[str, Any] | None = None,
    contenders: Mapping[str, Mapping[str, Any]] | None = None,
    task: str | None = None,
    pos_label: Any = None,
    n_seeds: int = 5,
    n_trials: int | None = None,
    timeout: float | None = None,
    scoring: str | Callable[..., float] | None = None,
    cv: Any = 5,
    groups: Any = None,
    sampler: Any = None,
    pruner: Any = None,
    storage: Storage = None,
    name: str = "comparison",
    n_jobs: int | Workers | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Comparison:
    """Compare samplers, recipes, pruners, or any mixture of them, over several seeds.

    All contenders of a seed have the same folds and the same budget; with the same recipe, also
    the same starting points. Runs go seed by seed and contender by contender, so that a machine
    that is slower for a while slows all alike. Every run is a study of its own, named
    ``comparison / table / contender / seed``. The same call with the same storage goes on where it
    stopped; more seeds or contenders join those that are there.

    Args:
        X: The table, as in :func:`tune <tuneflow.tune>`; or a suite: names with (X, y).
        y: The target, or its column; left out for a suite.
        recipe: What is tuned, unless `recipes` or `contenders` say so.
        samplers: Words or Optuna samplers, in a list or by name. An object brings its own seed,
            and so proposes alike for every seed of the comparison; a word gets a new one.
        recipes: Names, files or recipes.
        pruners: Words, tables of options or Optuna pruners.
        contenders: Any mixture: a name, and for `tune` a recipe, a sampler and a pruner.
        task: As in `tune`.
        pos_label: As in `tune`.
        n_seeds: Number of seeds, from `random_state` on; a seed is one of folds, models and
            sampler together, so that the spread is that of the whole (Bouthillier et al. 2021).
        n_trials: Trials of every run; by default 50, or as many as fit into `timeout`.
        timeout: Seconds of every run.
        scoring: As in `tune`.
        cv: As in `tune`.
        groups: As in `tune`; not for a suite.
        sampler: For all contenders that do not say; by default the recipe's.
        pruner: For all contenders that do not say; by default the recipe's.
        storage: As in `tune`.
        name: Name of the comparison in the storage.
        n_jobs: Trials at a time in every run, or :class:`Workers <tuneflow.Workers>`, as in
            `tune`; always reproducible, so that the same call gives the same comparison.
        random_state: The first seed.
        progress: Show a bar on a terminal or in a notebook.

    Returns:
        The comparison: all that the storage holds under that name.

    Raises:
        TuneflowError: As in `tune`, before anything runs. A contender that comes to no score does
            not stop the others.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> comparison = tf.compare(X, y, recipes=["knn", "logistic"], n_seeds=2, n_trials=2)
    >>> sorted(comparison.table().index)
    ['knn', 'logistic']
    """
    n_trials = TRIALS if n_trials is None and timeout is None else n_trials
    check_limits(n_trials, timeout, random_state)
    shared = {"recipe": recipe, "sampler": sampler, "pruner": pruner}
    lists = {"samplers": samplers, "recipes": recipes, "pruners": pruners}
    design = Design(
        name,
        parse_tables(X, y, groups),
        parse_contenders(shared, {**lists, "contenders": contenders}),
        parse_seeds(n_seeds, random_state),
        # Folds are read once for each run.
        Settings(task, pos_label, scoring, list(cv) if isinstance(cv, Iterator) else cv),
        n_trials,
        timeout,
        replace(Workers.of(n_jobs), reproducible=True),
    )
    opened = open_storage(storage)
    for note in _notes(design):
        warn(note)
    interruption = _run_all(design, opened, progress)
    if interruption not in ("", INTERRUPTED):
        warn(interruption)
    comparison = Comparison.load(opened, name)
    remarks = filter(None, [interruption, *comparison.remarks])
    return replace(comparison, remarks=tuple(remarks))


def _notes(design: Design) -> list[str]:
    """What has to be said of the runs of one seed; what cannot be run is refused.

    Every run is planned once more before it begins, so that other warnings are not lost.
    """
    first = [cell for cell in design.cells if cell.seed == design.seeds[0]]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TuneflowWarning)
        plans = [design.plan(cell) for cell in first]
    messages = [str(each.message) for each in caught if issubclass(each.category, TuneflowWarning)]
    messages += [note for plan in plans for note in plan.search.notes]
    return list(dict.fromkeys(messages))


def _run_all(design: Design, storage: optuna.storages.BaseStorage, progress: bool) -> str:
    """Run what has not ended; say what interrupted it, unless there is nothing to show for it."""
    others = [run for run in all_runs(storage) if run.record.comparison == design.name]
    ended = 0
    try:
        for cell in open_bar(progress, design.cells, desc="runs"):
            if interruption := _run(design, cell, storage, others):
                return interruption
            ended += 1
    except KeyboardInterrupt:
        if not ended:
            raise
        return INTERRUPTED
    return ""


def _run(
    design: Design, cell: Cell, storage: optuna.storages.BaseStorage, others: Sequence[Run]
) -> str:
    """One run, from where it stands to its end; say what interrupted it, if anything did."""
    record = design.run_record(cell)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuneflowWarning)  # said before the first run
        plan = design.plan(cell)
    check_fair(plan.header, record, others)
    study = open_study(storage, design.study_name(cell), plan)
    stored = read_run_record(study)
    if stored and stored.state != "open":
        return ""
    write_run_record(study, record)
    if interruption := optimize(study, plan, RunOptions(_budget(study, design), design.workers)):
        return interruption
    write_run_record(study, _ended(study, record, plan.header.n_folds))
    return ""


def _budget(study: optuna.Study, design: Design) -> Budget:
    """When the run is over; what earlier calls spent on it counts."""
    started = time.monotonic() - max(timeline(read_study(study))["elapsed"], default=0.0)
    deadline = math.inf if design.timeout is None else started + design.timeout
    return Budget(design.n_trials, started, deadline)


def _ended(study: optuna.Study, record: RunRecord, n_folds: int) -> RunRecord:
    """The record of a run whose budget is spent: done, or failed without a score on all folds."""
    trials, error = read_study(study), ""
    folds = len(trials.scores(trials.best))
    if trials.best is None:
        error = f"no trial came to a score.{trials.failure_reasons()}"
    elif folds < n_folds:
        error = f"time was up after {folds} of {n_folds} folds of one trial."
    return replace(record, state="failed" if error else "done", error=error)
