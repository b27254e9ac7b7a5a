"""One trial: a configuration climbs the rungs of its recipe, on the same folds as all others."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
    def stages(self) -> tuple[tuple[int, ...], ...]:
        """Folds that grow together, in order: one after the other, or all in step."""
        every = tuple(range(len(self.folds)))
        return tuple((i,) for i in every) if self.growth.schedule == "folds" else (every,)

    @property
    def budgets(self) -> tuple[float, ...]:
        """The rungs of every stage; fold after fold, they matter only to patience."""
        budgets = self.growth.budgets(self.folds.fewest)
        straight = self.growth.schedule == "folds" and not self.growth.patience
        return budgets[-1:] if straight else budgets

    @property
    def decisions(self) -> int:
        """How often a trial may be given up."""
        inside = len(self.growth.deciding(self.budgets)) if len(self.stages) == 1 else 0
        return inside + len(self.stages) - 1

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
    """The rung that counts, of one stage."""

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
    """

    work: Work
    raw: bool = False
    prunes: bool = True
    deadline: float = math.inf

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
    step: int = 0

    def run(self) -> float:
        work = self.objective.work
        done: list[Best] = []
        for stage in work.stages:
            done.append(self._grow(stage))
            self._note(done)
            if len(done) == len(work.stages) or self._stops_early():
                break
            scores = self.entry.scores
            self._decide(scores[-1] if self.objective.raw else fmean(scores))
        return fmean(self.entry.scores)

    def _grow(self, stage: tuple[int, ...]) -> Best:
        """Grow the folds of a stage together, rung by rung."""
        work, best = self.objective.work, Best()
        arguments = work.arguments(self.values)
        with self._booking("seconds_fit"):
            learners = {at: work.learner(at, arguments) for at in stage}
        for budget in work.budgets:
            rung = self._rung(learners, arguments, budget)
            if not rung.scores:
                break
            self.entry.curve.append((budget, rung.mean))
            best = rung if not work.growth.patience or rung.mean > best.mean else best
            if self._has_peaked(budget, best) or budget == work.budgets[-1]:
                break
            if len(stage) == len(work.folds):
                self._note([best])
                if budget in work.growth.deciding(work.budgets):
                    self._decide(rung.mean)
        return best

    def _rung(
        self, learners: dict[int, Learner], arguments: Callable[[int], Params], budget: float
    ) -> Best:
        """Grow every learner to a budget and score it; nothing, if time ran out on the way."""
        work, scores, amounts = self.objective.work, [], []
        for at, learner in learners.items():
            if len(self.entry.scores) == len(work.folds) and self._is_late():
                return Best()
            rows = len(work.folds[at].train)
            amounts.append(work.growth.amount(budget, arguments(rows), rows))
            with self._booking("seconds_fit"), self._refusals():
                learner.grow(amounts[-1])
            with self._booking("seconds_score"):
                scores.append(work.score(at, learner))
        return Best(budget, scores, round(fmean(amounts)))

    def _has_peaked(self, budget: float, best: Best) -> bool:
        growth = self.objective.work.growth
        if not growth.patience or budget < growth.patience * best.budget + growth.first:
            return False
        self.entry.ended = "patience"
        return True

    def _is_late(self) -> bool:
        if time.monotonic() < self.objective.deadline:
            return False
        self.entry.ended = "deadline"
        return True

    def _stops_early(self) -> bool:
        """Fold after fold, a trial that is out of time is given up, unless it is all there is."""
        if not self._is_late():
            return False
        if self.trial.number == 0:
            return True
        msg = "out of time"
        raise optuna.TrialPruned(msg)

    def _decide(self, score: float) -> None:
        """Report the score, and end here if the pruner says so."""
        if not self.objective.prunes:
            return
        self.step += 1  # steps count decisions, from one: halving reads them as a resource
        self.trial.report(score, self.step)
        if self.trial.should_prune():
            self.entry.ended = "pruned"
            msg = f"at decision {self.step}"
            raise optuna.TrialPruned(msg)

    def _note(self, done: list[Best]) -> None:
        self.entry.scores = [score for best in done for score in best.scores]
        self.entry.budget = fmean(best.budget for best in done)
        self.entry.amount = round(fmean(best.amount for best in done))

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
