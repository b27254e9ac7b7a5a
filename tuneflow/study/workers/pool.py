"""What a pool of workers is, and the simplest one: this process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import optuna
from optuna.trial import FrozenTrial

from tuneflow.storage.retry import ENDED_BY_ANOTHER, with_retry
from tuneflow.study.objective import Objective, Outcome, TrialSpec


@dataclass(frozen=True)
class IntermediateScore:
    """A score that a trial has reached, while it goes on."""

    number: int
    step: int
    score: float


WorkerEvent: TypeAlias = IntermediateScore | Outcome


class WorkerPool(Protocol):
    """Who runs trials.

    Pruners see, wherever they run, what had ended before the trial began.

    Attributes:
        size: How many trials at a time.
    """

    size: int

    def start(self, spec: TrialSpec, trial: optuna.Trial, ended: Sequence[FrozenTrial]) -> None:
        """Start a trial; `ended` are those that had ended before, oldest first."""

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What has happened, after so many seconds at most."""

    def close(self) -> None:
        """End what is still running."""


class InProcess:
    """Trials run in this process, one after the other."""

    size = 1

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._events: list[WorkerEvent] = []

    def start(self, spec: TrialSpec, trial: optuna.Trial, ended: Sequence[FrozenTrial]) -> None:
        """Run a trial to its end; it reports to the study by itself."""
        self._events.append(self._objective(spec, _StoredTrial(trial)))

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What became of it, at once."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Nothing is running."""


@dataclass(frozen=True)
class _StoredTrial:
    """A trial of the study itself. Its storage may be away for a while; and another call may have
    taken this one for dead and have told the trial, which then ends here."""

    trial: optuna.Trial

    def report(self, value: float, step: int) -> None:
        with ENDED_BY_ANOTHER:
            with_retry(lambda: self.trial.report(value, step))

    def should_prune(self) -> bool:
        with ENDED_BY_ANOTHER:
            return with_retry(self.trial.should_prune)
        return True
