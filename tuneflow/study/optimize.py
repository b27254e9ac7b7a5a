"""`optimize()`: run trials of a study until a budget is spent, or something interrupts them."""

import math
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import optuna
from optuna.exceptions import StorageInternalError
from optuna.trial import TrialState
from threadpoolctl import threadpool_limits

from tuneflow.errors import SearchError, StorageError
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.optuna_internals import on_stop
from tuneflow.study.budget import Budget, BudgetTracker
from tuneflow.study.loop import Loop, RunOptions
from tuneflow.study.objective import Objective
from tuneflow.study.plan import Plan
from tuneflow.study.resume import reclaim_lost_trials
from tuneflow.study.warnings_filter import suppress_warnings

#: What a result says that Ctrl-C has interrupted.
INTERRUPTED = "interrupted; the same call goes on if there is a storage."


def check_end(budget: Budget, *plans: Plan) -> None:
    """Refuse a search that nothing would end."""
    is_endless = budget.total is None and math.isinf(budget.deadline)
    if is_endless and not all(plan.search.is_finite for plan in plans):
        raise SearchError("n_trials, timeout: something must end the search; got None for both.")


def optimize(study: optuna.Study, plan: Plan, options: RunOptions) -> str:
    """Run trials until the budget is spent.

    Args:
        study: From :func:`open_study <tuneflow.study.resume.open_study>`.
        plan: What it is about.
        options: How it is run.

    Returns:
        What interrupted it: Ctrl-C, or a storage that can no longer be written; empty if nothing
        did. An interruption is raised instead if no trial has a score yet.
    """
    search = plan.search
    flags = search.scores_each_fold, search.prunes, search.needs_gradients
    objective = Objective(plan.evaluation, *flags)
    heartbeat, sampler = Heartbeat(study), search.make_sampler()
    study.sampler = plan.rate.hold(sampler) if plan.rate else sampler
    with heartbeat.beating(), on_stop(study, lambda: None):
        reclaim_lost_trials(study, plan, heartbeat)
        tracker = BudgetTracker(study, plan, heartbeat, options.budget)
        loop = Loop(tracker, options.workers.pool(objective, study), options)
        try:
            with suppress_warnings(), threadpool_limits(1), sigterm_as_ctrl_c():
                loop.run()
        except BaseException as error:
            is_writable = not isinstance(error, StorageError)
            if is_writable:
                loop.leave()
            is_interruption = isinstance(error, KeyboardInterrupt | StorageError)
            if not is_interruption or not _has_scores(study):
                raise
            return INTERRUPTED if is_writable else str(error)
        loop.leave()
        return ""


def _has_scores(study: optuna.Study) -> bool:
    """Whether a trial is complete; a storage that failed can perhaps still be read."""
    with suppress(StorageInternalError):
        return bool(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)))
    return False


@contextmanager
def sigterm_as_ctrl_c() -> Iterator[None]:
    """Within it SIGTERM ends a search as Ctrl-C does, unless the program handles it already."""
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
