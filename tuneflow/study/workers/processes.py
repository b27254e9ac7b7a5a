"""Trials in processes of this machine: each with one thread, and each can be replaced.

The caller and each process talk over a pipe. The caller sends a request, with the payload if the
process does not have it yet; the process answers that it has begun, then with every score that is
reported, and in the end with the outcome. A process that dies costs its trial one more try; one
that takes too long is killed. Processes that are free are kept for the next call.
"""

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
from typing import Any, NamedTuple

import optuna
import psutil
from loky.backend import get_context
from optuna.trial import FrozenTrial
from threadpoolctl import threadpool_limits

from tuneflow.errors import StudyError
from tuneflow.storage.records import TrialRecord
from tuneflow.study.objective import Objective, Outcome, TrialSpec, WorkerEvent
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.study.workers.remote import Payload, WorkerContext, ended_trials

#: Set before the libraries are loaded: a second thread on a busy core makes fits much slower.
ONE_THREAD = {
    f"{library}_NUM_THREADS": "1" for library in ("OMP", "OPENBLAS", "MKL", "NUMEXPR", "VECLIB")
}
IDLE_SECONDS = 300  # after which a process without work ends; starting one takes seconds
BEGUN = "begun"
MOST_TRIES = 2  # a trial whose process died is begun once more

_idle: list[Worker] = []


class Attempt(NamedTuple):
    """A trial that a process runs, what had ended before it, and how often it was begun."""

    spec: TrialSpec
    ended: Sequence[FrozenTrial]
    tries: int = 1


class Worker:
    """A process that runs trials, and the caller's end of the pipe to it."""

    def __init__(self) -> None:
        context: Any = get_context("loky")  # starts without importing the caller's script
        self.pipe, far_end = context.Pipe()
        self.process = context.Process(target=_serve, args=(far_end,), env=ONE_THREAD, daemon=True)
        self.process.start()
        far_end.close()
        self.attempt: Attempt | None = None
        self.since = math.inf  # when it began with a trial; its own start does not count
        self._payload_key = ""
        self._known = 0  # trials that its pruner has been told of

    def begin(self, attempt: Attempt, payload: Payload, anew: bool) -> None:
        """Send a trial, and what has ended since the last one; or all of that, anew."""
        self.attempt, self.since = attempt, math.inf
        is_new = payload.key != self._payload_key
        known = 0 if is_new or anew else self._known
        self._payload_key, self._known = payload.key, max(len(attempt.ended), known)
        request = attempt.spec, ended_trials(attempt.ended[known:]), anew
        with suppress(OSError):  # it has died; whoever waits for it finds out
            self.pipe.send((payload if is_new else None, *request))

    def end(self) -> None:
        """Kill it, whatever it does."""
        with suppress(psutil.NoSuchProcess):
            psutil.Process(self.process.pid).kill()
        self.process.join()
        self.pipe.close()


class Processes:
    """A pool of processes.

    Args:
        objective: What a trial does.
        study: The study that it belongs to.
        size: How many run at a time.
        timeout: Seconds after which a trial is ended.
        anew: Whether a pruner may see nothing but what had been told when its trial was asked.
    """

    def __init__(
        self, objective: Objective, study: optuna.Study, size: int, timeout: float, anew: bool
    ) -> None:
        self.size, self._timeout, self._anew = size, timeout, anew
        self._folder = tempfile.TemporaryDirectory(prefix="tuneflow-", ignore_cleanup_errors=True)
        self._payload = Payload.of(objective, study, Path(self._folder.name, "table.npy"))
        self._workers: list[Worker] = []

    def start(self, spec: TrialSpec, trial: optuna.Trial, ended: Sequence[FrozenTrial]) -> None:
        """Begin a trial in a process that is free."""
        self._begin(Attempt(spec, ended))

    def wait(self, seconds: float) -> list[WorkerEvent]:
        """What the processes report, those that died or took too long included."""
        busy = {worker.pipe: worker for worker in self._workers if worker.attempt}
        since = min((worker.since for worker in busy.values()), default=math.inf)
        left = since + self._timeout - time.monotonic()
        ready = wait(list(busy), max(0.0, min(seconds, left)))
        events = [self._receive(busy[pipe]) for pipe in ready]
        late = [w for w in self._workers if time.monotonic() - w.since >= self._timeout]
        error = f"it took longer than trial_timeout, {self._timeout:g} s"
        events += [self._fail(worker, "timeout", error, 1) for worker in late]
        return [event for event in events if event]

    def close(self) -> None:
        """Keep processes that are free for the next call, end the others."""
        for worker in self._workers:
            if worker.attempt:
                worker.end()
            else:
                _idle.append(worker)
        self._folder.cleanup()

    def _begin(self, attempt: Attempt) -> None:
        while len(self._workers) < self.size:  # all before one is waited for
            self._workers.append(_free_worker())
        worker = next(worker for worker in self._workers if not worker.attempt)
        worker.begin(attempt, self._payload, self._anew)

    def _receive(self, worker: Worker) -> WorkerEvent | None:
        try:
            message = worker.pipe.recv()
        except (EOFError, OSError, pickle.UnpicklingError):  # the process has died
            worker.process.join()
            code = worker.process.exitcode or 0
            reason = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            return self._fail(worker, "crashed", f"its process died: {reason}", MOST_TRIES)
        if isinstance(message, BaseException):
            raise StudyError(f"n_jobs: a worker could not begin. {message!r}") from message
        if message == BEGUN:
            worker.since = time.monotonic()
            return None
        if isinstance(message, Outcome):
            worker.attempt, worker.since = None, math.inf
        return message  # type: ignore[no-any-return]

    def _fail(self, worker: Worker, ended: str, error: str, tries: int) -> Outcome | None:
        """End a process, and its trial, unless that may be tried more often."""
        self._workers.remove(worker)
        worker.end()
        attempt = worker.attempt
        assert attempt
        if attempt.tries < tries:
            self._begin(attempt._replace(tries=attempt.tries + 1))
            return None
        return Outcome(attempt.spec.number, TrialRecord(ended=ended, error=error))


def _free_worker() -> Worker:
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


# ---------- the other end of the pipe ----------


def _serve(pipe: Connection[Any, Any]) -> None:
    """Run trials until the caller is gone, or has had no work for a while."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the caller decides what Ctrl-C means
    threading.Thread(target=_end_with_the_caller, args=(os.getppid(),), daemon=True).start()
    with suppress(OSError, EOFError), suppress_warnings():  # the pipe has been closed
        _run_trials(pipe)


def _run_trials(pipe: Connection[Any, Any]) -> None:
    context: WorkerContext | None = None
    while pipe.poll(IDLE_SECONDS):
        payload, *request = pipe.recv()
        if payload:
            try:
                context = payload.open()
            except Exception as error:  # noqa: BLE001 -- the caller raises it
                pipe.send(_sendable(error))
                return
        assert context
        pipe.send(BEGUN)
        with threadpool_limits(1):
            outcome = context.run(pipe.send, *request)
        pipe.send(replace(outcome, error=_sendable(outcome.error)))


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
