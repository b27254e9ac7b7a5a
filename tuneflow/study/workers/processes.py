"""Trials in processes of this machine: each with one thread, and each can be replaced."""

from __future__ import annotations

import atexit
import math
import os
import pickle
import signal
import tempfile
import threading
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

import optuna
import psutil
from loky.backend import get_context
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from tuneflow.errors import StudyError
from tuneflow.storage.records import TrialRecord
from tuneflow.study.objective import Objective, Outcome, Task
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.study.workers.pool import Rung, WorkerEvent
from tuneflow.study.workers.remote import Payload, TrialRequest, WorkerContext

#: Set before the libraries are loaded: a second thread on a busy core makes fits much slower.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")
}
IDLE = 300  # seconds after which a process without work ends; starting one takes seconds
BEGUN = "begun"
TRIES = 2  # a trial whose process died is begun once more

_idle: list[Worker] = []


class Worker:
    """A process that runs trials, and its end of the line to it."""

    def __init__(self) -> None:
        context: Any = get_context("loky")  # starts without importing the caller's script
        self.line, far = context.Pipe()
        self.process = context.Process(target=_serve, args=(far,), env=ONE_THREAD, daemon=True)
        self.process.start()
        far.close()
        self.task: Task | None = None
        self.since = math.inf  # when it began with a trial; its own start does not count
        self._parcel = ""
        self._told = 0

    def begin(self, task: Task, parcel: Payload, seen: Sequence[FrozenTrial], anew: bool) -> None:
        """Hand over a trial, and what has ended since the last one; or all of it, anew."""
        self.task, self.since = task, math.inf
        fresh = parcel.key != self._parcel
        told = 0 if fresh or anew else self._told
        self._parcel, self._told = parcel.key, max(len(seen), told)
        order = TrialRequest.of(task, seen[told:], anew=anew)
        try:
            self.line.send((parcel if fresh else None, order))
        except OSError:  # it has died; whoever waits for it finds out
            return

    def end(self) -> None:
        """Put an end to it, whatever it does."""
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self.process.pid).kill()
        self.process.join()
        self.line.close()


class Processes:
    """A crew of processes.

    Args:
        objective: What a trial does.
        study: The study that it belongs to.
        size: How many run at a time.
        patience: Seconds after which a trial is given up; None for no limit.
        anew: Whether a pruner may see nothing but what had been told when its trial was asked.
    """

    def __init__(
        self,
        objective: Objective,
        study: optuna.Study,
        size: int,
        patience: float | None,
        anew: bool,
    ) -> None:
        self.size = size
        self._patience, self._anew = patience, anew
        self._folder = tempfile.TemporaryDirectory(prefix="tuneflow-", ignore_cleanup_errors=True)
        self._parcel = Payload.of(objective, study, Path(self._folder.name, "table.npy"))
        self._workers: list[Worker] = []
        self._tries: dict[int, int] = {}
        self._seen: dict[int, Sequence[FrozenTrial]] = {}

    def start(self, task: Task, trial: optuna.Trial, seen: Sequence[FrozenTrial]) -> None:
        """Begin a trial in a process that is free."""
        self._seen[task.number] = seen
        self._begin(task)

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What the processes tell, those that died or took too long included."""
        busy = {worker.line: worker for worker in self._workers if worker.task}
        ready = wait(list(busy), max(0.0, min(seconds, self._next_to_lose_patience())))
        news = [self._hear(busy[line]) for line in ready]
        late = [self._give_up(worker) for worker in self._workers if self._is_late(worker)]
        return [item for item in (*news, *late) if item]

    def close(self) -> None:
        """Keep processes that are free for the next call, end the others."""
        for worker in self._workers:
            if worker.task:
                worker.end()
            else:
                _idle.append(worker)
        self._folder.cleanup()

    def _begin(self, task: Task) -> None:
        self._tries[task.number] = self._tries.get(task.number, 0) + 1
        while len(self._workers) < self.size:  # all before one is waited for
            self._workers.append(_hire())
        free = next(worker for worker in self._workers if not worker.task)
        free.begin(task, self._parcel, self._seen[task.number], self._anew)

    def _hear(self, worker: Worker) -> WorkerEvent | None:
        task = worker.task
        assert task
        try:
            said = worker.line.recv()
        except (EOFError, OSError, pickle.UnpicklingError):
            return self._lost(worker, task)
        if isinstance(said, BaseException):
            self._dismiss(worker)
            raise StudyError(f"n_jobs: a worker could not begin. {said!r}") from said
        if said == BEGUN:
            worker.since = time.monotonic()
            return None
        if isinstance(said, Outcome):
            worker.task = None
            del self._seen[task.number], self._tries[task.number]
        return said  # type: ignore[no-any-return]

    def _lost(self, worker: Worker, task: Task) -> Outcome | None:
        """Begin the trial again, unless that was the last try."""
        worker.process.join()
        code = worker.process.exitcode or 0
        self._dismiss(worker)
        if self._tries[task.number] < TRIES:
            self._begin(task)
            return None
        name = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return Outcome(
            task.number, TrialRecord(ended="crashed", error=f"its process died: {name}")
        )

    def _is_late(self, worker: Worker) -> bool:
        limit = self._patience
        return bool(limit and worker.task and time.monotonic() - worker.since >= limit)

    def _next_to_lose_patience(self) -> float:
        if self._patience is None:
            return math.inf
        begun = [worker.since for worker in self._workers if worker.task]
        return min(begun, default=math.inf) + self._patience - time.monotonic()

    def _give_up(self, worker: Worker) -> Outcome:
        assert worker.task
        number = worker.task.number
        self._dismiss(worker)
        error = f"it took longer than trial_timeout, {self._patience:g} s"
        return Outcome(number, TrialRecord(ended="timeout", error=error))

    def _dismiss(self, worker: Worker) -> None:
        worker.end()
        self._workers.remove(worker)


def _hire() -> Worker:
    """A process that an earlier call has left, or a new one."""
    while _idle:
        worker = _idle.pop()
        if worker.process.is_alive():
            return worker
        worker.end()
    return Worker()


if hasattr(os, "register_at_fork"):  # a copy of this process has no claim on its workers
    os.register_at_fork(after_in_child=_idle.clear)


@atexit.register
def _end_all() -> None:
    while _idle:
        _idle.pop().end()


# ---------- the other end of the line ----------


def _serve(line: Connection[Any, Any]) -> None:
    """Run trials until the caller is gone, or has had no work for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides what Ctrl-C means
    threading.Thread(target=_end_with_the_caller, args=(os.getppid(),), daemon=True).start()
    with suppress(OSError, EOFError), suppress_warnings():  # the line has ended
        _work(line)


def _work(line: Connection[Any, Any]) -> None:
    site: WorkerContext | None = None
    while line.poll(IDLE):
        parcel, order = line.recv()
        order = replace(order, seconds=order.task.deadline - time.monotonic())  # one clock
        if parcel:
            try:
                site = parcel.open()
            except Exception as error:  # noqa: BLE001 -- the caller raises it
                line.send(_sendable(error))
                return
        assert site
        line.send(BEGUN)
        with threadpool_limits(1):
            outcome = site.run(order, _teller(line, order.task.number))
        line.send(replace(outcome, error=_sendable(outcome.error)))


def _teller(line: Connection[Any, Any], number: int) -> Any:
    return lambda step, score: line.send(Rung(number, step, score))


def _end_with_the_caller(caller: int) -> None:
    """A caller that was killed cannot say so."""
    while os.getppid() == caller:
        time.sleep(1)
    os._exit(1)


def _sendable(error: BaseException | None) -> BaseException | None:
    """The error with where it happened, in a form that the caller can read."""
    if error is None:
        return None
    where = "".join(traceback.format_exception(error))
    error.add_note(f"in a worker process:\n{where}")
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001 -- an exception may refuse to be copied in any way
        return RuntimeError(where)
    return error
