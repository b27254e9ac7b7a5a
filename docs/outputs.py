"""Run notebooks, and store what comes out of them: `make outputs`."""

from __future__ import annotations

import sys
from typing import Any

import nbformat
from nbclient import NotebookClient

HEAVY = 15_000  # characters of HTML; beyond, what Python prints has to do


def kept(output: Any) -> bool:
    """Whether an output is for readers: warnings name files of whoever ran the notebook."""
    return bool(output.get("name") != "stderr")


def lightened(output: Any) -> Any:
    """An output without HTML that is heavy."""
    data = output.get("data", {})
    if len(data.get("text/html", "")) > HEAVY and "text/plain" in data:
        del data["text/html"]
    return output


def store(path: str) -> None:
    """Run a notebook from top to bottom, and write it back."""
    book = nbformat.read(path, as_version=4)
    NotebookClient(book, timeout=900, record_timing=False).execute(
        cwd=str(path).rpartition("/")[0]
    )
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs = [lightened(output) for output in cell.outputs if kept(output)]
    nbformat.write(book, path)


if __name__ == "__main__":
    for name in sys.argv[1:]:
        store(name)
