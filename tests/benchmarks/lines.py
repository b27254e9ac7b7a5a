"""The record of the benchmarks: JSON lines that the scripts append to and `results.py` reads."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

MEASURED = Path(__file__).parent / "measured"
LIBRARIES = (
    *("tuneflow", "optuna", "optuna-integration", "flaml", "lightgbm", "xgboost"),
    *("scikit-learn", "pandas", "numpy"),
)
# Threads of every kind are held to one: what is compared is the search.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")

Line = dict[str, Any]


def append(file: Path, line: Line) -> None:
    """Add one line to a file, and show it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(line)
    with file.open("a", encoding="utf-8") as stream:
        stream.write(text + "\n")
    print(text, flush=True)


def read(files: Iterable[Path]) -> Iterator[Line]:
    """All lines of all files that exist."""
    for file in files:
        if file.exists():
            yield from map(json.loads, file.read_text(encoding="utf-8").splitlines())


def begin(file: Path) -> list[Line]:
    """The lines that a file already holds; a line on the machine is added if it is a new one."""
    lines = list(read([file]))
    if machine() not in lines:
        append(file, machine())
    return lines


def machine() -> Line:
    """Where and with what a measurement was made."""
    return {
        "mode": "machine",
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "versions": {name: _version(name) for name in LIBRARIES},
    }


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
