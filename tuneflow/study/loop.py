"""The loop of one call: ask for trials, hand them to workers, write down what becomes of them.

A trial goes through four steps. It is *asked for*: a trial that waits in the study, a point that
is queued (defaults, starting points, the grid, points of trials that were lost), or one that the
sampler chooses; `budget.BudgetTracker` says whether there may be another one. It is *started* as
soon as a worker is free. Whatever the worker reports is *written* at once, so that it cannot be
lost. In the end the trial is *told*: it gets its state and its value, and samplers and pruners
see it from then on. With `reproducible`, trials are asked for ahead and told in the order in which
they were asked for, however long each takes, so that the same call gives the same study.

Several callers may share one study, in one process or on many machines. They know of each other by
their heartbeats, each trial is claimed by the caller that runs it, and the total is theirs
together. A caller that has nothing left to begin waits until the others are done; if one of them
has died meanwhile, its trials are told as they ended or as lost, and the points of the lost ones
are tried once more (`resume.reclaim_lost_trials`, `resume.queued_points`).
"""

import copy
import math
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeAlias

import optuna
from optuna.trial import FrozenTrial, TrialState
from tqdm import TqdmWarning

from tuneflow.recipe.space import Params
from tuneflow.reporting.page.document import notebook_shell
from tuneflow.storage.optuna_internals import (
    few_storage_calls,
    names_no_parameter,
    on_stop,
    stored_trial,
    write_system_attrs,
)
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.retry import ENDED_BY_ANOTHER, with_retry
from tuneflow.storage.user_attrs import begin_trial, read_trial_record, write_trial_record
from tuneflow.study.budget import SECONDS_BETWEEN_LOOKS, Budget, BudgetTracker
from tuneflow.study.objective import Outcome, TrialSpec, WorkerEvent, state_and_value
from tuneflow.study.resume import reclaim_lost_trials
from tuneflow.study.workers.workers import WorkerPool, Workers

Callback: TypeAlias = Callable[[optuna.Study, FrozenTrial], None]

SECONDS_TO_WAIT = 60.0  # for workers, when nobody else may change the study
AHEAD = 2  # trials asked for a worker at most before the oldest is told, where the order counts


@dataclass(frozen=True)
class RunOptions:
    """How a study is run, whatever it is about.

    Attributes:
        budget: When it is over.
        workers: Where trials run, and how many at a time.
        callbacks: Called with the study and each trial that has ended.
        progress: Whether to show a bar.
    """

    budget: Budget
    workers: Workers = field(default_factory=Workers)
    callbacks: Sequence[Callback] = ()
    progress: bool = False


class Loop:
    """One call at work on a study.

    Args:
        tracker: What is left of the budget; it says whether another trial may begin.
        pool: Who runs trials.
        options: When it is over, and who wants to know of its trials.
    """

    def __init__(self, tracker: BudgetTracker, pool: WorkerPool, options: RunOptions) -> None:
        self._tracker, self._pool, self._options = tracker, pool, options
        self._study, self._plan, self._heartbeat = tracker.study, tracker.plan, tracker.heartbeat
        trials = tracker.finished, len(tracker.counted), tracker.total()
        self._bar = ProgressBar(*trials, shown=options.progress)
        self._open: dict[int, optuna.Trial] = {}  # not yet told
        self._backlog: list[tuple[TrialSpec, int]] = []
        self._outcomes: dict[int, Outcome] = {}  # of open trials
        self._in_order = options.workers.reproducible

    def run(self) -> None:
        """Run trials until the budget is spent.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was finished is in the study.
        """
        with on_stop(self._study, self._tracker.stop), closing(self._bar), closing(self._pool):
            self._ask_for_trials()
            while self._open or self._tracker.waits_for_others():
                shared = self._tracker.is_shared
                for event in self._pool.wait(SECONDS_BETWEEN_LOOKS if shared else SECONDS_TO_WAIT):
                    self._handle(event)
                self._ask_for_trials()

    def leave(self) -> None:
        """Record every trial of this call that is still open, however far it came: as it ended,
        or as interrupted."""
        for number, trial in self._open.items():
            outcome = self._outcomes.get(number)
            self._tell(trial, outcome.record if outcome else TrialRecord(ended="interrupted"))
        reclaim_lost_trials(self._study, self._plan, self._heartbeat, leaving=True)

    # ---------- asking ----------

    def _ask_for_trials(self) -> None:
        size = self._pool.size * (AHEAD if self._in_order and self._pool.size > 1 else 1)
        while len(self._open) < size and self._tracker.may_begin(len(self._open)):
            trial = self._begin()
            values, number = with_retry(partial(self._suggest, trial)), trial.number
            self._open[number] = trial
            if self._tracker.is_surplus(number):
                self._outcomes[number] = Outcome(number, TrialRecord(ended="surplus"))
                self._finish(number)
                continue
            spec = TrialSpec(number, values, self._tracker.ends_at())
            self._backlog.append((spec, len(self._tracker.finished)))
            self._start_trials()

    def _begin(self) -> optuna.Trial:
        """The next trial: one that waits, one at a queued point, or one for the sampler."""
        if self._tracker.waiting:
            self._tracker.waiting -= 1
            trial = with_retry(self._study.ask)
            with_retry(lambda: self._heartbeat.claim_trial(trial))
            return trial
        point = self._tracker.next_point() or ()
        return with_retry(lambda: begin_trial(self._study, self._heartbeat.claim, *point))

    def _suggest(self, trial: optuna.Trial) -> Params:
        if names_no_parameter(trial):  # as the baseline does
            return {}
        with few_storage_calls(self._study):
            return self._plan.evaluation.space.suggest(trial)

    def _start_trials(self) -> None:
        """Hand trials to workers that are free, each with what had ended when it was asked for."""
        done = len(self._outcomes)
        while self._backlog and len(self._open) - done - len(self._backlog) < self._pool.size:
            spec, ended = self._backlog.pop(0)
            self._pool.start(spec, self._open[spec.number], self._tracker.finished[:ended])

    # ---------- telling ----------

    def _handle(self, event: WorkerEvent) -> None:
        """Write what a worker reports; tell its trial, and others that have waited for it."""
        with ENDED_BY_ANOTHER:
            with_retry(partial(self._write, self._open[event.number], event))
        if not isinstance(event, Outcome):
            return
        self._outcomes[event.number] = event
        self._start_trials()
        if not self._in_order:
            self._finish(event.number)
            return
        while self._open and (oldest := next(iter(self._open))) in self._outcomes:
            self._finish(oldest)
            self._ask_for_trials()

    def _write(self, trial: optuna.Trial, event: WorkerEvent) -> None:
        """Write what nobody has written yet; the whole record if the trial waits to be told, so
        that it cannot be lost."""
        if not isinstance(event, Outcome):
            trial.report(event.score, event.step)
            return
        for step, score in event.steps.items():
            trial.report(score, step)
        write_system_attrs(trial, event.attrs)
        if self._in_order:
            write_trial_record(trial, event.record)

    def _tell(self, trial: optuna.Trial, record: TrialRecord) -> FrozenTrial:
        state, value = state_and_value(record, trial.number, len(self._plan.evaluation.folds))
        with ENDED_BY_ANOTHER, few_storage_calls(self._study):
            write_trial_record(trial, record)
            frozen = self._study.tell(trial, value, state, skip_if_finished=True)
            if frozen.state.is_finished():
                return frozen
        return stored_trial(trial)  # a journal is not written before here

    def _finish(self, number: int) -> None:
        """Tell a trial that has ended, to the study and to everybody who wants to know."""
        outcome = self._outcomes[number]
        frozen = with_retry(lambda: self._tell(self._open[number], outcome.record))
        del self._open[number], self._outcomes[number]
        if outcome.error:
            raise outcome.error
        has_failed = frozen.state == TrialState.FAIL and outcome.record.tried
        if has_failed and frozen.params == self._plan.evaluation.baseline_point:
            self._tracker.stop()  # there is nothing that others could be compared with
        self._tracker.add(frozen)
        self._bar.show(frozen, self._options.budget.deadline)
        for callback in self._options.callbacks:
            callback(self._study, copy.deepcopy(frozen))  # it may do with it as it likes


class ProgressBar:
    """A bar of trials, with the best score so far.

    Args:
        finished: Trials that have ended already, by number.
        counted: How many of them count towards the total.
        total: Trials in all; None if that is not known.
        shown: Whether to show anything.
    """

    def __init__(
        self, finished: Iterable[FrozenTrial], counted: int, total: int | None, *, shown: bool
    ) -> None:
        self._first: dict[str, Any] | None = None
        self._scores: dict[str, float] = {}
        self._failed: Counter[str] = Counter()  # by what the error is called
        for trial in finished:
            self._note(trial)
        self._bar = open_bar(shown, total=total, initial=counted, desc="trials")

    def show(self, trial: FrozenTrial, deadline: float) -> None:
        """One more trial has ended; the deadline is in seconds of `time.monotonic`."""
        self._note(trial)
        scores = {name: self._scores.get(name) for name in ("best", "defaults")}
        facts = {name: "-" if score is None else f"{score:.5g}" for name, score in scores.items()}
        if self._failed:
            facts["failed"] = f"{self._failed.total()} ({', '.join(self._failed)})"
        if deadline < math.inf:
            facts["left"] = f"{max(0.0, deadline - time.monotonic()):.0f}s"
        self._bar.set_postfix(facts, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave it as it stands."""
        self._bar.close()

    def _note(self, trial: FrozenTrial) -> None:
        """The first trial runs the defaults; if it was interrupted, a later one does."""
        if trial.number == 0:
            self._first = trial.params
        record = read_trial_record(trial) if trial.state == TrialState.FAIL else None
        if record and record.tried:
            self._failed[record.error.split(":")[0] or record.ended] += 1
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            self._scores["best"] = max(trial.value, self._scores.get("best", trial.value))
            if trial.params == self._first:
                self._scores.setdefault("defaults", trial.value)


def open_bar(shown: bool, *steps: Iterable[Any], **options: Any) -> Any:
    """A bar, or nothing to see: it is for a terminal or a notebook, and only if it is wanted."""
    with warnings.catch_warnings(action="ignore", category=TqdmWarning):
        from tqdm.auto import tqdm  # without ipywidgets, a bar of text will do
    is_visible = shown and (sys.stderr.isatty() or notebook_shell() is not None)
    return tqdm(*steps, unit="", disable=not is_visible, **options)
