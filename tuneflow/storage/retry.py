"""A storage that goes away for a while is waited for; one that cannot be written is an error."""

import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from optuna.exceptions import UpdateFinishedTrialError

from tuneflow.errors import StorageError, TuneflowWarning

T = TypeVar("T")

SECONDS_TO_WAIT = 60  # for a database that has gone away
#: What libraries raise while a database is away, and what they say if waiting will not help.
AWAY = (
    "StorageInternalError",
    "OperationalError",
    "InterfaceError",
    "ConnectionError",
    "RpcError",
)
PERMANENT = (
    *("is full", "readonly", "read-only", "disk I/O", "malformed", "no such table"),
    *("Data too long", "Incorrect string value"),  # MySQL: 64 KB, and at worst Latin-1
)

#: A call was taken for dead, and another ended its trial: what is stored stays.
ENDED_BY_ANOTHER = suppress(UpdateFinishedTrialError)


def with_retry(call: Callable[[], T]) -> T:
    """The result of a call to a storage, waiting for a while if the storage is away.

    Raises:
        StorageError: It did not return, or cannot take what was to be written.
    """
    until, pause = time.monotonic() + SECONDS_TO_WAIT, 0.1
    while True:
        try:
            return call()
        except Exception as error:
            is_away, reason = is_kind_of(error, AWAY), driver_message(error)
            if not is_away and not (isinstance(error, OSError) and error.errno is not None):
                raise
            final = not is_away or any(text in reason for text in PERMANENT)
            if final or time.monotonic() + pause > until:
                raise StorageError(
                    f"storage: trials can no longer be written to it. {reason}. What "
                    "was finished is still there: mend the storage, and the same call goes on."
                ) from error
            if pause > 1:
                message = f"storage: it cannot be reached; waiting for it. {reason}"
                warnings.warn(message, TuneflowWarning, stacklevel=2)
        time.sleep(pause)
        pause = min(2 * pause, 5.0)


def is_kind_of(error: BaseException, names: tuple[str, ...]) -> bool:
    """Whether an error is of a class with one of these names; its library need not be loaded."""
    return any(kind.__name__ in names for kind in type(error).__mro__)


def driver_message(error: BaseException) -> str:
    """The first line of the driver's own error, below those that libraries made of it."""
    while error.__cause__:
        error = error.__cause__
    return f"{type(error).__name__}: {error}".split("\n")[0]
