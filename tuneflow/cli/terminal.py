"""What a terminal shows: frames as text, warnings as notes, errors as messages and exit codes."""

from __future__ import annotations

import shutil
import textwrap
import traceback
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from tuneflow.errors import TuneflowError, TuneflowWarning

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.recipe.recipe import Recipe

EVERY_TASK = "binary, multiclass, regression"
NARROWEST = 60  # columns; a table is not squeezed further


class CommandGroup(TyperGroup):
    """Commands whose errors are one message and an exit code; ``--debug`` may stand anywhere."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        first = ["--debug"] if "--debug" in args else []
        return super().parse_args(ctx, [*first, *(word for word in args if word != "--debug")])

    def invoke(self, ctx: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("always", TuneflowWarning)
            if not ctx.params["debug"]:
                warnings.showwarning = _show_note
            try:
                return super().invoke(ctx)
            except (Exception, KeyboardInterrupt) as error:
                if hasattr(error, "exit_code") or isinstance(error, BrokenPipeError):
                    raise  # typer's own ways to end
                if ctx.params["debug"]:
                    traceback.print_exception(error)
                code, message = _explain(error)
                typer.echo(message, err=True)
                raise typer.Exit(code) from error


@contextmanager
def without_chance_note(unwanted: bool) -> Iterator[None]:
    """No warning that an improvement may be chance, where the printed result says so itself."""
    with warnings.catch_warnings():
        if unwanted:
            warnings.filterwarnings(
                "ignore", "tune: the improvement over the defaults", TuneflowWarning
            )
        yield


def as_text(frame: pd.DataFrame, width: int | None = None) -> str:
    """A frame as text that fits a terminal: wide columns are wrapped between words."""
    width = width or _width()
    rows = frame.astype(object).to_numpy().tolist()
    cells = [list(map(str, frame.columns)), *([_cell(value) for value in row] for row in rows)]
    columns = list(zip(*cells, strict=True))
    widths = [max(map(len, column)) for column in columns]
    least = [max(len(word) for cell in column for word in cell.split()) for column in columns]
    while sum(widths) + 2 * len(widths) > width and widths != least:
        widest = max(range(len(widths)), key=lambda i: (widths[i] > least[i], widths[i]))
        widths[widest] -= 1
    return "\n".join(line for row in cells for line in _wrapped(row, widths))


def _width() -> int:
    return max(NARROWEST, shutil.get_terminal_size().columns)


def _cell(value: Any) -> str:
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _wrapped(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    wrapped = [textwrap.wrap(cell, width) or [""] for cell, width in zip(row, widths, strict=True)]
    lines = zip_longest(*wrapped, fillvalue="")
    return ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]


def recipe_list(frame: pd.DataFrame) -> str:
    """The table of all recipes."""
    frame = frame.drop(columns=["family", "sources"]).reset_index()
    return as_text(frame.assign(tasks=frame["tasks"].replace(EVERY_TASK, "all")))


def recipe_page(recipe: Recipe) -> str:
    """One recipe: what it is, its parameters, and where the bounds come from."""
    headline = str(recipe).partition("\n\n")[0]
    frame = recipe.table().reset_index()
    used = frame.loc[:, (frame != "").any()]
    wrap = textwrap.TextWrapper(
        _width(), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    sources = "\n".join(wrap.fill(f"{tag}: {text}") for tag, text in recipe.sources.items())
    return "\n\n".join(part for part in (headline, as_text(used), sources) if part)


def _show_note(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Print a warning as one line; this takes the place of `warnings.showwarning`."""
    kind = "note" if issubclass(category, TuneflowWarning) else "warning"
    typer.echo(f"{kind}: {' '.join(str(message).split())}", err=True)


def is_interrupted(remarks: Iterable[str]) -> bool:
    """Whether one of the remarks says that Ctrl-C ended the search."""
    return any(remark.startswith("interrupted") for remark in remarks)


def exit_if_interrupted(remarks: Iterable[str]) -> None:
    """End with exit code 130 if Ctrl-C ended the search."""
    if is_interrupted(remarks):
        raise typer.Exit(130)


def _explain(error: BaseException) -> tuple[int, str]:
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
