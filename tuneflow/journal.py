"""Journal files: a last line that was torn off is cut away before anything is appended to it."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from tuneflow.errors import TuneflowWarning

if TYPE_CHECKING:
    from optuna.storages import JournalStorage

GRACE = 10  # seconds after which a lock is taken from whoever died with it; Optuna waits for 30
BEGIN = b'{"op_code"'  # of every line; inside a text its quotes would be escaped


def open_journal(path: Path) -> JournalStorage:
    """Open a journal, or make one.

    Raises:
        OSError, ValueError, KeyError: The file cannot be used, or is no journal; it is left alone.
    """
    from optuna.storages import JournalStorage, journal

    path.open("ab").close()
    lock = journal.JournalFileSymlinkLock(str(path), grace_period=GRACE)
    lock.acquire()
    try:
        _mend(path)
    finally:
        lock.release()
    return JournalStorage(journal.JournalFileBackend(str(path), lock))


def _mend(path: Path) -> None:
    """Keep every whole line, and say so if there are others.

    A line is torn by a power cut or a full disk; whoever appends to it, as Optuna does, makes a
    file that can never be read again. Nobody saw what a torn line says: its writer had died.
    """
    lines = path.read_bytes().split(b"\n")
    torn = [line for line in lines if line and not _is_whole(line)]
    torn += [lines[-1]] if lines[-1] and lines[-1] not in torn else []
    if not torn or not _is_operation(lines[0]):
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


def _is_whole(line: bytes) -> bool:
    return line.startswith(BEGIN) and line.endswith(b"}") and line.count(BEGIN) == 1


def _glued(line: bytes) -> bytes:
    """What was appended to a torn line, if that is an operation; nothing otherwise."""
    last = line[line.rfind(BEGIN) :] if line.count(BEGIN) > 1 else b""
    return last if _is_operation(last) else b""


def _is_operation(line: bytes) -> bool:
    try:
        return "op_code" in json.loads(line)
    except ValueError:
        return False
