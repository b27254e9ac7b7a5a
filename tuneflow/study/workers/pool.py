"""Where trials run: here one after the other, in processes of this machine, or on a cluster.

A crew is handed trials and hands back what came of them. It never touches the storage: the caller
alone asks, writes and tells, so that any storage will do, also memory, and whoever is killed
leaves nothing half written. Pruners see, wherever they run, what was told before the trial began.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import optuna
from optuna.trial import FrozenTrial

from tuneflow.storage.retry import TOLD_BY_ANOTHER, with_retry
from tuneflow.study.objective import Objective, Outcome, Task


@dataclass(frozen=True)
class Rung:
    """A score that a trial has reached, while it goes on."""

    number: int
    step: int
    score: float


WorkerEvent: TypeAlias = Rung | Outcome


class WorkerPool(Protocol):
    """Whoever runs trials.

    Attributes:
        size: How many at a time.
    """

    size: int

    def start(self, task: Task, trial: optuna.Trial, seen: Sequence[FrozenTrial]) -> None:
        """Begin a trial; `seen` are those that had ended before, oldest first."""

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What has happened, after so many seconds at most."""

    def close(self) -> None:
        """Give up what is still running."""


class InProcess:
    """Trials run in this process, one after the other."""

    size = 1

    def __init__(self, objective: Objective) -> None:
        self._objective = objective
        self._news: list[WorkerEvent] = []

    def start(self, task: Task, trial: optuna.Trial, seen: Sequence[FrozenTrial]) -> None:
        """Run a trial to its end; it reports to the study by itself."""
        self._news.append(self._objective(task, _Judge(trial)))

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What came of it, at once."""
        news, self._news = self._news, []
        return news

    def close(self) -> None:
        """Nothing is running."""


@dataclass(frozen=True)
class _Judge:
    """A trial of the study itself: its storage may be away for a while, and another call, that
    took this one for dead, may have told it."""

    trial: optuna.Trial

    def report(self, value: float, step: int) -> None:
        with TOLD_BY_ANOTHER:
            with_retry(lambda: self.trial.report(value, step))

    def should_prune(self) -> bool:
        with TOLD_BY_ANOTHER:
            return with_retry(self.trial.should_prune)
        return True
