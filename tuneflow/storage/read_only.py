"""Opening a storage to look at it: nothing is created, written or locked.

SQLite is copied into memory, page by page, over a connection that may only read; Optuna then works
on the copy. A process that writes to the file is held up for as long as that copy takes, which is
milliseconds, and whatever Optuna might write is gone with the copy.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Hashable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.parse import quote, urlsplit

import optuna
from optuna.exceptions import StorageInternalError
from optuna.storages.journal import JournalFileBackend

from tuneflow.errors import StudyError, did_you_mean
from tuneflow.storage.journal import Journal
from tuneflow.storage.open import (
    JOURNALS,
    Storage,
    open_redis,
    open_storage,
    with_driver,
    without_secrets,
)

SECONDS_TO_WAIT = 10  # for a process that is just writing


_memory = partial(sqlite3.connect, ":memory:", check_same_thread=False)


@dataclass
class Source:
    """A storage that is looked at, once or again and again.

    Attributes:
        storage: The storage, for reading.
        copy: Where it is a SQLite file: the file, and the copy that is read.
        journal: Where it is a journal: the file.
        first_line: The first line of that file, which no other has: it names its writer.
    """

    storage: optuna.storages.BaseStorage
    copy: Copy | None = None
    journal: Path | None = None
    first_line: bytes = b""
    _studies: dict[str, tuple[Hashable, optuna.Study]] = field(default_factory=dict)

    def stamp(self) -> Hashable:
        """Something that changes when the storage does; None if nobody can tell."""
        return self.copy.stamp() if self.copy else None

    def names(self) -> list[str]:
        """Names of the studies, in the order in which they were made."""
        self._refresh()
        return [study.study_name for study in self.storage.get_all_studies()]

    def studies(self, names: Sequence[str] | None = None) -> list[optuna.Study]:
        """The studies as they are now; trials that had ended before are not read again."""
        there = self.names()
        for name in names or ():
            if name not in there:
                hint = did_you_mean(name, there)
                raise StudyError(f"storage: there is no study {name!r} in it. {hint}")
        return [self._study(name) for name in (there if names is None else names)]

    def release(self) -> None:
        """Close the connections to a database; they are opened again when it is looked at."""
        engine = getattr(self.storage, "engine", None)
        if engine is not None and self.copy is None:
            engine.dispose()

    def _refresh(self) -> None:
        if self.copy:
            self.copy.refresh()
        if self.journal and _first_line(self.journal) != self.first_line:
            vars(self).update(vars(_journal(self.journal)))  # another one: nothing is kept

    def _study(self, name: str) -> optuna.Study:
        """A study, with the trials that were read, unless another has taken its name. When their
        first trials began tells two apart, as SQLite gives numbers of studies again."""
        number = self.storage.get_study_id_from_name(name)
        identity: Hashable = (number, None)
        with suppress(KeyError):  # it has no trial yet
            first = self.storage.get_trial_id_from_study_id_trial_number(number, 0)
            identity = (number, self.storage.get_trial(first).datetime_start)
        if name not in self._studies or self._studies[name][0] != identity:
            study = optuna.load_study(study_name=name, storage=self.storage)
            self._studies[name] = (identity, study)
        return self._studies[name][1]


@dataclass
class Copy:
    """A SQLite file, and a copy of it in memory."""

    path: Path
    lock: Any = field(default_factory=Lock)
    memory: sqlite3.Connection = field(default_factory=_memory)
    _stamp: Hashable = None

    def stamp(self) -> Hashable:
        """Sizes and times of the file and of its log."""
        files = [self.path, self.path.with_name(f"{self.path.name}-wal")]
        stats = [file.stat() for file in files if file.exists()]
        return tuple((stat.st_size, stat.st_mtime_ns) for stat in stats)

    def refresh(self) -> None:
        """Copy the file, if it has changed.

        Raises:
            StudyError: The file is gone, or is no database.
        """
        with self.lock:
            try:
                stamp = self.stamp()
                if stamp == self._stamp:
                    return
                with closing(self._reader()) as reader:
                    reader.backup(self.memory)
            except (OSError, sqlite3.Error) as error:
                _existing(self.path)
                raise StudyError(
                    f"storage: {self.path} is not a SQLite file that can be read. {error}."
                ) from error
            self._stamp = stamp

    def _reader(self) -> sqlite3.Connection:
        """A connection that may only read; where there is no log, not even beside the file."""
        log = self.path.with_name(f"{self.path.name}-wal")
        at_rest = "" if log.exists() or not _has_log(self.path) else "&immutable=1"
        url = f"file:{quote(str(self.path.absolute()))}?mode=ro{at_rest}"
        return sqlite3.connect(url, uri=True, timeout=SECONDS_TO_WAIT)


def _has_log(path: Path) -> bool:
    """Whether a file keeps a log beside it, as its header says (sqlite.org/fileformat)."""
    with path.open("rb") as file:
        return file.read(20)[18:20] == b"\2\2"


def open_source(storage: Storage) -> Source:
    """Open a storage to look at it.

    Args:
        storage: A file name, a URL or an Optuna storage.

    Raises:
        StudyError: There is none, or it cannot be read.
        MissingExtra: A database driver is not installed.
    """
    if not isinstance(storage, str | Path):
        return Source(open_storage(storage))
    url = str(storage)
    scheme = urlsplit(url).scheme if "://" in url else ""
    if scheme.startswith("sqlite"):
        path = url.partition("://")[2].partition("?")[0].removeprefix("/").removeprefix("file:")
        return _sqlite(_existing(Path(path)))
    if not scheme:
        file = _existing(Path(url))
        return _journal(file) if file.suffix in JOURNALS else _sqlite(file)
    if scheme == "redis":
        return Source(open_redis(url, writable=False))
    if scheme == "grpc":
        return Source(open_storage(url))
    url = with_driver(url)
    reads = {"postgresql_readonly": True} if url.startswith("postgresql") else {}
    return Source(_tables(url, {"execution_options": reads}, without_secrets(url)))


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise StudyError(f"storage: there is no file {path}. A report only reads, and makes none.")
    return path


def _sqlite(path: Path) -> Source:
    from sqlalchemy.pool import StaticPool

    copy = Copy(path)
    copy.refresh()
    arguments = {"creator": lambda: copy.memory, "poolclass": StaticPool}
    return Source(_tables("sqlite://", arguments, str(path)), copy)


def _tables(url: str, arguments: dict[str, Any], shown: str) -> optuna.storages.RDBStorage:
    """Optuna's storage over tables that are there."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        return optuna.storages.RDBStorage(url, engine_kwargs=arguments, skip_table_creation=True)
    except ImportError as error:
        open_storage(url)  # says which extra is missing
        raise StudyError(str(error)) from error
    except (SQLAlchemyError, StorageInternalError, RuntimeError, ValueError) as error:
        raise StudyError(
            f"storage: {shown} holds no studies that this Optuna reads. If an older one wrote it, "
            "upgrade a copy of it: optuna storage upgrade --storage sqlite:///COPY"
        ) from error


def _journal(path: Path) -> Source:
    try:
        first_line = _first_line(path)
        storage = Journal(JournalFileBackend(str(path)), writable=False)
        return Source(storage, journal=path, first_line=first_line)
    except (OSError, ValueError, KeyError) as error:
        raise StudyError(f"storage: {path} is not a journal that can be read. {error}") from error


def _first_line(path: Path) -> bytes:
    with _existing(path).open("rb") as file:
        return file.readline()
