"""What a terminal shows: frames as text, warnings as notes, errors as messages."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import typer

from tuneflow.errors import TuneflowError, TuneflowWarning

if TYPE_CHECKING:
    import pandas as pd

NARROWEST = 60  # columns; a table is not squeezed further


def as_text(frame: pd.DataFrame, width: int | None = None) -> str:
    """A frame as text that fits a terminal: wide columns are wrapped between words."""
    width = width or max(NARROWEST, shutil.get_terminal_size().columns)
    rows = frame.astype(object).to_numpy().tolist()
    cells = [list(map(str, frame.columns)), *([_cell(value) for value in row] for row in rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split()) for column in columns]
    while sum(widths) + 2 * len(widths) > width and widths != least:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[widest] -= 1
    return "\n".join(line for row in cells for line in _wrapped(row, widths))


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
    height = max(map(len, wrapped))
    lines = zip(*([*cell, *[""] * (height - len(cell))] for cell in wrapped), strict=True)
    return [
        "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def show_note(message: Warning | str, category: type[Warning], *_: Any) -> None:
    """Show a warning as one line; takes the place of `warnings.showwarning`."""
    kind = "note" if issubclass(category, TuneflowWarning) else "warning"
    typer.echo(f"{kind}: {' '.join(str(message).split())}", err=True)


def interrupted(result: Result) -> bool:
    """Whether Ctrl-C ended the search."""
    return any(remark.startswith("interrupted") for remark in result.remarks)


def explain(error: BaseException) -> tuple[int, str]:
    """Exit code and message for an error."""
    if isinstance(error, KeyboardInterrupt):
        return 130, "interrupted"
    if isinstance(error, TuneflowError):
        return 2 if isinstance(error, ValueError | ImportError) else 1, f"error: {error}"
    if isinstance(error, OSError) and error.filename is not None:
        return 2, f"error: {error.filename}: {error.strerror}."
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    hint = "tuneflow did not foresee this; --debug shows where it happened."
    return 70, f"error: {type(error).__name__}: {error}{notes}\n{hint}"
