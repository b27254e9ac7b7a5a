"""One call's share of a study: ask, hand over to a crew, write down, tell, until it is over."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import optuna
from optuna.trial import FrozenTrial, TrialState

from tuneflow.recipe.space import Params
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.open import together
from tuneflow.storage.records import (
    TrialRecord,
    begin_trial,
    read_trial_record,
    write_trial_record,
)
from tuneflow.storage.retry import TOLD_BY_ANOTHER, with_retry
from tuneflow.storage.study_record import is_counted
from tuneflow.study.objective import Outcome, Task, told
from tuneflow.study.plan import Plan
from tuneflow.study.progress import Bar
from tuneflow.study.resume import QueuedPoint, queued_points, reclaim_lost_trials
from tuneflow.study.workers.pool import WorkerEvent, WorkerPool

Callback: TypeAlias = Callable[[optuna.Study, FrozenTrial], None]

LOOK_AGAIN = 1.0  # seconds, while others finish what is left
REFIT = 0.3  # of the time of a call, at most, is kept for the refit
AHEAD = 2  # trials asked for a worker at most before the oldest is told, where the order counts


@dataclass(frozen=True)
class Budget:
    """When a run is over.

    Attributes:
        total: Trials in the study, those of earlier calls included; None for no limit.
        started: When it began, in seconds of `time.monotonic`.
        deadline: When it has to end.
    """

    total: int | None
    started: float
    deadline: float

    def until(self, refit: float) -> float:
        """When trials have to end, so that a refit of so many seconds ends in time, too."""
        return self.deadline - min(refit, REFIT * (self.deadline - self.started))


@dataclass
class Loop:
    """One call at work.

    Attributes:
        study: Where trials go.
        plan: What they are about.
        crew: Who runs them.
        presence: Who this call is to others.
        budget: When it is over.
        in_order: Tell trials in the order in which they were asked, so that the same call gives
            the same study.
        callbacks: Called with the study and each finished trial.
        progress: Whether to show how far it is.
    """

    study: optuna.Study
    plan: Plan
    pool: WorkerPool
    heartbeat: Heartbeat
    budget: Budget
    in_order: bool
    callbacks: Sequence[Callback]
    progress: bool
    _seen: list[FrozenTrial] = field(init=False)
    _best: FrozenTrial | None = field(init=False)
    _queue: list[QueuedPoint] = field(init=False)
    _waiting: int = field(init=False)
    _newest: int = field(init=False)
    _open: dict[int, optuna.Trial] = field(default_factory=dict, init=False)
    _backlog: list[tuple[Task, int]] = field(default_factory=list, init=False)
    _running: set[int] = field(default_factory=set, init=False)
    bar: Bar = field(init=False)
    _done: int = field(init=False)
    _ended: dict[int, Outcome] = field(default_factory=dict, init=False)
    _shared: bool = field(default=False, init=False)
    _stopped: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        trials = self.study.get_trials(deepcopy=False)
        self._seen = [trial for trial in trials if trial.state.is_finished()]
        self._best = max(filter(_is_complete, self._seen), key=_value, default=None)
        self._waiting = sum(trial.state == TrialState.WAITING for trial in trials)
        self._newest = len(trials) - 1
        self._done = sum(map(is_counted, self._seen))
        self._queue = queued_points(self.study, self.plan)
        self._shared = bool(self.heartbeat.others())
        self.bar = Bar(self._seen, self._done, self._end(), wanted=self.progress)
        self._heed_stopping_rule()

    def _end(self) -> int | None:
        """Trials in all; a grid may end before the budget does."""
        ends = [self.budget.total] if self.budget.total is not None else []
        ends += [self._done + len(self._queue)] if self.plan.search.is_finite else []
        return min(ends, default=None)

    def go(self) -> None:
        """Run until the budget is spent.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was finished is in the study.
        """
        vars(self.study)["stop"] = self._stop  # for callbacks, as in Optuna's own loop
        try:
            self._fill()
            while self._open or self._is_left_to_others():
                for news in self.pool.wait(LOOK_AGAIN if self._shared else 60.0):
                    self._hear(news)
                self._fill()
        finally:
            self.pool.close()

    def leave(self) -> None:
        """Tell what has ended, and that the rest was interrupted."""
        for number, trial in self._open.items():
            outcome = self._ended.get(number)
            self._tell(trial, outcome.entry if outcome else TrialRecord(ended="interrupted"))

    # ---------- asking ----------

    def _fill(self) -> None:
        while self._may_ask():
            self._ask()

    def _may_ask(self) -> bool:
        at_once = self.pool.size * (AHEAD if self.in_order and self.pool.size > 1 else 1)
        late = time.monotonic() >= self._until()
        if self._stopped or late or len(self._open) >= at_once:
            return False
        if self.plan.search.is_finite and not self._queue and not self._waiting:
            return False
        return self.budget.total is None or self._taken() < self.budget.total

    def _until(self) -> float:
        """When trials have to end: the refit of the best takes its time, too."""
        if math.isinf(self.budget.deadline) or self._best is None:
            return self.budget.deadline
        entry = read_trial_record(self._best) or TrialRecord()
        more = self.plan.rate.rounds_factor if self.plan.rate else 1.0
        return self.budget.until(more * self.plan.refit_seconds(entry))

    def _taken(self) -> int:
        """Trials that are done or begun, by whomever."""
        if not self._shared:
            return self._done + len(self._open)
        self._learn()
        return self._done + len(self._trials((TrialState.RUNNING,)))

    def _trials(self, states: tuple[TrialState, ...] | None = None) -> list[FrozenTrial]:
        return with_retry(lambda: self.study.get_trials(deepcopy=False, states=states))

    def _learn(self) -> None:
        """Take in what others have finished."""
        known = {trial.number for trial in self._seen}
        ended = (TrialState.COMPLETE, TrialState.PRUNED, TrialState.FAIL)
        self._seen += [trial for trial in self._trials(ended) if trial.number not in known]
        self._done = sum(map(is_counted, self._seen))

    def _is_left_to_others(self) -> bool:
        """Whether the total waits for trials of others; what they abandon is taken over."""
        total = self.budget.total
        late = time.monotonic() >= self._until()
        if not self._shared or total is None or late or self._stopped:
            return False
        with_retry(lambda: reclaim_lost_trials(self.study, self.plan, self.heartbeat))
        self._queue = with_retry(lambda: queued_points(self.study, self.plan))
        if self._may_ask():
            return True
        if self._done >= total or not with_retry(self.heartbeat.others):
            return False
        time.sleep(LOOK_AGAIN)
        return True

    def _ask(self) -> None:
        trial = self._trial()
        values = with_retry(lambda: self._suggested(trial))
        self._open[trial.number] = trial
        self._note_others(trial)
        if self._is_surplus(trial):
            self._ended[trial.number] = Outcome(trial.number, TrialRecord(ended="surplus"))
            self._settle(trial.number)
            return
        task = Task(trial.number, values, self._until())
        self._backlog.append((task, len(self._seen)))
        self._start()

    def _trial(self) -> optuna.Trial:
        """The next trial: one that waits, a point that is not for the sampler to choose, or one
        that is."""
        if self._waiting:
            self._waiting -= 1
            trial = with_retry(self.study.ask)
            with_retry(lambda: self.heartbeat.claim(trial))
            return trial
        point = self._queued()
        chosen = (point.params, point.again) if point else ()
        return with_retry(lambda: begin_trial(self.study, self.heartbeat.claimed, *chosen))

    def _suggested(self, trial: optuna.Trial) -> Params:
        with together(self.study):
            return self.plan.evaluation.space.suggest(trial)

    def _queued(self) -> QueuedPoint | None:
        if self._shared:
            self._queue = with_retry(lambda: queued_points(self.study, self.plan))
        return self._queue.pop(0) if self._queue else None

    def _note_others(self, trial: optuna.Trial) -> None:
        """Numbers are given in order: one that was left out is another's."""
        if trial.number > self._newest + 1:
            self._shared = True
        self._newest = max(self._newest, trial.number)

    def _is_surplus(self, trial: optuna.Trial) -> bool:
        """Whether others have meanwhile begun all that is left."""
        if not self._shared or self.budget.total is None:
            return False
        earlier = [other for other in self._trials() if other.number < trial.number]
        taken = [t for t in earlier if is_counted(t) or t.state == TrialState.RUNNING]
        return len(taken) >= self.budget.total

    def _start(self) -> None:
        while self._backlog and len(self._running) < self.pool.size:
            task, known = self._backlog.pop(0)
            self._running.add(task.number)
            self.pool.start(task, self._open[task.number], self._seen[:known])

    # ---------- telling ----------

    def _hear(self, news: WorkerEvent) -> None:
        trial = self._open[news.number]
        if not isinstance(news, Outcome):
            with TOLD_BY_ANOTHER:
                with_retry(lambda: trial.report(news.score, news.step))
            return
        self._running.discard(news.number)
        self._write(trial, news)
        self._ended[news.number] = news
        self._start()
        if not self.in_order:
            self._settle(news.number)
            return
        while self._open and (oldest := next(iter(self._open))) in self._ended:
            self._settle(oldest)
            self._fill()

    def _write(self, trial: optuna.Trial, outcome: Outcome) -> None:
        """Keep what nobody has written yet; if it waits for its turn, whole, so that it cannot be
        lost."""

        def write() -> None:
            for step, score in outcome.steps.items():
                trial.report(score, step)
            for key, value in outcome.attrs.items():
                trial.storage.set_trial_system_attr(trial._trial_id, key, value)
            if self.in_order:
                write_trial_record(trial, outcome.entry)

        with TOLD_BY_ANOTHER:
            with_retry(write)

    def _tell(self, trial: optuna.Trial, entry: TrialRecord) -> FrozenTrial:
        state, value = told(entry, trial.number, len(self.plan.evaluation.folds))
        with TOLD_BY_ANOTHER, together(self.study):
            write_trial_record(trial, entry)
            frozen = self.study.tell(trial, value, state, skip_if_finished=True)
            if frozen.state.is_finished():
                return frozen
        return trial.storage.get_trial(trial._trial_id)  # a journal is not written before here

    def _settle(self, number: int) -> None:
        outcome = self._ended[number]
        frozen = with_retry(lambda: self._tell(self._open[number], outcome.entry))
        del self._open[number], self._ended[number]
        if outcome.error:
            raise outcome.error
        self._seen.append(frozen)
        if _is_complete(frozen) and (not self._best or _value(frozen) > _value(self._best)):
            self._best = frozen
        self._done += is_counted(frozen)
        self.bar.show(frozen, self.budget.deadline)
        self._heed_stopping_rule()
        for callback in self.callbacks:
            callback(self.study, copy.deepcopy(frozen))  # it may do with it as it likes

    def _heed_stopping_rule(self) -> None:
        """Stop where nothing is to be gained."""
        stopping = self.plan.stopping
        if stopping and stopping.is_due([trial for trial in self._seen if is_counted(trial)]):
            self._stop()

    def _stop(self) -> None:
        self._stopped = True


def _is_complete(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.COMPLETE


def _value(trial: FrozenTrial) -> float:
    return -math.inf if trial.value is None else trial.value
