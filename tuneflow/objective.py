"""One trial: a configuration climbs the rungs of its recipe, on the same folds as all others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from itertools import accumulate
from statistics import fmean

import numpy as np
import optuna

from tuneflow.data import Data
from tuneflow.engines import Engine, Learner
from tuneflow.errors import TrialError
from tuneflow.folds import Folds
from tuneflow.growth import Growth
from tuneflow.ledger import Entry, write_entry
from tuneflow.metrics import Metric
from tuneflow.prepare import Prepared, prepare
from tuneflow.recipe import Recipe
from tuneflow.space import Params, Space


@dataclass(frozen=True)
class Work:
    """What all trials of a study share. Folds are prepared when they are first needed.

    Attributes:
        data: The table.
        folds: Which rows train and which are scored.
        metric: What is good.
        recipe: What is tuned.
        space: The recipe's space, bound to the table.
        engine: The library at work.
        growth: How learners grow.
    """

    data: Data
    folds: Folds
    metric: Metric
    recipe: Recipe
    space: Space
    engine: Engine
    growth: Growth
    _prepared: dict[int, Prepared] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[int, ...]:
        """How many folds take part, stage after stage."""
        every = len(self.folds)
        if self.growth.schedule == "folds":
            return tuple(range(1, every + 1))
        scored = accumulate(len(fold.valid) for fold in self.folds)
        probe = next((n for n, rows in enumerate(scored, 1) if rows >= self.growth.probe), every)
        return (probe, every) if self.growth.probe and probe < every else (every,)

    @property
    def budgets(self) -> tuple[float, ...]:
        """The rungs of every stage; fold after fold, they matter only to patience."""
        budgets = self.growth.budgets(self.folds.fewest)
        straight = self.growth.schedule == "folds" and not self.growth.patience
        return budgets[-1:] if straight else budgets

    @cached_property
    def decisions(self) -> dict[tuple[int, float], int]:
        """Where a trial may be given up, (folds, budget), and the step under which its score is
        reported there. Steps start at one: halving reads them as a resource."""
        inside = () if self.growth.schedule == "folds" else self.growth.deciding(self.budgets)
        rungs = [(folds, at) for folds in self.stages for at in (*inside, self.budgets[-1])]
        return {rung: step for step, rung in enumerate(rungs[:-1], start=1)}

    def prepared(self, at: int) -> Prepared:
        """A fold, prepared for the recipe; once for all trials."""
        if at not in self._prepared:
            fold = self.folds[at]
            self._prepared[at] = prepare(self.data, self.recipe, fold.train, fold.valid)
        return self._prepared[at]

    def learner(self, at: int, arguments: Callable[[int], Params]) -> Learner:
        """A learner for a fold, with nothing spent."""
        return self.engine.learner(self.prepared(at).split, arguments)

    def arguments(self, values: Params) -> Callable[[int], Params]:
        """The model's arguments for a number of training rows."""
        fixed = self.recipe.fixed_for(self.data.task)
        return lambda rows: {**fixed, **self.space.decode(values, rows)}

    def score(self, at: int, learner: Learner) -> float:
        """The score of a learner on the rows of its fold that it was not trained on."""
        prepared, rows = self.prepared(at), self.folds[at].valid
        X = prepared.split.X_valid
        assert X is not None
        predictions = learner.predict(X)
        if not np.isfinite(predictions).all():
            msg = f"predictions must be finite; got others on fold {at}."
            raise TrialError(msg)
        score = self.metric.score(prepared.target.restore(predictions), self.data, rows)
        if not math.isfinite(score):
            msg = f"{self.metric.name} must be finite; got {score} on fold {at}."
            raise TrialError(msg)
        return score


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
class Objective:
    """What Optuna calls for a trial.

    Attributes:
        work: What all trials share.
        raw: Report the score of each fold, instead of the mean over the folds so far.
        prunes: Whether rungs decide anything; where none does, none is written to the storage.
        deadline: When growing has to stop, in seconds of `time.monotonic`.
        spared: For which points no pruner is asked.
    """

    work: Work
    raw: bool = False
    prunes: bool = True
    deadline: float = math.inf
    spared: Callable[[Params], bool] = lambda values: False

    def __call__(self, trial: optuna.Trial) -> float:
        """Climb; the ledger keeps what was spent and why it ended, however it ended."""
        entry = Entry()
        values = self.work.space.suggest(trial)
        try:
            return _Climb(self, trial, values, entry).run()
        except optuna.TrialPruned:
            raise
        except BaseException as error:
            entry.ended = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
            entry.error = f"{type(error).__name__}: {error}"
            error.add_note(f"recipe {self.work.recipe.name}, trial {trial.number}, {values}")
            raise
        finally:
            write_entry(trial, entry)


@dataclass
class _Climb:
    """One configuration on its way up."""

    objective: Objective
    trial: optuna.Trial
    values: Params
    entry: Entry
    learners: dict[int, Learner] = field(default_factory=dict)
    seen: dict[tuple[int, float], float] = field(default_factory=dict)

    def run(self) -> float:
        """Take in more folds, stage by stage; earlier ones keep what they have grown."""
        work = self.objective.work
        for folds in work.stages:
            best = self._grow(folds)
            if folds < len(work.folds) and self._is_late():
                break
            self._decide(folds, work.budgets[-1], best)
        return fmean(self.entry.scores)

    def _grow(self, folds: int) -> Best:
        """Grow so many folds together, rung by rung."""
        work, best = self.objective.work, Best()
        for budget in work.budgets:
            rung = self._rung(folds, budget)
            if not rung.scores:
                break
            self.entry.curve.append((folds, budget, rung.mean))
            best = rung if not work.growth.patience or rung.mean > best.mean else best
            ended = self._has_peaked(budget, best) or budget == work.budgets[-1]
            if ended or budget >= self.entry.budget:  # more folds, but not yet as far, are less
                self._note(best)
            if ended:
                break
            self._decide(folds, budget, best)
        return best

    def _rung(self, folds: int, budget: float) -> Best:
        """Grow the folds to a budget and score them; nothing, if time ran out on the way."""
        work, amounts = self.objective.work, []
        for at in range(folds):
            if (self.trial.number or self.entry.scores) and self._is_late():
                return Best()
            rows = len(work.folds[at].train)
            amounts.append(work.growth.amount(budget, self.arguments(rows), rows))
            if (at, budget) not in self.seen:
                self.seen[at, budget] = self._score(at, amounts[-1])
        return Best(budget, [self.seen[at, budget] for at in range(folds)], round(fmean(amounts)))

    def _score(self, at: int, amount: int) -> float:
        work = self.objective.work
        with self._booking("seconds_fit"), self._refusals():
            if at not in self.learners:
                self.learners[at] = work.learner(at, self.arguments)
            self.learners[at].grow(amount)
        with self._booking("seconds_score"):
            return work.score(at, self.learners[at])

    @cached_property
    def arguments(self) -> Callable[[int], Params]:
        return cache(self.objective.work.arguments(self.values))

    def _has_peaked(self, budget: float, best: Best) -> bool:
        growth = self.objective.work.growth
        if not growth.patience or budget < growth.patience * best.budget + growth.first:
            return False
        self.entry.ended = "patience"
        return True

    def _is_late(self) -> bool:
        """Whether time is up. What has not been scored on all folds by then is given up, unless
        it is all there is."""
        if time.monotonic() < self.objective.deadline:
            return False
        self.entry.ended = "deadline"
        if self.trial.number and len(self.entry.scores) < len(self.objective.work.folds):
            msg = "out of time"
            raise optuna.TrialPruned(msg)
        return True

    def _decide(self, folds: int, budget: float, best: Best) -> None:
        """Where it is due, report the best so far, and end here if the pruner says so."""
        step = self.objective.work.decisions.get((folds, budget))
        if step is None or not self.objective.prunes or self.objective.spared(self.values):
            return
        self.trial.report(best.scores[-1] if self.objective.raw else best.mean, step)
        if self.trial.should_prune():
            self.entry.ended = "pruned"
            msg = f"at decision {step}"
            raise optuna.TrialPruned(msg)

    def _note(self, best: Best) -> None:
        self.entry.scores = best.scores
        self.entry.budget, self.entry.amount = best.budget, best.amount

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
        except self.objective.work.engine.errors as error:
            msg = f"{type(error).__name__}: {error}"
            raise TrialError(msg) from error
