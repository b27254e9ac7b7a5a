"""When a call is over: how many trials its study shall have, until when, and who runs them."""

import math
import time
from dataclasses import dataclass
from operator import attrgetter

import optuna
from optuna.trial import FrozenTrial, TrialState

from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.retry import with_retry
from tuneflow.storage.study_record import is_counted
from tuneflow.storage.user_attrs import read_trial_record
from tuneflow.study.plan import Plan
from tuneflow.study.resume import QueuedPoint, queued_points, reclaim_lost_trials

SECONDS_BETWEEN_LOOKS = 1.0  # while others finish what is left
REFIT_SHARE = 0.3  # of the time of a call, at most, is kept for the refit


@dataclass(frozen=True)
class Budget:
    """What a call may spend.

    Attributes:
        total: Trials in the study, those of earlier calls included; None for no limit.
        started: When the call began, in seconds of `time.monotonic`.
        deadline: When it has to end.
    """

    total: int | None
    started: float
    deadline: float

    def until(self, refit: float) -> float:
        """When trials have to end, so that a refit of so many seconds ends in time, too."""
        return self.deadline - min(refit, REFIT_SHARE * (self.deadline - self.started))


class BudgetTracker:
    """What is left of a budget, as trials of this call and of others are begun and end.

    A call that is alone counts its own trials and never reads the study again. Once another call
    is seen to work on the study, by its heartbeat or by a number that was not given out here, the
    study is read before every trial. Two calls may still begin the last trial at the same moment:
    the one with the higher number then finds that it is surplus (`is_surplus`) and ends it at
    once, so that the total is exact.

    Attributes:
        study: Where trials go.
        plan: What they are about.
        heartbeat: What other calls know this one by.
        finished: Trials that have ended, in the order in which this call learned of it.
        counted: Those of them that count towards the total.
        best: The best of those that are complete.
        waiting: How many trials somebody has queued in the study, which are next.
        is_shared: Whether other calls work on the study.
        is_stopped: Whether the study is to end before its budget does.
    """

    def __init__(
        self, study: optuna.Study, plan: Plan, heartbeat: Heartbeat, budget: Budget
    ) -> None:
        self.study, self.plan, self.heartbeat, self._budget = study, plan, heartbeat, budget
        trials = study.get_trials(deepcopy=False)
        self.finished: list[FrozenTrial] = []
        self.counted: list[FrozenTrial] = []
        self.is_stopped, self.is_shared = False, bool(heartbeat.others())
        self.best: FrozenTrial | None = None
        self.waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        self._newest = len(trials) - 1
        self._queue = queued_points(study, plan)
        self.add(*(trial for trial in trials if trial.state.is_finished()))

    def total(self) -> int | None:
        """Trials in all, as far as is known; a grid may end before the budget does."""
        totals = [] if self._budget.total is None else [self._budget.total]
        totals += [len(self.counted) + len(self._queue)] if self.plan.search.is_finite else []
        return min(totals, default=None)

    def ends_at(self) -> float:
        """When trials have to end: the refit of the best takes its time, too."""
        if math.isinf(self._budget.deadline) or not self.best:
            return self._budget.deadline
        record, rate = read_trial_record(self.best) or TrialRecord(), self.plan.rate
        factor = rate.rounds_factor if rate else 1.0
        return self._budget.until(factor * self.plan.refit_seconds(record))

    def may_begin(self, unfinished: int) -> bool:
        """Whether another trial may begin, beside so many of this call that have not ended."""
        is_exhausted = self.plan.search.is_finite and not self._queue and not self.waiting
        if is_exhausted or self._is_over():
            return False
        return self._budget.total is None or self._begun(unfinished) < self._budget.total

    def next_point(self) -> QueuedPoint | None:
        """The next point that is not for the sampler to choose; None if there is none."""
        if self.is_shared:
            self._queue = with_retry(lambda: queued_points(self.study, self.plan))
        return self._queue.pop(0) if self._queue else None

    def is_surplus(self, number: int) -> bool:
        """Whether others have begun all that was left, before this trial of ours was begun.

        Numbers are given out in order: one that was left out is another call's.
        """
        self.is_shared |= number > self._newest + 1
        self._newest = max(self._newest, number)
        if not self.is_shared or self._budget.total is None:
            return False
        earlier = [trial for trial in self._read() if trial.number < number]
        return sum(map(_is_begun, earlier)) >= self._budget.total

    def add(self, *trials: FrozenTrial) -> None:
        """Take in trials that have ended, of this call or of others."""
        self.finished += trials
        self.counted += filter(is_counted, trials)
        complete = [t for t in (self.best, *trials) if t and t.state == TrialState.COMPLETE]
        self.best = max(complete, key=attrgetter("value"), default=None)
        rule = self.plan.stopping
        if trials and rule and rule.is_due(self.counted):
            self.stop()

    def waits_for_others(self) -> bool:
        """Whether others still run trials of the total; what they have lost is reclaimed."""
        if not self.is_shared or self._budget.total is None or self._is_over():
            return False
        with_retry(lambda: reclaim_lost_trials(self.study, self.plan, self.heartbeat))
        self._queue = with_retry(lambda: queued_points(self.study, self.plan))
        if self.may_begin(0):
            return True
        if len(self.counted) >= self._budget.total or not with_retry(self.heartbeat.others):
            return False
        time.sleep(SECONDS_BETWEEN_LOOKS)
        return True

    def stop(self) -> None:
        """Begin no more trials."""
        self.is_stopped = True

    def _is_over(self) -> bool:
        return self.is_stopped or time.monotonic() >= self.ends_at()

    def _begun(self, unfinished: int) -> int:
        """Trials that count or may come to do so, whoever runs them."""
        if not self.is_shared:
            return len(self.counted) + unfinished
        trials, old = self._read(), {trial.number for trial in self.finished}
        self.add(*(t for t in trials if t.state.is_finished() and t.number not in old))
        return sum(map(_is_begun, trials))

    def _read(self) -> list[FrozenTrial]:
        return with_retry(lambda: self.study.get_trials(deepcopy=False))


def _is_begun(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.RUNNING or is_counted(trial)
