"""Trials on executors of `concurrent.futures`: any one, or that of Dask, Ray or joblib."""

import threading
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from importlib import import_module
from typing import Any, TypeAlias

import joblib
import optuna
from joblib.parallel import BACKENDS
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from tuneflow.errors import MissingExtra, SearchError, did_you_mean
from tuneflow.storage.records import TrialRecord
from tuneflow.study.objective import Objective, Outcome, TrialSpec, WorkerEvent
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.study.workers.remote import EndedTrial, Payload, WorkerContext, ended_trials

#: What clusters raise for a task whose worker died, again and again.
WORKER_DIED = ("KilledWorker", "WorkerCrashedError", "NodeDiedError", "OutOfMemoryError")
RETRIES = 2  # of a task whose worker died

_contexts: dict[str, WorkerContext] = {}  # of this process: the payload that was used last
_unpacking = threading.Lock()


class Executors:
    """A pool of workers behind an executor.

    Args:
        objective: What a trial does.
        study: The study that it belongs to.
        backend: A word, or an executor of :mod:`concurrent.futures`.
        size: How many trials run at a time; None for as many as there are workers.
    """

    def __init__(
        self, objective: Objective, study: optuna.Study, backend: str | Executor, size: int | None
    ) -> None:
        self._executor, workers, send = _open_executor(backend, size)
        self.size = size or workers
        self._payload = send(Payload.of(objective, study))
        self._numbers: dict[Future[Outcome], int] = {}

    def start(self, spec: TrialSpec, trial: optuna.Trial, ended: Sequence[FrozenTrial]) -> None:
        """Submit a trial, with all that a pruner may ask."""
        spec = replace(spec, deadline=spec.deadline - time.monotonic())  # clocks differ
        future = self._executor.submit(run_remotely, self._payload, spec, ended_trials(ended))
        self._numbers[future] = spec.number

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What became of trials that have ended."""
        done = wait(self._numbers, seconds, FIRST_COMPLETED).done
        return [_outcome(future, self._numbers.pop(future)) for future in done]

    def close(self) -> None:
        """Cancel what has not begun; what is running ends by itself, and nobody listens."""
        for future in self._numbers:
            future.cancel()
        if isinstance(self._executor, _JoblibExecutor):
            self._executor.shutdown(wait=False)


def run_remotely(payload: Payload, spec: TrialSpec, ended: list[EndedTrial]) -> Outcome:
    """Run a trial in whatever process this is; folds are kept for the next one.

    Args:
        payload: What all trials share.
        spec: The trial; its deadline is in seconds from now.
        ended: Trials that its pruner may see.
    """
    spec = replace(spec, deadline=time.monotonic() + spec.deadline)
    with threadpool_limits(1), suppress_warnings():
        with _unpacking:
            if payload.key not in _contexts:
                _contexts.clear()
                _contexts[payload.key] = payload.open()
            context = _contexts[payload.key]
        return context.run(None, spec, ended, anew=True)


def _outcome(future: Future[Outcome], number: int) -> Outcome:
    error = KeyboardInterrupt() if future.cancelled() else future.exception()
    if error is None:
        return future.result()
    if type(error).__name__ in WORKER_DIED:
        message = f"{type(error).__name__}: {error}"
        return Outcome(number, TrialRecord(ended="crashed", error=message))
    return Outcome(number, TrialRecord(ended="interrupted"), error=error)


#: An executor, its number of workers, and how a payload is sent to all of them once.
Opened: TypeAlias = tuple[Executor, int, Callable[[Payload], Any]]


def _open_executor(backend: str | Executor, size: int | None) -> Opened:
    if isinstance(backend, Executor):
        return backend, getattr(backend, "_max_workers", 1), lambda payload: payload
    if backend in CLUSTERS:
        package, connect = CLUSTERS[backend]
        try:
            module = import_module(package)
        except ImportError as error:
            message = f"backend: {backend!r} needs {package}. Install it: pip install {package}"
            raise MissingExtra(message) from error
        return connect(module)
    if backend not in BACKENDS:
        hint = did_you_mean(backend, [*CLUSTERS, *BACKENDS])
        raise SearchError(f"backend: one that is there is needed; got {backend!r}. {hint}")
    with joblib.parallel_config(backend=backend):
        workers = size or joblib.effective_n_jobs(-1)
    return _JoblibExecutor(backend, workers), workers, lambda payload: payload


def _dask(distributed: Any) -> Opened:
    try:
        client = distributed.get_client()
    except ValueError as error:
        raise SearchError(
            "backend: 'dask' needs a client; got none. Make one before: Client(address)"
        ) from error

    def send(payload: Payload) -> Any:
        """As a task, not scattered: what all its holders took with them is then made again."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return client.submit(replace, payload, pure=False)  # replaces nothing

    workers = sum(client.ncores().values())
    return client.get_executor(pure=False, retries=RETRIES), max(1, workers), send


def _ray(ray: Any) -> Opened:
    if not ray.is_initialized():
        raise SearchError(
            "backend: 'ray' needs a connection; got none. Make one before: ray.init()"
        )
    return _RayExecutor(ray), max(1, int(ray.cluster_resources().get("CPU", 1))), ray.put


#: Clusters by word: the package of each, and what connects to it.
CLUSTERS: dict[str, tuple[str, Callable[[Any], Opened]]] = {
    "dask": ("distributed", _dask),
    "ray": ("ray", _ray),
}


class _RayExecutor(Executor):
    """Ray's tasks as an executor."""

    def __init__(self, ray: Any) -> None:
        self._task = ray.remote(max_retries=RETRIES)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Any:
        return self._task(fn).remote(*args, **kwargs).future()


class _JoblibExecutor(ThreadPoolExecutor):
    """A backend of joblib's as an executor: each thread waits for one call at a time."""

    def __init__(self, backend: str, size: int) -> None:
        super().__init__(size)
        self._backend, self._size, self._opening = backend, size, threading.Lock()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return super().submit(self._call, joblib.delayed(fn)(*args, **kwargs))

    def _call(self, call: Any) -> Any:
        with ExitStack() as stack:
            with self._opening:  # threads share joblib's processes
                parallel = stack.enter_context(joblib.Parallel(self._size, backend=self._backend))
            return parallel([call])[0]
