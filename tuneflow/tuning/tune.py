"""`tune()`: open or resume a study, queue the starting points, run, and return a result."""

from __future__ import annotations

import math
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import optuna
from optuna.exceptions import StorageInternalError
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from tuneflow.data.schema import frame_of
from tuneflow.errors import SearchError, StorageError, TuneflowWarning
from tuneflow.recipe.custom import as_recipe, check_space
from tuneflow.recipe.recipe import Recipe
from tuneflow.reporting.live.notebook_figure import NotebookFigure
from tuneflow.search.stopping import StoppingRule
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.records import write_goal
from tuneflow.storage.retry import with_retry
from tuneflow.study.budget import Budget
from tuneflow.study.loop import Callback, Loop
from tuneflow.study.objective import Objective
from tuneflow.study.plan import Plan, Rows, check_limits, make_plan
from tuneflow.study.resume import reclaim_lost_trials
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.study.workers.workers import Workers
from tuneflow.tuning.refit import check_select, finalize, significance_note
from tuneflow.tuning.result import INTERRUPTED, Result, Select
from tuneflow.tuning.several_recipes import (
    FAVOURITE,
    Period,
    Recipes,
    SeveralRecipesResult,
    are_several,
    best_of,
    open_members,
    plans_of,
    share,
)

ALONE = Workers()


def tune(
    X: Any,
    y: Any,
    recipe: Recipes | Any = "lightgbm",
    *,
    space: Mapping[str, Any] | None = None,
    scoring: str | Callable[..., float] | Sequence[Any] | None = None,
    cv: Any = 5,
    groups: Any = None,
    sample_weight: Any = None,
    test_size: Any = None,
    select: Select = "best",
    sampler: str | BaseSampler | None = None,
    pruner: str | Mapping[str, Any] | BasePruner | None = None,
    n_trials: int | None = 50,
    timeout: float | None = None,
    stop: int | Literal["noise"] | None = None,
    storage: Storage = None,
    study_name: str | None = None,
    n_jobs: int | Workers | None = None,
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
        recipe: A name from :func:`recipes`, the path of a TOML file, a recipe, or an estimator of
            scikit-learn's kind, which may be a pipeline; it gets the table as it is. A pipeline
            whose last step is one of the former, ``make_pipeline(TableVectorizer(), "svm")``,
            fits its transformers on the training rows of each fold, once for all trials. Several,
            or ``"auto"``, share the budget: the better half of them goes on, round after round.
        space: For an estimator, what to search: arguments with a table (``{"low": 0.1, "high":
            10.0, "log": True}``), a list of choices, or an Optuna distribution. Of a recipe, it
            changes parameters, as :meth:`Recipe.replace` does.
        scoring: A scikit-learn scorer name or callable; by default one that suits the target:
            ``roc_auc``, ``neg_log_loss`` or ``neg_root_mean_squared_error``. Of a list, the first
            is optimised, and all are recorded.
        cv: Number of folds, a holdout share, a scikit-learn splitter, or index pairs.
        groups: Group of each row, shape (rows,); a group is never split between folds.
        sample_weight: Weight of each row, shape (rows,), in training and in scoring: a row of
            weight 2 counts as two. Folds are split, and averaged, as without weights. A pipeline
            hands weights to its last step; with scikit-learn's metadata routing on, to the steps
            that ask for them.
        test_size: Rows that neither search nor refit will see, for an honest estimate: a share,
            or their positions. With a `TimeSeriesSplit`, a share is that of the last rows.
        select: What is refitted: ``best``, or ``one_se``: of the trials within one standard error
            of the best, the one that was fastest to train.
        sampler: ``grid random qmc tpe bohb cmaes gp nsga2 gradient``, or an Optuna sampler; by
            default the recipe's.
        pruner: ``none median percentile halving hyperband wilcoxon patient``, a table with a name
            and options, or an Optuna pruner; by default the sampler's own, or the recipe's.
        n_trials: Trials in the study, all in all, those of earlier calls included; None for no
            limit, or for the whole grid.
        timeout: Seconds for this call, the refit included; kept to within one fold.
        stop: Ends the study early: after so many trials without an improvement, or, with ``noise``, once
            the later half of the trials has gained less than the noise of the folds.
        storage: Nothing for memory, ``churn.db`` for SQLite, ``churn.journal`` for a journal, a
            database URL, or an Optuna storage.
        study_name: By default the recipe's name; with several, what the names begin with.
        n_jobs: Trials at a time, each in a process with one thread; -1 for one a core; by default
            one, in this process. Or :class:`Workers <tuneflow.Workers>`, which say more: trials on
            Dask, Ray or an executor, a limit of time for each, or the same study every time.
        random_state: Seed of folds, models and sampler.
        progress: Show a bar on a terminal or in a notebook; ``"live"`` keeps a figure of the best
            so far up to date below a notebook's cell.
        callbacks: Called as ``callback(study, trial)`` after every trial.

    Returns:
        The result, fitted; of several recipes that of the best, with a `leaderboard()`.

    Raises:
        DataError: The table or the target cannot be used.
        ScoringError: The metric is unknown or does not fit the task.
        RecipeError: The recipe is unknown or malformed.
        SearchError: Unknown sampler or pruner, nothing that ends the search, or ``"live"`` outside
            a notebook.
        StudyError: The storage cannot be used, or the study in it is another one.
        NoTrialError: No trial came to a score.
        TrialError: The best model refused to be trained on every row.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> result = tf.tune(X, y, recipe="knn", n_trials=5)
    >>> result.best_score >= result.default_score
    True
    """
    deadline = math.inf if timeout is None else time.monotonic() + timeout
    check_limits(n_trials, timeout, random_state)
    workers = Workers.of(n_jobs)
    figures = [NotebookFigure()] if progress == "live" else []
    check_select(select)
    split = (_pairs(cv), Rows(groups, sample_weight, test_size))

    def plan(one: str | Path | Recipe) -> Plan:
        made = make_plan(X, y, one, scoring, split, (sampler, pruner), random_state)
        return replace(made, stopping=StoppingRule.of(stop, made.header.ratio or 0.0))

    def spend(study: optuna.Study, plan: Plan, total: int | None, period: Period) -> str:
        with_retry(lambda: write_goal(study, total))
        return search(study, plan, Budget(total, *period), workers, watching, bool(progress))

    several = are_several(recipe)
    check_space(several, space)
    found: Any = recipe if several else as_recipe(recipe, space, len(frame_of(X)))
    plans = plans_of(found, plan) if several else [plan(found)]
    if n_trials is None and timeout is None and not all(each.search.is_finite for each in plans):
        raise SearchError("n_trials, timeout: something must end the search; got None for both.")
    members = open_members(plans, open_storage(storage), study_name)
    for note in dict.fromkeys(note for each in plans for note in each.search.notes):
        warnings.warn(note, TuneflowWarning, stacklevel=2)
    watching: list[Callback] = [*callbacks, *figures]
    favourite = FAVOURITE if recipe == "auto" else ""
    cut_short = share(members, n_trials, deadline, spend, favourite)
    best = best_of(members)
    _say(cut_short if cut_short != INTERRUPTED else "")
    for figure in figures:
        figure.draw(best.study)
    result = finalize(best.study, best.plan, cut_short, select, deadline)
    result = SeveralRecipesResult(**vars(result), members=members) if several else result
    _say(significance_note(result.record, result.best_trial))
    return result


def _say(text: str) -> None:
    """Warn the caller of `tune`, if there is something to be said."""
    if text:
        warnings.warn(text, TuneflowWarning, stacklevel=3)


def _pairs(cv: Any) -> Any:
    """Pairs that come one by one, kept: every recipe reads them."""
    return list(cv) if isinstance(cv, Iterator) else cv


def search(
    study: optuna.Study,
    plan: Plan,
    budget: Budget,
    workers: Workers = ALONE,
    callbacks: Sequence[Callback] = (),
    progress: bool = False,
) -> str:
    """Spend the budget on a study that is open; say what cut it short, if anything did.

    Args:
        study: From :func:`open_study`.
        plan: What it is about.
        budget: When it is over.
        hands: Where trials run.
        callbacks: Called after every trial.
        progress: Whether to show a bar.
    """
    objective = Objective(
        plan.evaluation,
        plan.search.scores_each_fold,
        plan.search.prunes,
        plan.search.needs_gradients,
    )
    heartbeat, sampler = Heartbeat(study), plan.search.make_sampler()
    study.sampler = plan.rate.hold(sampler) if plan.rate else sampler
    with heartbeat.signed_in(), _stoppable(study):
        reclaim_lost_trials(study, plan, heartbeat)
        run = Loop(
            study,
            plan,
            workers.pool(objective, study),
            heartbeat,
            budget,
            workers.reproducible,
            callbacks,
            progress,
        )
        return _go(run)


@contextmanager
def _stoppable(study: optuna.Study) -> Iterator[None]:
    """Within it `study.stop()` may be called, by samplers that have run out, too."""
    vars(study)["stop"] = lambda: None
    try:
        yield
    finally:
        del vars(study)["stop"]


def _go(run: Loop) -> str:
    """Run; say what cut it short, with something to show for it."""
    try:
        with suppress_warnings(), threadpool_limits(1), ended_like_ctrl_c():
            run.run()
    except (KeyboardInterrupt, StorageError) as error:
        if isinstance(error, KeyboardInterrupt):
            _leave(run)
        if not _readable(run.study):
            raise
        return INTERRUPTED if isinstance(error, KeyboardInterrupt) else str(error)
    except BaseException:
        _leave(run)
        raise
    _leave(run)
    return ""


def _leave(run: Loop) -> None:
    """Tell every trial of this call that is still open, however far it came."""
    run.leave()
    reclaim_lost_trials(run.study, run.plan, run.heartbeat, leaving=True)


def _readable(study: optuna.Study) -> bool:
    """Whether there is something to show; a storage that failed can perhaps still be read."""
    try:
        return bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    except StorageInternalError:
        return False


@contextmanager
def ended_like_ctrl_c() -> Iterator[None]:
    """SIGTERM ends a search as Ctrl-C does, unless somebody else takes care of it."""
    alone = threading.current_thread() is threading.main_thread()
    if not alone or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
