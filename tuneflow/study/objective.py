"""One trial: a configuration climbs the rungs of its recipe, on the same folds as all others.

At each rung the folds that take part grow to a budget (rounds, trees, epochs or rows) and are
scored. Where a decision is due, the mean score is reported to the pruner, which may end the trial
there (`_TrialRun.report_and_prune`). A trial also ends at the deadline, or when its score has not
improved for a while. The best rung so far is what is recorded.
"""

import math
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from statistics import fmean
from typing import Any, TypeAlias

from optuna.trial import TrialState

from tuneflow.errors import StorageError, TrialError, TuneflowError
from tuneflow.models.engine import Learner
from tuneflow.recipe.space import Params
from tuneflow.storage.records import TrialRecord
from tuneflow.study.evaluation import Evaluation


@dataclass
class Rung:
    """A rung that was reached: the score of each fold, and what was spent on it."""

    budget: float = 0.0
    scores: list[float] = field(default_factory=list)
    amount: int = 0

    @property
    def mean(self) -> float:
        """Mean score of the folds; minus infinity before the first rung."""
        return fmean(self.scores) if self.scores else -math.inf


@dataclass(frozen=True)
class TrialSpec:
    """A trial to be run.

    Attributes:
        number: Its number in the study.
        values: The point of the space.
        deadline: When growing has to stop, in seconds of `time.monotonic`.
    """

    number: int
    values: Params
    deadline: float = math.inf


#: Takes a step and the score that a trial has reached there, and says whether to prune the trial.
Pruner: TypeAlias = Callable[[int, float], bool]


@dataclass(frozen=True)
class IntermediateScore:
    """A score that a trial has reached, while it goes on."""

    number: int
    step: int
    score: float


@dataclass
class Outcome:
    """What became of a trial.

    Attributes:
        number: Its number.
        record: What it did and why it ended.
        error: What stops the study; None if nothing does.
        steps: Scores by step, as far as nobody has written them to the study.
        attrs: What the pruner has noted on it, as far as nobody has written it to the study.
    """

    number: int
    record: TrialRecord
    error: BaseException | None = None
    steps: dict[int, float] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


#: What a worker reports.
WorkerEvent: TypeAlias = IntermediateScore | Outcome


def state_and_value(
    record: TrialRecord, number: int, folds: int
) -> tuple[TrialState, float | None]:
    """State and value, as Optuna wants them, of a trial that has ended.

    A trial that the deadline has ended counts as pruned, unless it has a score on all folds or is
    the first one, which may be all there is.
    """
    is_usable = bool(record.scores) and (len(record.scores) == folds or not number)
    if record.ended in ("complete", "patience") or (record.ended == "deadline" and is_usable):
        return TrialState.COMPLETE, fmean(record.scores)
    is_pruned = record.ended in ("pruned", "deadline")
    return TrialState.PRUNED if is_pruned else TrialState.FAIL, None


def _ends_study(error: BaseException) -> bool:
    """Whether an error is about more than one trial: an interruption, what tuneflow refuses on
    purpose, or a mistake of its own. Whatever else a model or a metric raises fails the trial."""
    if isinstance(error, TuneflowError) or not isinstance(error, Exception):
        return not isinstance(error, TrialError)
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    is_ours = frame.f_globals.get("__name__", "").split(".")[0] == "tuneflow"
    return is_ours and isinstance(error, AttributeError | NameError | AssertionError)


class _EndedEarlyError(Exception):
    """A trial ends before its last rung; its record says why."""


@dataclass(frozen=True)
class Objective:
    """What a trial does, wherever it runs.

    Attributes:
        evaluation: What all trials share.
        reports_each_fold: Report the score of the last fold, instead of the mean over all so far.
        prunes: Whether rungs decide anything; where none does, none is written to the storage.
        needs_gradients: Whether the sampler wants the gradient of the loss of complete trials.
    """

    evaluation: Evaluation
    reports_each_fold: bool = False
    prunes: bool = True
    needs_gradients: bool = False

    def __call__(self, spec: TrialSpec, pruner: Pruner) -> Outcome:
        """Run a trial; the record keeps what was spent and why it ended, however it ended."""
        record = TrialRecord()
        outcome = Outcome(spec.number, record)
        evaluation = self.evaluation.at(spec.values)
        try:
            arguments = cache(evaluation.arguments(spec.values))
            _TrialRun(self, evaluation, spec, pruner, record, arguments).run()
        except _EndedEarlyError:
            pass
        except BaseException as error:  # noqa: BLE001 -- the caller raises it, when it is written
            is_interrupted = isinstance(error, KeyboardInterrupt | StorageError)
            record.ended = "interrupted" if is_interrupted else "failed"
            record.error = f"{type(error).__name__}: {error}"
            if _ends_study(error):
                recipe = self.evaluation.recipe.name
                error.add_note(f"recipe {recipe}, trial {spec.number}, {spec.values}")
                outcome.error = error
        if not self.evaluation.shares_rows(evaluation.recipe):
            evaluation.forget_folds()  # nobody else can use them
        return outcome


@dataclass
class _TrialRun:
    """One configuration on its way up the rungs."""

    objective: Objective
    evaluation: Evaluation
    spec: TrialSpec
    pruner: Pruner
    record: TrialRecord
    arguments: Callable[[int], Params]
    learners: dict[int, Learner] = field(default_factory=dict)
    scores: dict[tuple[int, float], tuple[float, ...]] = field(default_factory=dict)

    def run(self) -> None:
        """Take in more folds, stage by stage; earlier ones keep what they have grown. A sampler
        that wants it gets the mean loss over all folds, and its gradient in the scale of the
        space."""
        evaluation = self.evaluation
        for folds in evaluation.stages:
            best = self.grow(folds)
            if folds < len(evaluation.folds) and self.is_late():
                break
            self.report_and_prune(folds, evaluation.budgets[-1], best)
        if (
            self.objective.needs_gradients
            and self.spec.values
            and len(self.record.scores) == len(evaluation.folds)
        ):
            with self.timed("seconds_fit"):
                at = self.spec.values, self.record.budget
                slopes = [evaluation.slope(*each, *at) for each in self.learners.items()]
            self.record.loss, names = fmean(slope.loss for slope in slopes), slopes[0].by
            self.record.gradient = {n: fmean(slope.by[n] for slope in slopes) for n in names}

    def grow(self, folds: int) -> Rung:
        """Grow so many folds together, rung by rung; the best rung of them."""
        evaluation, growth, best = self.evaluation, self.evaluation.growth, Rung()
        for budget in evaluation.budgets:
            rung = self.reach(folds, budget)
            if not rung.scores:
                break
            self.record.curve.append((folds, budget, rung.mean))
            best = rung if not growth.patience or rung.mean > best.mean else best
            is_last = budget == evaluation.budgets[-1]
            if growth.patience and budget >= growth.patience * best.budget + growth.first:
                self.record.ended, is_last = "patience", True  # the best lies so far below
            if is_last or budget >= self.record.budget:  # more folds are less until they catch up
                self.keep(best)
            if is_last:
                break
            self.report_and_prune(folds, budget, best)
        return best

    def reach(self, folds: int, budget: float) -> Rung:
        """Grow the folds to a budget and score them; nothing, if time ran out on the way."""
        amounts = []
        for fold in range(folds):  # all before one grows: binning rows takes them twice
            if self.is_over():
                return Rung()
            if fold not in self.learners:
                with self.timed("seconds_fit"):
                    self.learners[fold] = self.evaluation.learner(fold, self.arguments)
        for fold in range(folds):
            if self.is_over():
                return Rung()
            rows = len(self.evaluation.folds[fold].train)
            amounts.append(self.evaluation.growth.amount(budget, self.arguments(rows), rows))
            if (fold, budget) in self.scores:
                continue
            with self.timed("seconds_fit"):
                self.learners[fold].grow(amounts[-1])
            with self.timed("seconds_score"):
                self.scores[fold, budget] = self.evaluation.score(fold, self.learners[fold])
        scores = [self.scores[fold, budget][0] for fold in range(folds)]
        return Rung(budget, scores, round(fmean(amounts)))

    def report_and_prune(self, folds: int, budget: float, best: Rung) -> None:
        """Where a decision is due, report the best rung so far, and end here if the pruner says
        so; the baseline is never pruned, since all is compared with it. One that grows in another
        way has no score that could be compared on the way."""
        evaluation = self.objective.evaluation
        step = evaluation.decisions.get((folds, budget))
        is_unlike = self.evaluation.growth != evaluation.growth
        if step is None or is_unlike or not self.objective.prunes:
            return
        score = best.scores[-1] if self.objective.reports_each_fold else best.mean
        is_baseline = self.spec.values == evaluation.baseline_point
        if self.pruner(step, score) and not is_baseline:
            self.record.ended = "pruned"
            raise _EndedEarlyError

    def is_over(self) -> bool:
        """Whether time is up; the first trial goes on until it has a score."""
        return bool(self.spec.number or self.record.scores) and self.is_late()

    def is_late(self) -> bool:
        """Whether time is up; that ends a trial here which has not been scored on all folds,
        unless it is the first one."""
        if time.monotonic() < self.spec.deadline:
            return False
        self.record.ended = "deadline"
        if self.spec.number and len(self.record.scores) < len(self.evaluation.folds):
            raise _EndedEarlyError
        return True

    def keep(self, rung: Rung) -> None:
        """Record a rung as the best one."""
        self.record.scores, self.record.budget = rung.scores, rung.budget
        self.record.amount = rung.amount
        for place, metric in enumerate(self.evaluation.also, start=1):
            scores = [self.scores[fold, rung.budget][place] for fold in range(len(rung.scores))]
            self.record.also[metric.name] = scores

    @contextmanager
    def timed(self, column: str) -> Iterator[None]:
        """Add the seconds that this takes to a column of the record."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = getattr(self.record, column) + time.perf_counter() - started
            setattr(self.record, column, spent)
