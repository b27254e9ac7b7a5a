"""`compare()`: every contender, on the same folds with the same budget, seed after seed."""

from __future__ import annotations

import math
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import optuna

from tuneflow.comparison.comparison import Comparison
from tuneflow.comparison.contenders import Contender, parse_contenders
from tuneflow.comparison.design import Job, Task, collected, seeds_of, tables_of
from tuneflow.comparison.runs import Run, check_fair, elapsed, marked, spans
from tuneflow.errors import TuneflowWarning
from tuneflow.recipe.recipe import Recipe
from tuneflow.reporting.page.display import notebook_shell
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.records import (
    RunRecord,
    read_run_record,
    write_run_record,
)
from tuneflow.storage.study_record import read_study
from tuneflow.study.loop import Budget
from tuneflow.study.plan import check_limits
from tuneflow.study.resume import agree, open_study
from tuneflow.study.workers.workers import Workers
from tuneflow.tuning.result import INTERRUPTED
from tuneflow.tuning.tune import search

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
    n_jobs: int | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Comparison:
    """Compare samplers, recipes, pruners, or any mixture of them, over several seeds.

    All contenders of a seed have the same folds and the same budget; with the same recipe, also
    the same starting points. Runs go seed by seed and contender by contender, so that a noisy
    machine hits all alike. Every run is a study of its own, named ``comparison / table /
    contender / seed``. The same call with the same storage goes on where it stopped; more seeds
    or contenders join those that are there.

    Args:
        X: The table, as in :func:`tune <tuneflow.tune>`; or a suite: names with (X, y).
        y: The target, or its column; left out for a suite.
        recipe: What is tuned, unless `recipes` or `contenders` say so.
        samplers: Words or Optuna samplers, in a list or by name. An object brings its own seed,
            and so proposes alike for every seed of the comparison; a word gets a new one.
        recipes: Names, files or recipes.
        pruners: Words, tables of options or Optuna pruners.
        contenders: Any mixture: a name, and what `tune` is given as recipe, sampler and pruner.
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
        n_jobs: Trials at a time in every run, as in `tune`; told in order, so that the same call
            gives the same comparison.
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
    lined = parse_contenders(shared, {**lists, "contenders": contenders})
    seeds = seeds_of(n_seeds, random_state)
    workers = Workers(n_jobs, reproducible=True)
    task = Task(name, tables_of(X, y, groups), scoring, cv, n_trials, timeout, workers)
    opened = open_storage(storage)
    notes: dict[str, None] = {}
    with collected(notes):
        _check(task, lined, seeds[0])
    for note in notes:
        warnings.warn(note, TuneflowWarning, stacklevel=2)
    jobs = list(product(seeds, task.tables, lined))
    cut_short = _run_all(task, jobs, opened, progress)
    if cut_short not in ("", INTERRUPTED):
        warnings.warn(cut_short, TuneflowWarning, stacklevel=2)
    return Comparison.of(opened, name, [cut_short] if cut_short else [])


def _check(task: Task, lined: Sequence[Contender], seed: int) -> None:
    """Refuse what cannot be run before anything is, and say what has to be said."""
    for table, contender in product(task.tables, lined):
        plan = task.plan(table, contender, seed)
        for note in plan.search.notes:
            warnings.warn(note, TuneflowWarning, stacklevel=2)


def _run_all(
    task: Task, jobs: Sequence[Job], storage: optuna.storages.BaseStorage, progress: bool
) -> str:
    """Run what has not ended; say what cut it short, with something to show for it."""
    from tqdm.auto import tqdm

    wanted = progress and (sys.stderr.isatty() or notebook_shell() is not None)
    others, done = [ran for ran in marked(storage) if ran.mark.comparison == task.name], 0
    try:
        for seed, table, contender in tqdm(jobs, desc="runs", unit="", disable=not wanted):
            if cut_short := _run(task, (seed, table, contender), storage, others):
                return cut_short
            done += 1
    except KeyboardInterrupt:
        if not done:
            raise
        return INTERRUPTED
    return ""


def _run(task: Task, job: Job, storage: optuna.storages.BaseStorage, others: Sequence[Run]) -> str:
    """One run, from where it stands to its end; say what cut it short, if anything did."""
    seed, table, contender = job
    mark = task.mark(table, contender, seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", TuneflowWarning)  # said before the first run
        plan = task.plan(table, contender, seed)
    check_fair(plan.header, mark, others)
    name = " / ".join(part for part in (task.name, table, contender.name, str(seed)) if part)
    study = _existing(storage, name)
    there = read_run_record(study) if study else None
    if study and there and there.state != "open":
        agree(study, plan.header)
        return ""
    study = open_study(storage, name, plan)
    write_run_record(study, mark)
    if cut_short := search(study, plan, _budget(study, task), task.workers):
        return cut_short
    write_run_record(study, _ended(study, mark))
    return ""


def _existing(storage: optuna.storages.BaseStorage, name: str) -> optuna.Study | None:
    if name not in optuna.get_all_study_names(storage):
        return None
    return optuna.load_study(study_name=name, storage=storage)


def _budget(study: optuna.Study, task: Task) -> Budget:
    """When the run is over; what earlier calls spent on it counts."""
    started = time.monotonic() - max(elapsed(spans(study)), default=0.0)
    deadline = math.inf if task.timeout is None else started + task.timeout
    return Budget(task.n_trials, started, deadline)


def _ended(study: optuna.Study, mark: RunRecord) -> RunRecord:
    record = read_study(study)
    if record.best is None:
        why = record.failure_reasons()
        return replace(mark, state="failed", error=f"no trial came to a score.{why}")
    folds, header = len(record.scores(record.best)), record.header
    if folds and header and folds < header.n_folds:
        some = f"time was up after {folds} of {header.n_folds} folds of one trial."
        return replace(mark, state="failed", error=some)
    return replace(mark, state="done")
