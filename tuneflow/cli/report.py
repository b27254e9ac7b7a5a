"""The shell's commands that look at studies: `report` and `dashboard`."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from typer import Argument, Option

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.reporting.report import Report

Where = Annotated[str, Argument(metavar="STORAGE", help="A file or a URL that holds studies.")]
Study = Annotated[
    str | None, Option("--study", help="Which study; by default the one touched last.")
]


def add_to(app: typer.Typer) -> None:
    """Give an application these commands."""
    app.command("report")(report)
    app.command("dashboard")(dashboard)


class Plotly(StrEnum):
    """Where plotly.js comes from."""

    inline = "inline"
    directory = "directory"
    cdn = "cdn"


class Format(StrEnum):
    """How tables are written."""

    csv = "csv"
    parquet = "parquet"


def report(
    storage: Where,
    *,
    study: Study = None,
    out: Annotated[Path, Option(help="The page: an .html file, or .md for Markdown.")],
    tables: Annotated[Path | None, Option(help="Folder for all tables, a file each.")] = None,
    format_: Annotated[Format, Option("--format", help="Of the tables.")] = Format.csv,
    plotly: Annotated[
        Plotly, Option(help="Where plotly.js is: in the page, beside it, or on the web.")
    ] = Plotly.inline,
) -> None:
    """Write a page on a study, and its tables; the storage is only read."""
    from tuneflow.reporting.sources import report as report_on

    found = cast("Report", report_on(storage, study))  # of a storage, never of a comparison
    if out.suffix == ".md":
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(found.to_markdown(), encoding="utf-8")
    else:
        found.save(out, plotly=plotly.value)
    if tables:
        tables.mkdir(parents=True, exist_ok=True)
        for name, frame in found.tables.items():
            _write(frame, tables / f"{name}.{format_.value}")
    typer.echo(_told(found, out, tables))


def _write(frame: pd.DataFrame, path: Path) -> None:
    if path.suffix == ".csv":
        frame.to_csv(path)
        return
    from tuneflow.errors import MissingExtra

    mixed = [name for name in frame.columns if frame[name].dtype == object]
    frame = frame.astype(dict.fromkeys(mixed, "str"))  # parquet has one type a column
    try:
        frame.to_parquet(path)
    except ImportError as error:
        raise MissingExtra(
            "--format parquet: it needs pyarrow. pip install 'tuneflow[parquet]'"
        ) from error


def _told(found: Report, out: Path, tables: Path | None) -> str:
    also = f", {len(found.tables)} tables in {tables}" if tables else ""
    others = len(found.records) - 1
    more = f"\n{others} more in the storage; --study NAME is about another." if others else ""
    return f"{found.record.name}: {found.panels[bool(others)].note}\nSaved: {out}{also}.{more}"


def dashboard(
    storage: Where,
    *,
    study: Study = None,
    port: Annotated[int, Option(min=0, max=65535, help="Of 127.0.0.1; 0 for a free one.")] = 8050,
    browser: Annotated[bool, Option(help="Open it in a browser.")] = True,
) -> None:
    """Follow running studies on a live page; the storage is only read."""
    from tuneflow.reporting.sources import serve

    serve(storage, study, port=port, browser=browser)
