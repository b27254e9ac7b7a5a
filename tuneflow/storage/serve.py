"""Shares a storage with other machines, over gRPC."""

from typing import Any

from tuneflow.errors import MissingExtra, StudyError
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.optuna_internals import grpc_server


def serve(storage: Storage, host: str, port: int) -> Any:
    """Share a storage with other machines; a server of gRPC's, which is running.

    Args:
        storage: What :func:`tuneflow.storage.open.open_storage` takes.
        host: An address of this machine.
        port: Where others find it.

    Raises:
        StudyError: The storage cannot be opened, or the port is taken.
        MissingExtra: gRPC is not installed.
    """
    from optuna.storages import get_storage

    try:
        server = grpc_server(get_storage(open_storage(storage)), host, port)
    except ImportError as error:
        raise MissingExtra(
            f"serve: gRPC is needed. {error} Install it: pip install 'tuneflow[grpc]'"
        ) from error
    except RuntimeError as error:
        raise StudyError(f"serve: {host}:{port} cannot be used. {error}") from error
    server.start()
    return server
