"""How many trials run at a time, and where: what a caller asks for becomes a crew."""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass

import joblib
import optuna

from tuneflow.errors import SearchError
from tuneflow.objective import Objective
from tuneflow.workers import Crew, Here


@dataclass(frozen=True)
class Hands:
    """How trials are run.

    Attributes:
        n_jobs: How many at a time; None for one here, or all workers of a backend; -1 for one a
            core.
        backend: An engine that is there already; None for this machine.
        trial_timeout: Seconds after which a trial is given up, whatever it does.
        reproducible: Whether the same call has to give the same study, also in parallel.
    """

    n_jobs: int | None = None
    backend: str | Executor | None = None
    trial_timeout: float | None = None
    reproducible: bool = False

    def __post_init__(self) -> None:
        jobs, limit = self.n_jobs, self.trial_timeout
        if jobs is not None and (isinstance(jobs, bool) or not (jobs == -1 or jobs >= 1)):
            msg = f"n_jobs: a number of trials at a time, or -1 for all cores; got {jobs!r}."
            raise SearchError(msg)
        if limit is not None and not limit > 0:
            msg = f"trial_timeout: seconds above zero are needed; got {limit!r}."
            raise SearchError(msg)
        if limit is not None and self.backend is not None:
            msg = (
                "trial_timeout: only processes of this machine can be ended; got backend "
                f"{self.backend!r}. Leave one of them out."
            )
            raise SearchError(msg)

    def crew(self, objective: Objective, study: optuna.Study) -> Crew:
        """Whoever runs the trials of a study."""
        size = joblib.cpu_count() if self.n_jobs == -1 else self.n_jobs
        if self.backend is not None:
            from tuneflow.workers.executors import Executors

            workers = None if self.n_jobs == -1 else size
            return Executors(objective, study, self.backend, workers)
        if (size or 1) == 1 and self.trial_timeout is None:
            return Here(objective)
        from tuneflow.workers.processes import Processes

        return Processes(objective, study, size or 1, self.trial_timeout, self.reproducible)
