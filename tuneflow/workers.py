"""Where trials run: here, one after the other."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import optuna
from optuna.exceptions import ExperimentalWarning
from sklearn.exceptions import ConvergenceWarning, UndefinedMetricWarning
from threadpoolctl import threadpool_limits
from tqdm import TqdmWarning, tqdm

from tuneflow.errors import TrialError
from tuneflow.objective import Objective
from tuneflow.refine import Refinement
from tuneflow.reporting.screen import notebook
from tuneflow.search import Search
from tuneflow.space import Params

Callback: TypeAlias = Callable[[optuna.Study, optuna.trial.FrozenTrial], None]


@dataclass
class Run:
    """One call's share of a study.

    Attributes:
        study: Where trials go.
        objective: What a trial does.
        search: Where points come from.
        refinement: How the rate is held and lowered at the end; None if it is not.
        queue: Points to try before the sampler is asked, in order.
        done: Trials that were finished by earlier calls, and so far.
        total: Trials to be finished in all; None if only time or the grid ends the run.
        started: When the call began, in seconds of `time.monotonic`.
        callbacks: Called with the study and each finished trial.
        progress: Whether to show a bar.
        default: Score of the defaults, as soon as it is known.
    """

    study: optuna.Study
    objective: Objective
    search: Search
    refinement: Refinement | None
    queue: list[Params]
    done: int
    total: int | None
    started: float
    callbacks: Sequence[Callback]
    progress: bool
    default: float | None = None
    best: float | None = field(default=None, init=False)

    def here(self) -> None:
        """Run trials in this process, with one thread a model.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was finished is in the study.
        """
        left = None if self.total is None else max(0, self.total - self.done)
        if left == 0 or (self.search.finite and not self.queue):
            return
        seconds = self.objective.deadline - time.monotonic()
        with _quietly(), threadpool_limits(1), self._bar() as self._shown:
            sampler = self.search.sampled()
            self.study.sampler = self.refinement.held(sampler) if self.refinement else sampler
            self._next()
            self.study.optimize(
                self.objective,
                n_trials=left,
                timeout=max(0.0, seconds) if seconds < float("inf") else None,
                catch=(TrialError,),
                callbacks=[self._after, *self.callbacks],
            )

    def _next(self) -> None:
        """Line up what is not for the sampler to choose."""
        if point := self._refined() or (self.queue.pop(0) if self.queue else None):
            self.study.enqueue_trial(point)

    def _refined(self) -> Params | None:
        """The best configuration at a lower rate, if it is time for that."""
        refinement, deadline = self.refinement, self.objective.deadline
        if not refinement or not refinement.is_due(self.done, self.total, self.started, deadline):
            return None
        trials = self.study.get_trials(deepcopy=False)
        return refinement.next(trials, deadline - time.monotonic())

    def _after(self, study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        self._show(trial)
        if self.search.finite and not self.queue:
            study.stop()
            return
        self.done += 1
        if self.done != self.total and time.monotonic() < self.objective.deadline:
            self._next()

    def _show(self, trial: optuna.trial.FrozenTrial) -> None:
        if trial.state == optuna.trial.TrialState.COMPLETE and trial.value is not None:
            self.default = trial.value if self.default is None else self.default
            self.best = max(trial.value, self.default if self.best is None else self.best)
        told: dict[str, Any] = {"best": _short(self.best), "defaults": _short(self.default)}
        left = self.objective.deadline - time.monotonic()
        if left < float("inf"):
            told["left"] = f"{max(0.0, left):.0f}s"
        self._shown.set_postfix(told, refresh=False)
        self._shown.update()

    def _bar(self) -> tqdm[Any]:
        total = self.total
        if self.search.finite:  # the grid may end before the trials do
            points = self.done + len(self.queue)
            total = points if total is None else min(total, points)
        wanted = self.progress and (sys.stderr.isatty() or notebook() is not None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # no ipywidgets: a bar of text will do
            from tqdm.auto import tqdm
        return tqdm(total=total, initial=self.done, desc="trials", unit="", disable=not wanted)


@contextmanager
def _quietly() -> Iterator[None]:
    """Optuna's log and warnings that say nothing new stay out of the way, for this run only."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            for kind in (ConvergenceWarning, UndefinedMetricWarning, ExperimentalWarning):
                warnings.simplefilter("ignore", kind)
            warnings.simplefilter("ignore", RuntimeWarning)  # overflow in a bad configuration
            yield
    finally:
        optuna.logging.set_verbosity(before)


def _short(score: float | None) -> str:
    return "-" if score is None else f"{score:.5g}"
