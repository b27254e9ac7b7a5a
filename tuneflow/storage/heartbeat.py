"""Who is at work on a study: calls sign in, claim their trials, and give signs of life.

A call is known by host, process, the start of the process, and a count. On its own host it can be
looked up; on another it is alive while its last sign of life is young. Like the ledger, this
writes plain JSON only.
"""

from __future__ import annotations

import itertools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import psutil
from optuna.trial import FrozenTrial

from tuneflow.storage.retry import with_retry

PREFIX = "tuneflow:at work:"
CLAIM = "tuneflow:by"
EVERY = 60.0  # seconds between two signs of life
SILENT = 600.0  # seconds after which a process on another host is given up
CLOCK = 60.0  # seconds: a clock that is set moves the start of every process

_calls = itertools.count()
_here: set[str] = set()  # calls at work in this process


class Heartbeat:
    """One call at work on a study."""

    def __init__(self, study: optuna.Study) -> None:
        self._study = study
        # Nobody else can see what is in memory, and all who run there end with it.
        self._private = isinstance(study._storage, optuna.storages.InMemoryStorage)
        self.name = f"{_process(os.getpid())}:{next(_calls)}"

    @property
    def claimed(self) -> dict[str, str]:
        """What says of a trial who is running it."""
        return {} if self._private else {CLAIM: self.name}

    def claim(self, trial: optuna.Trial) -> None:
        """Note on a trial that another call has made, who is running it."""
        for key, name in self.claimed.items():
            trial.set_user_attr(key, name)

    def others(self) -> list[str]:
        """Other living calls that are at work on the study."""
        return [name for name in self._living() if name != self.name]

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
        claims = [(trial, trial.user_attrs.get(CLAIM)) for trial in running]
        return [trial for trial, by in claims if (by not in living if by else not others)]

    @contextmanager
    def signed_in(self) -> Iterator[None]:
        """Signed in for as long as this lasts, with a sign of life every minute."""
        if self._private:
            yield
            return
        left = threading.Event()
        thread = threading.Thread(target=self._beat, args=(left,), daemon=True)
        _here.add(self.name)
        try:
            with_retry(lambda: self._sign(time.time()))
            thread.start()
            yield
        finally:
            _here.discard(self.name)
            left.set()
            if thread.is_alive():
                thread.join()
            self._try_to_sign(0.0)

    def _beat(self, left: threading.Event) -> None:
        while not left.wait(EVERY):
            self._try_to_sign(time.time())

    def _try_to_sign(self, at: float) -> None:
        try:
            self._sign(at)
        except Exception:  # noqa: BLE001 -- a storage that is away: the search itself tells
            return

    def _sign(self, at: float) -> None:
        self._study.set_user_attr(PREFIX + self.name, at)

    def _living(self) -> list[str]:
        signs = {k: v for k, v in self._study.user_attrs.items() if k.startswith(PREFIX)}
        names = [(key.removeprefix(PREFIX), at) for key, at in signs.items()]
        return [name for name, at in names if _lives(name, at)]


def _lives(name: str, at: Any) -> bool:
    if not isinstance(at, float) or not at:
        return False
    host, number, started, count = (name.rsplit(":", 3) + [""] * 3)[:4]
    if not number.isdecimal() or not count:  # no name that a call gives itself
        return False
    if host != socket.gethostname():
        return abs(time.time() - at) < SILENT
    if int(number) == os.getpid() and name not in _here:
        return False
    try:
        began: float = psutil.Process(int(number)).create_time()
        return abs(began - float(started)) < CLOCK
    except (psutil.NoSuchProcess, ValueError):
        return False


def _process(number: int) -> str:
    """A process as no other is called, also not one that gets its number later."""
    return f"{socket.gethostname()}:{number}:{psutil.Process(number).create_time():.2f}"
