"""How many trials run at a time, and where: what a caller asks for becomes a pool of workers.

The simplest pool, this process, stands here; the others are loaded when they are needed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Protocol

import joblib
import optuna
from optuna.trial import FrozenTrial

from tuneflow.errors import SearchError
from tuneflow.storage.retry import ENDED_BY_ANOTHER, with_retry
from tuneflow.study.objective import Objective, TrialSpec, WorkerEvent


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
        """Run a trial to its end; it reports to the study by itself.

        The storage may be away for a while; and another call may have taken this one for dead and
        have told the trial, which then ends here.
        """

        def report_and_ask(step: int, score: float) -> bool:
            with ENDED_BY_ANOTHER:
                with_retry(lambda: trial.report(score, step))
                return with_retry(trial.should_prune)
            return True

        self._events.append(self._objective(spec, report_and_ask))

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What became of it, at once."""
        events, self._events = self._events, []
        return events

    def close(self) -> None:
        """Nothing is running."""


@dataclass(frozen=True)
class Workers:
    """How many trials run at a time, and where.

    Attributes:
        n_jobs: Trials at a time, each in a process with one thread; -1 for one a core. None for
            one, in this process; with a backend, for as many as it has workers.
        backend: Where trials run: ``dask`` inside a Dask client, ``ray`` inside Ray, a backend of
            joblib's, or an executor of :mod:`concurrent.futures`; None for this machine.
        trial_timeout: Seconds after which a trial is ended, and its process replaced.
        reproducible: Record parallel trials in the order in which they began, so that the same
            call with the same `n_jobs` gives the same study; workers wait for each other at times.
            Not with `timeout`, nor after trials that were lost. One trial at a time always is.

    >>> import tuneflow as tf
    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> workers = tf.Workers(2, backend="threading", reproducible=True)
    >>> len(tf.tune(X, y, "knn", n_trials=4, n_jobs=workers).study.trials)
    4
    """

    n_jobs: int | None = None
    backend: str | Executor | None = None
    trial_timeout: float | None = None
    reproducible: bool = False

    @classmethod
    def of(cls, n_jobs: int | Workers | None) -> Workers:
        """What was given as `n_jobs`: a number of trials at a time, or all of this already."""
        return n_jobs if isinstance(n_jobs, Workers) else cls(n_jobs)

    def __post_init__(self) -> None:
        jobs, limit = self.n_jobs, self.trial_timeout
        if jobs is not None and (isinstance(jobs, bool) or not (jobs == -1 or jobs >= 1)):
            raise SearchError(f"n_jobs: trials at a time, or -1 for all cores; got {jobs!r}.")
        if limit is not None and not limit > 0:
            raise SearchError(f"trial_timeout: seconds above zero are needed; got {limit!r}.")
        if limit is not None and self.backend is not None:
            raise SearchError(
                "trial_timeout: only processes of this machine can be ended; got backend "
                f"{self.backend!r}. Leave one of them out."
            )

    def pool(self, objective: Objective, study: optuna.Study) -> WorkerPool:
        """Whoever runs the trials of a study."""
        if self.backend is not None:
            from tuneflow.study.workers.executors import Executors

            size = None if self.n_jobs == -1 else self.n_jobs
            return Executors(objective, study, self.backend, size)
        jobs = joblib.cpu_count() if self.n_jobs == -1 else self.n_jobs or 1
        if jobs == 1 and self.trial_timeout is None:
            return InProcess(objective)
        from tuneflow.study.workers.processes import Processes

        limit = math.inf if self.trial_timeout is None else self.trial_timeout
        return Processes(objective, study, jobs, limit, self.reproducible)
