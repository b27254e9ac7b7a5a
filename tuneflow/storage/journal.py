"""Journal files: a torn line is cut away before anything is appended to it, and a lock does not
outlive whoever holds it."""

from __future__ import annotations

import json
import os
import time
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from threading import get_ident
from typing import Any

from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend
from optuna.storages.journal._file import BaseJournalFileLock

from tuneflow.errors import TuneflowWarning

try:
    import fcntl
except ImportError:  # Windows: locks are only given up after a while
    fcntl = None  # type: ignore[assignment]

GRACE = 30.0  # seconds after which a lock of another kind of process is taken away, as by Optuna
SURE = 0.2  # seconds: time enough for whoever has made the link to lock the file
BEGIN = b'{"op_code"'  # of every line; inside a text its quotes would be escaped


class Lock(BaseJournalFileLock):
    """Optuna's lock, a symbolic link beside the journal, so that its own processes respect it.

    Whoever holds it has locked the journal itself as well, which the system undoes when a process
    dies: a link without a lock is a dead one's. Only links that say so are ours.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._link = f"{path}.lock"
        self._mine = f"{path.resolve().parent}/./{path.name}"
        self._file: BufferedReader | None = None

    def acquire(self) -> bool:
        """Wait for the lock, or take it from the dead."""
        seen, since, pause = (0, 0.0), time.monotonic(), 0.001
        while not self._make_link():
            there = self._look()
            if there != seen:
                seen, since = there, time.monotonic()
            if time.monotonic() - since > SURE and self._inherit(there, since):
                return True
            time.sleep(pause)
            pause = min(2 * pause, 0.1)
        self._file = self._path.open("rb")
        if fcntl:
            fcntl.flock(self._file, fcntl.LOCK_EX)
        return True

    def release(self) -> None:
        """Give it back."""
        with suppress(FileNotFoundError):  # another kind of process has taken it away
            os.unlink(self._link)
        if self._file:
            self._file.close()

    def _make_link(self) -> bool:
        try:
            os.symlink(self._mine, self._link)
        except FileExistsError:
            return False
        return True

    def _look(self) -> tuple[int, float]:
        """Which link is there."""
        try:
            link = os.lstat(self._link)
        except FileNotFoundError:
            return 0, 0.0
        return link.st_ino, link.st_mtime

    def _inherit(self, there: tuple[int, float], since: float) -> bool:
        """Take over the link of a process that has died."""
        try:
            file, mine = self._path.open("rb"), os.readlink(self._link) == self._mine
        except FileNotFoundError:
            return False
        try:
            if fcntl:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # somebody living holds it
            file.close()
            return False
        dead = (mine and fcntl is not None) or time.monotonic() - since > GRACE
        if not dead or self._look() != there:
            file.close()
            return False
        self._file = file
        return True


class Journal(JournalStorage):
    """Optuna's storage, which can write several operations at a time."""

    def __init__(self, backend: BaseJournalBackend) -> None:
        self._held: dict[int, list[dict[str, Any]]] = {}  # by thread
        super().__init__(backend)

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_held": {}}

    @contextmanager
    def together(self) -> Iterator[None]:
        """Hold back what this thread writes, and append it at the end, also of what failed."""
        self._held[get_ident()] = []
        try:
            yield
        finally:
            with self._thread_lock:
                if held := self._held.pop(get_ident()):
                    self._backend.append_logs(held)
                    self._sync_with_backend()

    def _write_log(self, op_code: int, extra_fields: dict[str, Any]) -> None:
        if get_ident() not in self._held:
            super()._write_log(op_code, extra_fields)
            return
        worker_id = self._replay_result.worker_id
        self._held[get_ident()].append(
            {"op_code": op_code, "worker_id": worker_id, **extra_fields}
        )

    def _sync_with_backend(self) -> None:
        if get_ident() not in self._held:
            super()._sync_with_backend()


class LogsOnly(BaseJournalBackend):
    """A backend without its snapshots: Optuna pickles them, and whoever can write to the server
    could run code wherever the storage is opened. The log says the same."""

    def __init__(self, backend: BaseJournalBackend) -> None:
        self._backend = backend

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """As the backend does."""
        return self._backend.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """As the backend does."""
        self._backend.append_logs(logs)


def open_journal(path: Path) -> Journal:
    """Open a journal, or make one.

    Raises:
        OSError, ValueError: The file cannot be used, or is no journal; it is left alone.
    """
    path.open("ab").close()
    lock = Lock(path)
    lock.acquire()
    try:
        _mend(path)
        _check(path)
    finally:
        lock.release()
    try:
        return Journal(JournalFileBackend(str(path), lock))
    except Exception as error:  # whatever replaying a damaged line leads to
        raise ValueError(f"It cannot be replayed. {type(error).__name__}: {error}") from error


def _mend(path: Path) -> None:
    """Keep every whole line, and say so if there are others.

    A line is torn by a power cut or a full disk; whoever appends to it, as Optuna does, makes a
    file that can never be read again. Nobody saw what a torn line says: its writer had died.
    """
    lines = path.read_bytes().split(b"\n")
    torn = [line for line in lines if line and not _is_whole(line)]
    torn += [lines[-1]] if lines[-1] and lines[-1] not in torn else []
    alone = len(lines) == 1 and lines[0].startswith(BEGIN)
    if not torn or not (alone or _is_operation(lines[0])):
        return
    kept = [line if _is_whole(line) else _glued(line) for line in lines[:-1]]
    beside = path.with_name(f"{path.name}.mended")
    with beside.open("wb") as file:
        file.write(b"".join(line + b"\n" for line in kept if line))
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    msg = (
        f"storage: {path} held {len(torn)} torn line(s), as a power cut or a full disk leaves "
        "behind. Every whole line was kept."
    )
    warnings.warn(msg, TuneflowWarning, stacklevel=2)


def _check(path: Path) -> None:
    """Refuse a file of another kind, to which Optuna would append."""
    with path.open("rb") as file:
        first = file.readline()
    if first and not _is_operation(first):
        raise ValueError(f"Its first line is {first[:40]!r}.")


def _is_whole(line: bytes) -> bool:
    return line.startswith(BEGIN) and line.endswith(b"}") and line.count(BEGIN) == 1


def _glued(line: bytes) -> bytes:
    """What was appended to a torn line, if that is an operation; nothing otherwise."""
    last = line[line.rfind(BEGIN) :] if line.count(BEGIN) > 1 else b""
    return last if _is_operation(last) else b""


def _is_operation(line: bytes) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    return isinstance(found, dict) and "op_code" in found
