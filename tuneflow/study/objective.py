"""One trial: a configuration climbs the rungs of its recipe, on the same folds as all others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from statistics import fmean
from typing import Any, Protocol

from optuna.trial import TrialState

from tuneflow.errors import StorageError, TrialError
from tuneflow.models.engine import Learner
from tuneflow.recipe.space import Params
from tuneflow.storage.records import TrialRecord
from tuneflow.study.evaluation import Evaluation


@dataclass
class Best:
    """A rung: the score of each fold, and what was spent on it."""

    budget: float = 0.0
    scores: list[float] = field(default_factory=list)
    amount: int = 0

    @property
    def mean(self) -> float:
        """Mean score of the folds; minus infinity before the first rung."""
        return fmean(self.scores) if self.scores else -math.inf


@dataclass(frozen=True)
class Task:
    """A trial to be run.

    Attributes:
        number: Its number in the study.
        values: The point of the space.
        deadline: When growing has to stop, in seconds of `time.monotonic`.
    """

    number: int
    values: Params
    deadline: float = math.inf


class Judge(Protocol):
    """Whom a trial asks at its rungs whether it goes on; a trial of Optuna's is one."""

    def report(self, value: float, step: int) -> None:
        """Take down a score."""

    def should_prune(self) -> bool:
        """Whether the trial is to be given up."""


@dataclass
class Outcome:
    """What came of a trial.

    Attributes:
        number: Its number.
        entry: What it did and why it ended.
        error: What stops the study; None if nothing does.
        steps: Scores by step, as far as nobody has written them to the study.
        attrs: What the pruner has noted on it, as far as nobody has written it to the study.
    """

    number: int
    entry: TrialRecord
    error: BaseException | None = None
    steps: dict[int, float] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


def told(entry: TrialRecord, number: int, folds: int) -> tuple[TrialState, float | None]:
    """State and value of a trial that has ended.

    What the deadline cut short is given up, unless it has a score on all folds or is all there
    is.
    """
    whole = bool(entry.scores) and (len(entry.scores) == folds or not number)
    if entry.ended in ("complete", "patience") or (entry.ended == "deadline" and whole):
        return TrialState.COMPLETE, fmean(entry.scores)
    pruned = entry.ended in ("pruned", "deadline")
    return TrialState.PRUNED if pruned else TrialState.FAIL, None


class _GivenUp(Exception):
    """A trial is given up; the entry says why."""


@dataclass(frozen=True)
class Objective:
    """What a trial does, wherever it runs.

    Attributes:
        work: What all trials share.
        raw: Report the score of each fold, instead of the mean over the folds so far.
        prunes: Whether rungs decide anything; where none does, none is written to the storage.
        slopes: Whether the sampler wants the gradient of the loss of trials that are complete.
    """

    evaluation: Evaluation
    raw: bool = False
    prunes: bool = True
    slopes: bool = False

    def __call__(self, task: Task, judge: Judge) -> Outcome:
        """Climb; the entry keeps what was spent and why it ended, however it ended."""
        outcome = Outcome(task.number, TrialRecord())
        entry = outcome.entry
        try:
            _Climb(self, task, judge, entry).run()
        except _GivenUp:
            pass
        except TrialError as error:
            entry.ended, entry.error = "failed", f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001 -- the caller raises it, when it is written
            lost = isinstance(error, KeyboardInterrupt | StorageError)
            entry.ended = "interrupted" if lost else "failed"
            entry.error = f"{type(error).__name__}: {error}"
            error.add_note(
                f"recipe {self.evaluation.recipe.name}, trial {task.number}, {task.values}"
            )
            outcome.error = error
        return outcome


@dataclass
class _Climb:
    """One configuration on its way up."""

    objective: Objective
    task: Task
    judge: Judge
    entry: TrialRecord
    learners: dict[int, Learner] = field(default_factory=dict)
    seen: dict[tuple[int, float], tuple[float, ...]] = field(default_factory=dict)

    def run(self) -> None:
        """Take in more folds, stage by stage; earlier ones keep what they have grown."""
        evaluation = self.objective.evaluation
        for folds in evaluation.stages:
            best = self._grow(folds)
            if folds < len(evaluation.folds) and self._is_late():
                break
            self._decide(folds, evaluation.budgets[-1], best)
        if self.objective.slopes and len(self.entry.scores) == len(evaluation.folds):
            with self._booking("seconds_fit"):
                self._differentiate()

    def _differentiate(self) -> None:
        """Note the mean loss over the folds, and its gradient in the scale of the space."""
        slope, values = self.objective.evaluation.slope, self.task.values
        found = [slope(at, made, values, self.entry.budget) for at, made in self.learners.items()]
        self.entry.loss = fmean(each.loss for each in found)
        self.entry.gradient = {n: fmean(each.by[n] for each in found) for n in found[0].by}

    def _grow(self, folds: int) -> Best:
        """Grow so many folds together, rung by rung."""
        evaluation, best = self.objective.evaluation, Best()
        for budget in evaluation.budgets:
            rung = self._rung(folds, budget)
            if not rung.scores:
                break
            self.entry.curve.append((folds, budget, rung.mean))
            best = rung if not evaluation.growth.patience or rung.mean > best.mean else best
            ended = self._has_peaked(budget, best) or budget == evaluation.budgets[-1]
            if ended or budget >= self.entry.budget:  # more folds, but not yet as far, are less
                self._note(best)
            if ended:
                break
            self._decide(folds, budget, best)
        return best

    def _rung(self, folds: int, budget: float) -> Best:
        """Grow the folds to a budget and score them; nothing, if time ran out on the way."""
        evaluation, amounts = self.objective.evaluation, []
        for at in range(folds):  # all before one grows: rows are there twice while they are binned
            if self._is_over():
                return Best()
            self._begin(at)
        for at in range(folds):
            if self._is_over():
                return Best()
            rows = len(evaluation.folds[at].train)
            amounts.append(evaluation.growth.amount(budget, self.arguments(rows), rows))
            if (at, budget) not in self.seen:
                self.seen[at, budget] = self._score(at, amounts[-1])
        scores = [self.seen[at, budget][0] for at in range(folds)]
        return Best(budget, scores, round(fmean(amounts)))

    def _is_over(self) -> bool:
        """Whether time is up; the first trial goes on until it has a score."""
        return bool(self.task.number or self.entry.scores) and self._is_late()

    def _begin(self, at: int) -> None:
        """Have a learner for a fold."""
        if at not in self.learners:
            with self._booking("seconds_fit"), self._refusals():
                self.learners[at] = self.objective.evaluation.learner(at, self.arguments)

    def _score(self, at: int, amount: int) -> tuple[float, ...]:
        evaluation = self.objective.evaluation
        with self._booking("seconds_fit"), self._refusals():
            self.learners[at].grow(amount)
        with self._booking("seconds_score"):
            return evaluation.score(at, self.learners[at])

    @cached_property
    def arguments(self) -> Callable[[int], Params]:
        return cache(self.objective.evaluation.arguments(self.task.values))

    def _has_peaked(self, budget: float, best: Best) -> bool:
        growth = self.objective.evaluation.growth
        if not growth.patience or budget < growth.patience * best.budget + growth.first:
            return False
        self.entry.ended = "patience"
        return True

    def _is_late(self) -> bool:
        """Whether time is up. What has not been scored on all folds by then is given up, unless
        it is all there is."""
        if time.monotonic() < self.task.deadline:
            return False
        self.entry.ended = "deadline"
        if self.task.number and len(self.entry.scores) < len(self.objective.evaluation.folds):
            raise _GivenUp
        return True

    def _decide(self, folds: int, budget: float, best: Best) -> None:
        """Where it is due, report the best so far, and end here if the pruner says so; the
        defaults never do, since all is compared with them."""
        step = self.objective.evaluation.decisions.get((folds, budget))
        if step is None or not self.objective.prunes:
            return
        self.judge.report(best.scores[-1] if self.objective.raw else best.mean, step)
        if (
            self.judge.should_prune()
            and self.task.values != self.objective.evaluation.space.defaults()
        ):
            self.entry.ended = "pruned"
            raise _GivenUp

    def _note(self, best: Best) -> None:
        self.entry.scores = best.scores
        self.entry.budget, self.entry.amount = best.budget, best.amount
        for place, metric in enumerate(self.objective.evaluation.also, start=1):
            folds = range(len(best.scores))
            said = [self.seen[at, best.budget][place] for at in folds]
            self.entry.also[metric.name] = said

    @contextmanager
    def _booking(self, account: str) -> Iterator[None]:
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = getattr(self.entry, account) + time.perf_counter() - started
            setattr(self.entry, account, spent)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """What the model itself raises for bad parameters fails the trial, not the study."""
        try:
            yield
        except self.objective.evaluation.engine.errors as error:
            raise TrialError(f"{type(error).__name__}: {error}") from error
