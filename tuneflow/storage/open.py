"""Opens a storage: a file name or a URL becomes an Optuna storage; and shares one over gRPC."""

import sqlite3
import time
import warnings
from contextlib import closing
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.storages import BaseStorage, InMemoryStorage

from tuneflow.errors import MissingExtra, StudyError
from tuneflow.storage.journal import Journal, open_journal
from tuneflow.storage.optuna_internals import grpc_server

Storage: TypeAlias = str | Path | BaseStorage | None

JOURNALS = (".journal", ".log")
SECONDS_TO_WAIT = 60  # for another process that is writing to the same SQLite file
#: Drivers that extras install, for URLs that name none; to Optuna, MariaDB is MySQL.
DRIVERS = {
    "postgres": "postgresql+psycopg",
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
}
TIMES_TO_TRY = 20  # while another process is making the tables of a new database
TABLE_EXISTS = ("already exists", "duplicate key", "UNIQUE constraint", "Duplicate entry")


def open_storage(storage: Storage) -> BaseStorage:
    """Open a storage.

    Args:
        storage: None for memory; a file name, which is a journal if it ends in ``.journal`` or
            ``.log`` and SQLite otherwise; a database URL; ``redis://``; ``grpc://host:port``; or
            an Optuna storage, which is handed back.

    Raises:
        StudyError: The storage cannot be opened.
        MissingExtra: A database driver is not installed.
    """
    if storage is None:
        return InMemoryStorage()
    if isinstance(storage, BaseStorage):
        return storage
    if not isinstance(storage, str | Path):
        raise StudyError(
            f"storage: a file name, a URL or an Optuna storage is needed; got {storage!r}."
        )
    try:
        # Redis and gRPC are experimental in Optuna, and were asked for.
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            return _by_url(str(storage)) if "://" in str(storage) else _file(Path(storage))
    except ImportError as error:
        raise MissingExtra(
            f"storage: {without_secrets(str(storage))} needs a package that is not installed. "
            f"{error} Install it, or an extra of tuneflow: postgresql, mysql, redis, grpc."
        ) from error


def _by_url(url: str) -> BaseStorage:
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise StudyError(f"storage: a URL is malformed. {error}") from error
    if parts.scheme == "sqlite" and not parts.query:
        return _sqlite(_checked(Path(url.removeprefix("sqlite://").removeprefix("/"))))
    if parts.scheme == "redis":
        return open_redis(url)
    if parts.scheme == "grpc":
        return optuna.storages.GrpcStorageProxy(
            host=parts.hostname or "localhost", port=parts.port or 13000
        )
    return _database(with_driver(url))


def with_driver(url: str) -> str:
    """A database's URL, with a driver.

    Examples:
        >>> with_driver("mysql://me@host/db")
        'mysql+pymysql://me@host/db'
    """
    scheme, rest = url.split("://", 1)
    return f"{DRIVERS.get(scheme, scheme)}://{rest}"


def open_redis(url: str, *, writable: bool = True) -> BaseStorage:
    """A journal in Redis."""
    import redis

    try:
        return Journal(optuna.storages.journal.JournalRedisBackend(url), writable=writable)
    except redis.RedisError as error:
        raise StudyError(f"storage: {without_secrets(url)} cannot be opened. {error}") from error


def _file(path: Path) -> BaseStorage:
    if _checked(path).suffix in JOURNALS:
        try:
            return open_journal(path)
        except (OSError, ValueError) as error:
            raise StudyError(
                f"storage: {path} is not a journal that can be used. {error}"
            ) from error
    return _sqlite(path)


def _checked(path: Path) -> Path:
    """The path, if there can be a file."""
    if path.is_dir() or not path.parent.is_dir():
        raise StudyError(f"storage: a file in a folder that exists is needed; got {path}.")
    return path


def _sqlite(path: Path) -> BaseStorage:
    """SQLite with a write-ahead log: writes cost half as much, and readers are not locked out."""
    from sqlalchemy import URL, event

    try:
        with closing(sqlite3.connect(path, timeout=SECONDS_TO_WAIT)) as connection:
            _switch_to_wal(connection)
            connection.execute("BEGIN IMMEDIATE")  # is it writable? And nothing is written.
            connection.rollback()
    except sqlite3.Error as error:
        raise StudyError(
            f"storage: {path} is not a SQLite file that can be written. {error}."
        ) from error
    storage = _database(URL.create("sqlite", database=str(path)).render_as_string())

    @event.listens_for(storage.engine, "connect")
    def _relax(connection: sqlite3.Connection, _: object) -> None:
        connection.execute("PRAGMA synchronous=NORMAL")  # with a log, a crash loses nothing

    storage.engine.dispose()
    return storage


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Use a write-ahead log; SQLite itself does not wait for another process that is switching."""
    until = time.monotonic() + SECONDS_TO_WAIT
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL").fetchall()
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _database(url: str) -> optuna.storages.RDBStorage:
    from sqlalchemy.exc import SQLAlchemyError

    local = url.startswith("sqlite")
    options: dict[str, Any] = {
        "pool_pre_ping": not local,  # a connection may have died while a trial ran
        "connect_args": {"timeout": SECONDS_TO_WAIT} if local else {},
    }
    for more in reversed(range(TIMES_TO_TRY)):
        try:
            return optuna.storages.RDBStorage(url, engine_kwargs=options)
        except (SQLAlchemyError, RuntimeError, ValueError) as error:
            if not more or not any(text in str(error) for text in TABLE_EXISTS):
                shown = without_secrets(url)
                raise StudyError(f"storage: {shown} cannot be opened. {error}") from error
            time.sleep(0.1)
    raise AssertionError  # the last time returns or raises


def without_secrets(url: str) -> str:
    """A URL that anybody may read: without user, password and options.

    Examples:
        >>> without_secrets("postgresql://me:secret@host/db?key=1")
        'postgresql://host/db'
    """
    parts = urlsplit(url)
    return parts._replace(netloc=parts.hostname or "", query="", fragment="").geturl()


def serve_storage(storage: Storage, host: str, port: int) -> Any:
    """Share a storage with other machines; a server of gRPC's, which is running.

    Args:
        storage: What `open_storage` takes.
        host: An address of this machine.
        port: Where others find it.

    Raises:
        StudyError: The storage cannot be opened, or the port is taken.
        MissingExtra: gRPC is not installed.
    """
    try:
        server = grpc_server(optuna.storages.get_storage(open_storage(storage)), host, port)
    except ImportError as error:
        raise MissingExtra(
            f"serve: gRPC is needed. {error} Install it: pip install 'tuneflow[grpc]'"
        ) from error
    except RuntimeError as error:
        raise StudyError(f"serve: {host}:{port} cannot be used. {error}") from error
    server.start()
    return server
