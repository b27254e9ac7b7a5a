"""Panels to a tree of elements, the tree to one HTML document, and how a document is shown."""

import base64
import hashlib
import sys
import tempfile
import webbrowser
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Literal, TypeAlias

from tuneflow.reporting.figures.style import Drawing, label
from tuneflow.reporting.format import count, parameter_value, plain
from tuneflow.reporting.page.markup import Node, as_json, grid, html, node, table
from tuneflow.reporting.panels import Panel

MOST_ROWS = 2_000  # of a table under a figure; the table of trials is there in full
# Panels, each with its table, that show the table openly; elsewhere it is folded away.
OPEN = {"failures": "failures", "verdict": "ranking", "each": "each", "pairs": "tests"}


@dataclass(frozen=True)
class Page:
    """All that a page shows.

    Attributes:
        name: The name of the study or the comparison, which is the title of the document.
        headline: What the page is about, in large letters.
        content: Everything below.
    """

    name: str
    headline: Node
    content: Node


def page_of_panels(name: str, subject: str, panels: Sequence[Panel]) -> Page:
    """The page of a report: its name below a word on what it is about, and its panels."""
    kicker = node("p", plain(subject), class_="kicker")
    return Page(name, node("div", kicker, node("h1", plain(name))), content(panels))


def content(panels: Sequence[Panel]) -> Node:
    """All of a page below its headline."""
    links = [node("li", node("a", panel.title, href=f"#{panel.key}")) for panel in panels]
    contents = node("nav", node("ol", *links), class_="contents", aria_label="Contents")
    sections = []
    for panel in panels:
        title = node("h2", panel.title, id=f"{panel.key}-title")
        parts = [title, node("p", panel.note, class_="note"), *_findings(panel), *_table(panel)]
        attributes = {"id": panel.key, "aria_labelledby": f"{panel.key}-title"}
        sections.append(node("section", *parts, **attributes))
    return node("div", contents, node("main", *sections, id="main"), class_="page")


def _findings(panel: Panel) -> Iterator[Node]:
    """What stands above the table of a panel: numbers, parameters, warnings, figures."""
    if panel.cards:
        cards = [
            node("div", node("dt", title), node("dd", value), node("dd", meaning, class_="small"))
            for title, value, meaning in panel.cards
        ]
        yield node("dl", *cards, class_="cards")
    if panel.params:
        chips = (f"{plain(k)} {plain(parameter_value(v))}" for k, v in panel.params.items())
        yield _list(chips, "chips", "Best parameters")
    if panel.warnings:
        yield _list(panel.warnings, "warnings", "To be known")
    if panel.figures:
        small = panel.key == "slices"
        alone = len(panel.figures) == 1 and not small
        figures = [_figure(drawing, titled=not alone) for drawing in panel.figures]
        yield node("div", *figures, class_="figures many" if small else "figures")


def _list(items: Iterable[str], class_: str, name: str) -> Node:
    return node("ul", *(node("li", item) for item in items), class_=class_, aria_label=name)


def _figure(drawing: Drawing, *, titled: bool) -> Node:
    # plotly keeps the zoom of a live figure for as long as its uirevision stays the same.
    layout = {**drawing.layout, "uirevision": label(drawing.key)}
    caption = [node("strong", plain(drawing.title))] if titled else []
    caption += [node("span", drawing.note)] if drawing.note else []
    spec, room = as_json({**drawing.spec, "layout": layout}), f"min-height:{layout['height']}px"
    image = {"role": "img", "aria_label": plain(drawing.alt), "style": room}
    plot = node("div", class_="plot", data_spec=spec, **image)
    return node("figure", node("figcaption", *caption), plot)


def _table(panel: Panel) -> Iterator[Node]:
    """The table of a panel: open where the table is the panel, folded away under its figures."""
    if panel.key == "trials":
        yield grid(panel.frame, "All trials")
        return
    if panel.code:
        yield node("pre", node("code", plain(panel.code)), tabindex="0")
    if panel.frame.empty:
        return
    if panel.table == "trials":  # the page's script copies it from the panel of all trials
        element = node("div", class_="grid", data_caption="All trials", data_source="trials")
    else:
        element = table(panel.frame, panel.title, MOST_ROWS)
    if OPEN.get(panel.key) == panel.table:
        yield element
    else:
        summary = f"Table: {panel.table}, {count(len(panel.frame), 'row')}"
        yield node("details", node("summary", summary), element)


Plotly: TypeAlias = Literal["inline", "directory", "cdn"]

LIBRARY = "plotly.min.js"
ASSETS = files("tuneflow.reporting.page") / "assets"


def write(path: str | Path, page: Page, plotly: Plotly) -> Path:
    """Write a page to one file; beside it plotly.js, if that is to come from the directory."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if plotly == "directory":
        (path.parent / LIBRARY).write_bytes(library())
    path.write_bytes(document(page, plotly))
    return path


def document(page: Page, plotly: Plotly = "inline") -> bytes:
    """One HTML document. A policy in it allows the scripts that it comes with, and no other."""
    tag, source = _plotly(plotly)
    script = asset("page.js")
    parts = {
        "title": html(plain(page.name)),
        "policy": f"{source} '{_digest(script.encode())}'",
        "style": asset("page.css"),
        "headline": html(page.headline),
        "content": html(page.content),
        "script": script,
    }
    head, tail = asset("page.html").split("$plotly")  # five megabytes are joined, not searched
    return tag.join(Template(part).substitute(parts).encode() for part in (head, tail))


def _plotly(where: Plotly) -> tuple[bytes, str]:
    """The tag that loads plotly.js, and the source that the page's policy allows for it."""
    if where == "inline":
        return b"<script>%b</script>" % library(), f"'{_digest(library())}'"
    if where == "directory":
        return f'<script src="{LIBRARY}"></script>'.encode(), "'self' file:"
    from plotly.offline import get_plotlyjs_version

    source = "https://cdn.plot.ly"
    checked = f'integrity="{_digest(library())}" crossorigin="anonymous"'
    tag = f'<script src="{source}/plotly-{get_plotlyjs_version()}.min.js" {checked}></script>'
    return tag.encode(), source


@cache
def library() -> bytes:
    """plotly.js, as the Python package brings it."""
    return (files("plotly") / "package_data" / LIBRARY).read_bytes()


def asset(name: str) -> str:
    """A file of the page: its frame, its style, its script."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _digest(script: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}"


HEIGHT = 900  # pixels, below a cell


def display(page: Page) -> None:
    """Show a page: in a notebook below the cell, otherwise in the browser."""
    html = document(page)
    if (shell := notebook_shell()) is not None:
        frame = framed(html.decode())
        shell.display_pub.publish({"text/html": frame, "text/plain": "a report"})
        return
    # The file stays until the system tidies up: the browser reads it when it likes.
    with tempfile.NamedTemporaryFile(suffix=".html", prefix="tuneflow-", delete=False) as file:
        file.write(html)
    webbrowser.open(Path(file.name).as_uri())


def framed(document: str) -> str:
    """A page inside another one, apart from its styles and scripts."""
    return (
        f'<iframe title="report" style="width:100%;border:0" height="{HEIGHT}" '
        f'sandbox="allow-scripts" srcdoc="{escape(document)}"></iframe>'
    )


def notebook_shell() -> Any:
    """The IPython shell of the notebook that runs this; None outside of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if shell is not None and hasattr(shell, "kernel") else None
