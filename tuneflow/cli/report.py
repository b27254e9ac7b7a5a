"""The commands that look at studies: `report` and `dashboard`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer
from typer import Option

from tuneflow.cli import options
from tuneflow.cli.files import make_folder, write_table

if TYPE_CHECKING:
    from tuneflow.reporting.report import Report


def report(
    storage: options.StoredIn,
    *,
    study: options.StudyName = None,
    out: Annotated[Path, Option(help="The page: an .html file, or .md for Markdown.")],
    tables: Annotated[Path | None, Option(help="Folder for all tables, a file each.")] = None,
    format_: Annotated[
        Literal["csv", "parquet"], Option("--format", help="Of the tables.")
    ] = "csv",
    plotly: Annotated[
        Literal["inline", "directory", "cdn"],
        Option(help="Where plotly.js is: in the page, beside it, or on the web."),
    ] = "inline",
) -> None:
    """Write a page on a study, and its tables; the storage is only read."""
    from tuneflow.reporting import report as reporting

    page = cast("Report", reporting.report(storage, study))  # of a storage, never of a comparison
    if out.suffix == ".md":
        make_folder(out.parent)
        out.write_text(page.to_markdown(), encoding="utf-8")
    else:
        page.save(out, plotly=plotly)
    if tables:
        make_folder(tables)
        for name, frame in page.tables.items():
            write_table(frame, tables / f"{name}.{format_}")
    typer.echo(_summary(page, out, tables))


def _summary(page: Report, out: Path, tables: Path | None) -> str:
    also = f", {len(page.tables)} tables in {tables}" if tables else ""
    others = len(page.records) - 1
    more = f"\n{others} more in the storage; --study NAME is about another." if others else ""
    return f"{page.record.name}: {page.panels[bool(others)].note}\nSaved: {out}{also}.{more}"


def dashboard(
    storage: options.StoredIn,
    *,
    study: options.StudyName = None,
    port: Annotated[int, Option(min=0, max=65535, help="Of 127.0.0.1; 0 for a free one.")] = 8050,
    browser: Annotated[bool, Option(help="Open it in a browser.")] = True,
) -> None:
    """Follow running studies on a live page; the storage is only read."""
    from tuneflow.reporting import report as reporting

    reporting.serve(storage, study, port=port, browser=browser)
