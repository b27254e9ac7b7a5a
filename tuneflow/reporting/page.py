"""Panels to one page: a tree of elements, and the file that holds it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING, Literal, TypeAlias

from tuneflow.reporting import about
from tuneflow.reporting.figures.style import Drawing, label
from tuneflow.reporting.format import plain
from tuneflow.reporting.markup import Node, as_json, grid, html, node, table
from tuneflow.reporting.panels import Panel
from tuneflow.reporting.parameters import shown
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd

Plotly: TypeAlias = Literal["inline", "directory", "cdn"]

LIBRARY = "plotly.min.js"
MOST_ROWS = 2_000  # of a table under a figure; the table of trials is there in full
AT_HAND = {
    *(("failures", "failures"), ("verdict", "standings"), ("each", "each"), ("pairs", "tests")),
}
ASSETS = files("tuneflow.reporting") / "assets"


def content(
    record: StudyRecord, panels: Sequence[Panel], tables: Mapping[str, pd.DataFrame]
) -> Node:
    """The whole of a report below its headline: contents, and a section a panel."""
    links = [node("li", node("a", panel.title, href=f"#{panel.key}")) for panel in panels]
    sections = [_section(record, panel, tables) for panel in panels]
    return node(
        "div",
        node("nav", node("ol", *links), class_="contents", aria_label="Contents"),
        node("main", *sections, id="main"),
        class_="page",
    )


def headline(record: StudyRecord) -> Node:
    """What the report is about."""
    made = f"{record.header.recipe}, {record.header.task}" if record.header else "an Optuna study"
    return node("div", node("p", plain(made), class_="kicker"), node("h1", plain(record.name)))


def _section(record: StudyRecord, panel: Panel, tables: Mapping[str, pd.DataFrame]) -> Node:
    inside: list[Node] = [
        node("h2", panel.title, id=f"{panel.key}-title"),
        node("p", panel.note, class_="note"),
    ]
    if panel.cards:
        inside.append(node("dl", *map(_card, panel.cards), class_="cards"))
    if panel.key == "verdict" and record.best:
        chips = [
            node("li", f"{plain(k)} {plain(shown(v))}") for k, v in record.best.params.items()
        ]
        inside.append(node("ul", *chips, class_="chips", aria_label="Best parameters"))
    if panel.warnings:
        told = [node("li", warning) for warning in panel.warnings]
        inside.append(node("ul", *told, class_="warnings", aria_label="To be known"))
    if panel.figures:
        many = "figures many" if panel.key == "slices" else "figures"
        alone = len(panel.figures) == 1 and panel.key != "slices"
        drawn = [_figure(drawing, alone) for drawing in panel.figures]
        inside.append(node("div", *drawn, class_=many))
    inside += _tabled(record, panel, tables)
    return node("section", *inside, id=panel.key, aria_labelledby=f"{panel.key}-title")


def _card(card: tuple[str, str, str]) -> Node:
    title, value, meaning = card
    return node("div", node("dt", title), node("dd", value), node("dd", meaning, class_="small"))


def _figure(drawing: Drawing, alone: bool) -> Node:
    layout = {
        **drawing.spec["layout"],
        "uirevision": label(drawing.key),
    }  # a live figure keeps its zoom
    spec = as_json({**drawing.spec, "layout": layout})
    height = f"min-height:{drawing.spec['layout'].get('height', 360)}px"
    alt = plain(drawing.alt)
    plot = node("div", class_="plot", data_spec=spec, role="img", aria_label=alt, style=height)
    words = [] if alone else [node("strong", plain(drawing.title))]  # the panel's title says it
    words += [node("span", drawing.note)] if drawing.note else []
    return node("figure", node("figcaption", *words), plot)


def _tabled(
    record: StudyRecord, panel: Panel, tables: Mapping[str, pd.DataFrame]
) -> Iterator[Node]:
    """The table of a panel: at hand where it is the panel, folded away under its figures."""
    if panel.key == "trials":
        yield grid(tables["trials"], "All trials", None)
        return
    if panel.key == "reproduce":
        yield node("pre", node("code", plain(about.code(record))), tabindex="0")
    frame = tables[panel.table]
    if panel.key == "folds":
        pair = [trial.number for trial in (record.baseline, record.best) if trial]
        frame = frame[frame["number"].isin(pair)]
    if frame.empty:
        return
    if panel.table == "trials":
        inner = node("div", class_="grid", data_caption="All trials", data_source="trials")
    else:
        inner = table(frame, panel.title, MOST_ROWS)
    if (panel.key, panel.table) in AT_HAND:
        yield inner
        return
    rows = f"{len(frame):,} row{'' if len(frame) == 1 else 's'}"
    yield node("details", node("summary", f"Table: {panel.table}, {rows}"), inner)


def write(path: Path, name: str, headed: Node, told: Node, plotly: Plotly) -> Path:
    """Write a document to one file; beside it the library, if that is to come from there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if plotly == "directory":
        (path.parent / LIBRARY).write_bytes(library())
    path.write_bytes(document(name, headed, told, plotly))
    return path


def document(name: str, headed: Node, told: Node, plotly: Plotly = "inline") -> bytes:
    """One HTML document. No other script runs in it than those it comes with."""
    tag, source = _plotly(plotly)
    script = asset("page.js")
    parts = {
        "title": html(plain(name)),
        "policy": f"{source} {_digest(script.encode())}",
        "style": asset("page.css"),
        "headline": html(headed),
        "content": html(told),
        "script": script,
    }
    head, tail = asset("page.html").split("$plotly")  # five megabytes are joined, not searched
    return tag.join(Template(part).substitute(parts).encode() for part in (head, tail))


def _plotly(where: Plotly) -> tuple[bytes, str]:
    """The tag that loads plotly.js, and the source that the page's policy allows for it."""
    if where == "inline":
        return b"<script>%b</script>" % library(), _digest(library())
    if where == "directory":
        return f'<script src="{LIBRARY}"></script>'.encode(), "'self' file:"
    from plotly.offline import get_plotlyjs_version

    url = f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js"
    hashed = _digest(library()).strip("'")
    tag = f'<script src="{url}" integrity="{hashed}" crossorigin="anonymous"></script>'
    return tag.encode(), "https://cdn.plot.ly"


@cache
def library() -> bytes:
    """plotly.js, as the Python package brings it."""
    return (files("plotly") / "package_data" / LIBRARY).read_bytes()


def asset(name: str) -> str:
    """A file of the page: its frame, its style, its script."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _digest(script: bytes) -> str:
    digest = hashlib.sha256(script).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
