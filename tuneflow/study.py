"""`tune()`: open or resume a study, queue the starting points, run, and return a result."""

from __future__ import annotations

import math
import time
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from tuneflow.errors import NoTrialError, SearchError, TuneflowWarning
from tuneflow.ledger import (
    queued_point,
    read_entry,
    sign_out,
)
from tuneflow.model import Model
from tuneflow.objective import Objective
from tuneflow.opening import counts, open_study, sweep
from tuneflow.plan import Plan, check_limits, make_plan
from tuneflow.recipe import Recipe
from tuneflow.reporting.follow import LiveFigure
from tuneflow.result import Result, best_trial, finished
from tuneflow.space import Params
from tuneflow.storage import Storage, open_storage
from tuneflow.workers import Callback, Run


def tune(
    X: Any,
    y: Any,
    recipe: str | Path | Recipe = "lightgbm",
    *,
    scoring: str | Callable[..., float] | None = None,
    cv: Any = 5,
    groups: Any = None,
    sampler: str | BaseSampler | None = None,
    pruner: str | Mapping[str, Any] | BasePruner | None = None,
    n_trials: int | None = 50,
    timeout: float | None = None,
    storage: Storage = None,
    study_name: str | None = None,
    n_jobs: int = 1,
    random_state: int = 0,
    progress: bool | Literal["live"] = True,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Tune a recipe on a table, and refit the best configuration on every row.

    The recipe's defaults are tried first, then its starting points, then what the sampler
    proposes. The same call with the same `storage` and `study_name` goes on where it stopped.

    Args:
        X: Frame, array, or anything scikit-learn accepts, shape (rows, columns); strings,
            categories, booleans, dates and gaps are welcome.
        y: Target, shape (rows,), or the name of a column of `X`.
        recipe: A name from :func:`recipes`, the path of a TOML file, or a recipe.
        scoring: A scikit-learn scorer name or callable; by default one that suits the target:
            ``roc_auc``, ``neg_log_loss`` or ``neg_root_mean_squared_error``.
        cv: Number of folds, a holdout share, a scikit-learn splitter, or index pairs.
        groups: Group of each row, shape (rows,); a group is never split between folds.
        sampler: ``grid random qmc tpe cmaes gp nsga2``, or an Optuna sampler; by default the
            recipe's.
        pruner: ``none median percentile halving hyperband wilcoxon patient``, a table with a name
            and options, or an Optuna pruner; by default the recipe's.
        n_trials: Trials in the study, all in all, those of earlier calls included; None for no
            limit, or for the whole grid.
        timeout: Seconds for this call; kept to within one rung. The refit comes after.
        storage: Nothing for memory, ``churn.db`` for SQLite, ``churn.journal`` for a journal, a
            database URL, or an Optuna storage.
        study_name: By default the recipe's name.
        n_jobs: 1; trials run one after the other, each model with one thread.
        random_state: Seed of folds, models and sampler.
        progress: Show a bar on a terminal or in a notebook; ``"live"`` keeps a figure of the best
            so far up to date below a notebook's cell.
        callbacks: Called as ``callback(study, trial)`` after every trial.

    Returns:
        The result, fitted.

    Raises:
        DataError: The table or the target cannot be used.
        ScoringError: The metric is unknown or does not fit the task.
        RecipeError: The recipe is unknown or malformed.
        SearchError: Unknown sampler or pruner, nothing that ends the search, or ``"live"`` outside
            a notebook.
        StudyError: The storage cannot be used, or the study in it is another one.
        NoTrialError: No trial came to a score.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> result = tf.tune(X, y, recipe="knn", n_trials=5)
    >>> result.best_score >= result.default_score
    True
    """
    started = time.monotonic()
    deadline = math.inf if timeout is None else started + timeout
    check_limits(n_trials, timeout, n_jobs, random_state)
    figures = [LiveFigure()] if progress == "live" else []
    plan = make_plan(X, y, recipe, scoring, (cv, groups), (sampler, pruner), random_state)
    if n_trials is None and timeout is None and not plan.search.finite:
        msg = "n_trials, timeout: something must end the search; got None for both."
        raise SearchError(msg)
    study = open_study(open_storage(storage), study_name or plan.recipe.name or "custom", plan)
    for note in plan.search.notes:
        warnings.warn(note, TuneflowWarning, stacklevel=2)
    watching: list[Callback] = [*callbacks, *figures]
    interrupted = search(study, plan, n_trials, (started, deadline), watching, bool(progress))
    for figure in figures:
        figure.draw(study)
    return _result(study, plan, interrupted=interrupted)


def search(
    study: optuna.Study,
    plan: Plan,
    n_trials: int | None,
    period: tuple[float, float],
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
) -> bool:
    """Spend the budget on a study that is open; say whether that was interrupted.

    Args:
        study: From :func:`open_study`.
        plan: What it is about.
        n_trials: Trials in all, those of earlier calls included.
        period: When the search began, and when it has to end, in seconds of `time.monotonic`.
        callbacks: Called after every trial.
        progress: Whether to show a bar.
    """
    started, deadline = period
    before = [trial for trial in study.get_trials(deepcopy=False) if counts(trial)]
    run = Run(
        study,
        Objective(plan.work, plan.search.raw, plan.search.prunes, deadline, plan.spares),
        plan.search,
        plan.refinement,
        queue=_pending(study, plan),
        done=len(before),
        total=n_trials,
        started=started,
        callbacks=callbacks,
        progress=progress,
        default=next((trial.value for trial in before), None),
    )
    return _run(run)


def _pending(study: optuna.Study, plan: Plan) -> list[Params]:
    """Points that no earlier call has tried on all folds, or has waiting."""
    tried = []
    for trial in study.get_trials(deepcopy=False):
        entry = read_entry(trial)
        cut = entry is not None and entry.ended == "deadline"
        whole = not cut or len(entry.scores if entry else ()) == len(plan.work.folds)
        if (trial.state == TrialState.WAITING or counts(trial)) and whole:
            tried.append(queued_point(trial) or trial.params)
    return [point for point in plan.search.points if point not in tried]


def _run(run: Run) -> bool:
    """Run; say whether it was interrupted with something to show for it."""
    try:
        run.here()
    except KeyboardInterrupt:
        if not run.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
            raise
        sweep(run.study)
        return True
    finally:
        sign_out(run.study)
    return False


def _result(study: optuna.Study, plan: Plan, *, interrupted: bool) -> Result:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        msg = f"tune: no trial came to a score.{reasons(study)} Give more time, or another recipe."
        raise NoTrialError(msg)
    best = best_trial(study)
    entry = read_entry(best)
    budget = entry.budget if entry else plan.work.budgets[-1]
    model = Model.fit(
        plan.work.data, plan.job, plan.work.space, best.params, plan.work.growth, budget
    )
    return Result(study, plan.recipe, model, _remarks(study, plan, interrupted))


def _remarks(study: optuna.Study, plan: Plan, interrupted: bool) -> tuple[str, ...]:
    remarks = list(plan.header.notes)
    best = best_trial(study)
    entry = read_entry(best)
    if interrupted:
        remarks.append("interrupted; the same call goes on if there is a storage.")
    if entry and len(entry.scores) < len(plan.work.folds):
        remarks.append(
            f"time was up after {len(entry.scores)} of {len(plan.work.folds)} folds of the first "
            "trial: its score is from these alone."
        )
    if len(finished(study)) == 1:
        remarks.append("only the defaults were tried.")
    elif best.number == 0:
        remarks.append("nothing was found to be better than the defaults.")
    if why := reasons(study):
        remarks.append(f"failed trials:{why}")
    return tuple(remarks)


def reasons(study: optuna.Study) -> str:
    """Why trials failed, each reason once, most frequent first."""
    entries = [
        read_entry(t) for t in study.get_trials(deepcopy=False) if t.state == TrialState.FAIL
    ]
    counted = Counter(e.error.split("\n")[0] for e in entries if e and e.ended == "failed")
    return "".join(f" {times} x {reason}" for reason, times in counted.most_common(3))
