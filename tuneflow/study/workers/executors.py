"""Trials on an engine that is there already: Dask, Ray, joblib's backends, any executor."""

from __future__ import annotations

import queue
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from typing import Any, TypeAlias

import optuna
from optuna.trial import FrozenTrial

from tuneflow.errors import MissingExtra, SearchError, did_you_mean
from tuneflow.storage.records import TrialRecord
from tuneflow.study.objective import Objective, Outcome, Task
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.study.workers.pool import WorkerEvent
from tuneflow.study.workers.remote import Payload, TrialRequest, WorkerContext

#: What engines raise for a task whose worker died, again and again.
LOST = ("KilledWorker", "WorkerCrashedError", "NodeDiedError", "OutOfMemoryError")

_sites: dict[str, WorkerContext] = {}
_unpacking = threading.Lock()


class Executors:
    """A crew of workers behind an executor.

    Args:
        objective: What a trial does.
        study: The study that it belongs to.
        backend: A word, or an executor of :mod:`concurrent.futures`.
        size: How many trials run at a time; None for as many as there are workers.
    """

    def __init__(
        self, objective: Objective, study: optuna.Study, backend: str | Executor, size: int | None
    ) -> None:
        self._executor, workers, ship = _engine(backend, size)
        self.size = size or workers
        self._parcel = ship(Payload.of(objective, study))
        self._running: dict[Future[Outcome], int] = {}

    def start(self, task: Task, trial: optuna.Trial, seen: Sequence[FrozenTrial]) -> None:
        """Submit a trial, with all that a pruner may ask."""
        future = self._executor.submit(
            run_away, self._parcel, TrialRequest.of(task, seen, anew=True)
        )
        self._running[future] = task.number

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What came of trials that have ended."""
        limit = None if seconds == float("inf") else seconds
        done, _ = wait(self._running, limit, FIRST_COMPLETED)
        return [_outcome(future, self._running.pop(future)) for future in done]

    def close(self) -> None:
        """Cancel what has not begun; what is running ends by itself, unheard."""
        for future in self._running:
            future.cancel()
        if isinstance(self._executor, _Joblib):
            self._executor.shutdown()


def run_away(parcel: Payload, order: TrialRequest) -> Outcome:
    """Run a trial in whatever process this is; folds are kept for the next one."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), suppress_warnings():
        with _unpacking:
            if parcel.key not in _sites:
                _sites.clear()
                _sites[parcel.key] = parcel.open()
            site = _sites[parcel.key]
        return site.run(order)


def _outcome(future: Future[Outcome], number: int) -> Outcome:
    if future.cancelled():
        return Outcome(number, TrialRecord(ended="interrupted"), error=KeyboardInterrupt())
    error = future.exception()
    if error is None:
        return future.result()
    if type(error).__name__ in LOST:
        return Outcome(
            number, TrialRecord(ended="crashed", error=f"{type(error).__name__}: {error}")
        )
    return Outcome(number, TrialRecord(ended="interrupted"), error=error)


Ship: TypeAlias = Callable[[Payload], Any]


def _engine(backend: str | Executor, size: int | None) -> tuple[Executor, int, Ship]:
    """The executor, its number of workers, and how a parcel is sent to all of them once."""
    if isinstance(backend, Executor):
        return backend, getattr(backend, "_max_workers", 1), lambda parcel: parcel
    if backend == "dask":
        return _dask()
    if backend == "ray":
        return _ray()
    from joblib.parallel import BACKENDS

    if backend not in BACKENDS:
        names = ["dask", "ray", *BACKENDS]
        raise SearchError(
            f"backend: one that is there is needed; got {backend!r}. {did_you_mean(backend, names)}"
        )
    return _joblib(backend, size)


def _dask() -> tuple[Executor, int, Ship]:
    try:
        from distributed import get_client
    except ImportError as error:
        raise MissingExtra(
            "backend: 'dask' needs distributed. Install it: pip install distributed"
        ) from error
    try:
        client = get_client()
    except ValueError as error:
        raise SearchError(
            "backend: 'dask' needs a client; got none. Make one before: Client(address)"
        ) from error
    workers = sum(client.ncores().values())
    executor: Executor = client.get_executor(pure=False, retries=2)

    def ship(parcel: Payload) -> Any:
        """As a task, not scattered: what all its holders took with them is then made again."""
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Sending large graph", UserWarning)
            return client.submit(_as_it_is, parcel, pure=False)

    return executor, max(1, workers), ship


def _as_it_is(parcel: Payload) -> Payload:
    return parcel


class _Ray(Executor):
    """Ray's tasks as an executor."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        import ray

        future: Future[Any] = ray.remote(max_retries=2)(fn).remote(*args, **kwargs).future()
        return future


def _ray() -> tuple[Executor, int, Ship]:
    try:
        import ray
    except ImportError as error:
        raise MissingExtra("backend: 'ray' needs ray. Install it: pip install ray") from error
    if not ray.is_initialized():
        raise SearchError(
            "backend: 'ray' needs a connection; got none. Make one before: ray.init()"
        )
    return _Ray(), max(1, int(ray.cluster_resources().get("CPU", 1))), ray.put


Call: TypeAlias = tuple[Future[Any], Any]


class _Joblib(Executor):
    """A backend of joblib's as an executor: what has come together is run as one batch."""

    def __init__(self, backend: str, size: int) -> None:
        self._waiting: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._backend, self._size = backend, size
        threading.Thread(target=self._run, daemon=True, name=f"tuneflow on {backend}").start()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        from joblib import delayed

        future: Future[Any] = Future()
        self._waiting.put((future, delayed(fn)(*args, **kwargs)))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """No more calls come."""
        self._waiting.put(None)

    def _run(self) -> None:
        from joblib import Parallel

        with Parallel(n_jobs=self._size, backend=self._backend) as parallel:
            while call := self._waiting.get():
                _run_batch(parallel, [call, *self._at_hand(self._size - 1)])

    def _at_hand(self, most: int) -> Iterator[Call]:
        """What else is there within a moment."""
        for _ in range(most):
            try:
                call = self._waiting.get(timeout=0.05)
            except queue.Empty:
                return
            if call is None:
                self._waiting.put(None)
                return
            yield call


def _run_batch(parallel: Any, batch: list[Call]) -> None:
    wanted = [(f, call) for f, call in batch if f.set_running_or_notify_cancel()]
    try:
        for (future, _), outcome in zip(wanted, parallel(call for _, call in wanted), strict=True):
            future.set_result(outcome)
    except BaseException as error:  # noqa: BLE001 -- whoever asks the future raises it
        for future, _ in wanted:
            if not future.done():
                future.set_exception(error)


def _joblib(backend: str, size: int | None) -> tuple[Executor, int, Ship]:
    from joblib import effective_n_jobs, parallel_config

    with parallel_config(backend=backend):
        workers = size or effective_n_jobs(-1)
    return _Joblib(backend, workers), workers, lambda parcel: parcel
