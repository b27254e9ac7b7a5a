"""Journal files: a torn line is cut away before anything is appended to it, and a lock does not
outlive whoever holds it."""

import json
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from threading import get_ident
from typing import Any

from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import JournalStorage
from optuna.storages.journal import BaseJournalBackend, JournalFileBackend, JournalFileSymlinkLock

from tuneflow.errors import StudyError, TuneflowWarning

try:
    import fcntl
except ImportError:  # Windows: a lock that was left behind is taken away after a while
    fcntl = None  # type: ignore[assignment]

GRACE = 30  # seconds after which Optuna takes away a lock of one of its own processes
BEGIN = b'{"op_code"'  # of every line; inside a text its quotes would be escaped


class Lock(JournalFileSymlinkLock):
    """Optuna's lock, a symbolic link beside the journal, so that its own processes respect it.

    Before it makes the link, a process of tuneflow locks the journal itself (flock), which the
    system undoes when the process dies. Whoever has that lock and finds a link of tuneflow's
    knows that its maker is dead, and takes it away. Links of tuneflow have a path of their own.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._target = f"{path.parent.resolve()}/./{path.name}"
        self._link = f"{self._target}.lock"
        self._file: BufferedReader | None = None
        super().__init__(self._target, GRACE)

    def acquire(self) -> bool:
        """Wait for the lock, or take it from the dead."""
        if fcntl:
            self._file = self._locked()
            with suppress(OSError):  # there is no link
                if os.readlink(self._link) == self._target:
                    os.unlink(self._link)
        return super().acquire()

    def release(self) -> None:
        """Give it back."""
        with suppress(FileNotFoundError):  # one of Optuna's own processes has taken it away
            os.unlink(self._link)
        if self._file:
            self._file.close()

    def _locked(self) -> BufferedReader:
        """The journal, locked; not one that was replaced while this process waited."""
        while True:
            file = self._path.open("rb")
            fcntl.flock(file, fcntl.LOCK_EX)
            if os.path.samestat(os.fstat(file.fileno()), self._path.stat()):
                return file
            file.close()


class Backend(BaseJournalBackend):
    """A backend of Optuna's that can hold back what a thread writes.

    It has no snapshots: Optuna pickles them, so that whoever can write to the server could run
    code wherever the storage is opened. The log says the same.
    """

    def __init__(self, backend: BaseJournalBackend, *, writable: bool) -> None:
        self._backend, self._writable = backend, writable
        self.held: dict[int, list[dict[str, Any]]] = {}  # by thread

    def read_logs(self, log_number_from: int) -> Iterable[dict[str, Any]]:
        """As the backend does; nothing to a thread whose writes are held back."""
        return () if get_ident() in self.held else self._backend.read_logs(log_number_from)

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """As the backend does, or hold them back."""
        if not self._writable:
            raise StudyError(f"storage: it was opened for reading; got {len(logs)} writes.")
        if get_ident() in self.held:
            self.held[get_ident()] += logs
        else:
            self._backend.append_logs(logs)


class Journal(JournalStorage):
    """Optuna's storage, which can write several operations at a time."""

    def __init__(self, backend: BaseJournalBackend, *, writable: bool = True) -> None:
        self._logs = Backend(backend, writable=writable)
        super().__init__(self._logs)

    @contextmanager
    def batch(self, study_id: int) -> Iterator[None]:
        """Hold back what this thread writes to a study, and append it in the end, also of what
        failed.

        Raises:
            UpdateFinishedTrialError: It was written to a trial that others had ended.
        """
        held = self._logs.held[get_ident()] = []
        try:
            yield
        finally:
            del self._logs.held[get_ident()]
            if held:
                self._logs.append_logs(held)
                self._replay(study_id, len(held))

    def _replay(self, study_id: int, operations: int) -> None:
        """Read what was written. A refusal interrupts Optuna; it goes on behind it, so that the
        next reader does not meet the refusal of another operation."""
        refusal = None
        for _ in range(operations + 1):
            try:
                self.get_study_directions(study_id)
            except UpdateFinishedTrialError as error:
                refusal = error
            else:
                break
        if refusal:
            raise refusal


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
        with path.open("rb") as file:
            first = file.readline()
        if first and not _is_operation(first):  # of another kind: Optuna would append to it
            raise ValueError(f"Its first line is {first[:40]!r}.")
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
    message = f"storage: {path} held {len(torn)} torn line(s), by a power cut or a full disk."
    warnings.warn(f"{message} Every whole line was kept.", TuneflowWarning, stacklevel=2)


def _is_whole(line: bytes) -> bool:
    return line.startswith(BEGIN) and line.endswith(b"}") and line.count(BEGIN) == 1


def _glued(line: bytes) -> bytes:
    """What was appended to a torn line, if that is an operation; nothing otherwise."""
    last = line[line.rfind(BEGIN) :] if line.count(BEGIN) > 1 else b""
    return last if _is_operation(last) else b""


def _is_operation(line: bytes) -> bool:
    try:
        operation = json.loads(line)
    except ValueError:
        return False
    return isinstance(operation, dict) and "op_code" in operation
