"""Which processes are at work on a study, and which of its running trials nobody runs any more.

Each call of `tune` that works on a study has a name, of host, process, start of the process and a
count. It notes the time on the study every minute for as long as it works, and its name on every
trial that it runs. Whether the owner of a trial is alive can be looked up on the same host; on
another host it is believed while its last heartbeat is young. The start of the process is in the
name because the system gives numbers of processes again.
"""

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import optuna
import psutil
from optuna.trial import FrozenTrial

from tuneflow.storage.optuna_internals import storage_of
from tuneflow.storage.retry import with_retry
from tuneflow.storage.user_attrs import read_claim, read_heartbeats, write_claim, write_heartbeat

INTERVAL = 60.0  # seconds between two heartbeats
TIMEOUT = 600.0  # seconds without one after which a process on another host counts as dead
CLOCK = 60.0  # seconds: setting the clock moves the start of every process

_counter = itertools.count()
_active: set[str] = set()  # calls at work in this process


class Heartbeat:
    """One call at work on a study."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        # Nobody else can see what is in memory, and all who run there end with it.
        self._private = isinstance(storage_of(study), optuna.storages.InMemoryStorage)
        started = psutil.Process().create_time()
        self.name = f"{socket.gethostname()}:{os.getpid()}:{started:.2f}:{next(_counter)}"

    @property
    def claim(self) -> str | None:
        """The name that says on a trial that this call runs it; None where nobody else can see."""
        return None if self._private else self.name

    def claim_trial(self, trial: optuna.Trial) -> None:
        """Note on a trial that another call has made that this one runs it."""
        if self.claim:
            write_claim(trial, self.claim)

    def others(self) -> list[str]:
        """Other living calls that are at work on the study."""
        heartbeats = read_heartbeats(self._study).items()
        return [name for name, at in heartbeats if name != self.name and _is_alive(name, at)]

    def abandoned(self, *, leaving: bool = False) -> list[FrozenTrial]:
        """Running trials that nobody living runs; those of this call too, if it is leaving.

        A trial without a claim was left in the moment between its choice and its claim, where it
        waited, or is not tuneflow's; it is abandoned if nobody else is at work.
        """
        running = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        if not running:
            return []
        others = self.others()
        living = others if leaving else [*others, self.name]
        owners = [(trial, read_claim(trial)) for trial in running]
        return [t for t, owner in owners if (owner not in living if owner else not others)]

    @contextmanager
    def beating(self) -> Iterator[None]:
        """At work for as long as this lasts, with a heartbeat every minute."""
        if self._private:
            yield
            return
        ended = threading.Event()
        thread = threading.Thread(target=self._beat, args=(ended,), daemon=True)
        _active.add(self.name)
        try:
            with_retry(lambda: write_heartbeat(self._study, self.name, time.time()))
            thread.start()
            yield
        finally:
            _active.discard(self.name)
            ended.set()
            if thread.is_alive():
                thread.join()
            self._try_to_write(0.0)

    def _beat(self, ended: threading.Event) -> None:
        while not ended.wait(INTERVAL):
            self._try_to_write(time.time())

    def _try_to_write(self, at: float) -> None:
        with suppress(Exception):  # a storage that is away: the search itself reports it
            write_heartbeat(self._study, self.name, at)


def _is_alive(name: str, at: float) -> bool:
    host, number, started, count = (name.rsplit(":", 3) + [""] * 3)[:4]
    if not number.isdecimal() or not count:  # no name that a call gives itself
        return False
    if host != socket.gethostname():
        return abs(time.time() - at) < TIMEOUT
    if int(number) == os.getpid() and name not in _active:
        return False
    try:
        began: float = psutil.Process(int(number)).create_time()
        return abs(began - float(started)) < CLOCK
    except (psutil.NoSuchProcess, ValueError):
        return False
