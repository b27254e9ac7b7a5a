"""A MariaDB server of our own, for as long as a test needs it: Debian's, or any on PATH."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

#: Debian keeps servers where only root's PATH leads.
WHERE = f"{os.environ['PATH']}:/usr/sbin"
MAKE, SERVE = (shutil.which(name, path=WHERE) for name in ("mariadb-install-db", "mariadbd"))


@contextmanager
def mariadb() -> Iterator[str]:
    """Start a server that listens on this machine only; gives the URL of an empty database."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    root = not os.geteuid()
    folder = Path(tempfile.mkdtemp(prefix="tuneflow-", dir="/tmp" if root else None))
    if root:  # the server must not be root, and may not go into root's folders
        shutil.chown(folder, "nobody")
    about = ["--no-defaults", f"--datadir={folder / 'data'}", *(["--user=nobody"] * root)]
    try:
        make = [MAKE, *about, "--auth-root-authentication-method=normal"]
        subprocess.run(make, check=True, capture_output=True)
        listening = ["--bind-address=127.0.0.1", f"--port={port}", f"--socket={folder / 'socket'}"]
        with (folder / "log").open("wb") as log:
            command = [SERVE, *about, *listening, "--innodb-flush-log-at-trx-commit=0"]
            server = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            _wait(server, folder / "log")
            yield f"mysql://root@127.0.0.1:{port}/test"
        finally:
            server.terminate()
            server.wait(60)
    finally:
        shutil.rmtree(folder)


def _wait(server: subprocess.Popen[bytes], log: Path) -> None:
    """Until it says that it takes connections."""
    deadline = time.monotonic() + 60
    while "ready for connections" not in log.read_text():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text())
        time.sleep(0.02)
