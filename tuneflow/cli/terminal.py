"""What a terminal shows: frames as text, warnings as notes, errors as messages."""

from __future__ import annotations

import shutil
import textwrap
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TextIO

import typer
from typer.core import TyperGroup

from tuneflow.errors import TuneflowError, TuneflowWarning

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.recipe.recipe import Recipe

EVERY_TASK = "binary, multiclass, regression"
NARROWEST = 60  # columns; a table is not squeezed further


class Door(TyperGroup):
    """Errors become one message and an exit code; ``--debug`` may stand anywhere."""

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
def said_once(shown: bool) -> Iterator[None]:
    """No note of an improvement that may be chance where the result is shown, whose last lines say it."""
    with warnings.catch_warnings():
        if shown:
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
    height = max(map(len, wrapped))
    lines = zip(*([*cell, *[""] * (height - len(cell))] for cell in wrapped), strict=True)
    return [
        "  ".join(part.ljust(width) for part, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    ]


def recipe_list(frame: pd.DataFrame) -> str:
    """The table of all recipes."""
    frame = frame.drop(columns=["family", "sources"]).reset_index()
    return as_text(frame.assign(tasks=frame["tasks"].replace(EVERY_TASK, "all")))


def recipe_page(recipe: Recipe) -> str:
    """One recipe: what it is, its parameters, and where the bounds come from."""
    headline = str(recipe).partition("\n\n")[0]
    frame = recipe.table().reset_index()
    told = frame.loc[:, (frame != "").any()]  # columns that say something
    wrap = textwrap.TextWrapper(
        _width(), subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
    )
    sources = "\n".join(wrap.fill(f"{tag}: {text}") for tag, text in recipe.sources.items())
    return "\n\n".join(part for part in (headline, as_text(told), sources) if part)


def _show_note(  # the signature of `warnings.showwarning`, whose place it takes
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    kind = "note" if issubclass(category, TuneflowWarning) else "warning"
    typer.echo(f"{kind}: {' '.join(str(message).split())}", err=True)


class Outcome(Protocol):
    """What a search leaves: a result or a comparison."""

    @property
    def remarks(self) -> tuple[str, ...]: ...


def interrupted(result: Outcome) -> bool:
    """Whether Ctrl-C ended the search."""
    return any(remark.startswith("interrupted") for remark in result.remarks)


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
