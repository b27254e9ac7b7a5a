"""Panels to a tree of elements: a list of contents, and a section for every panel."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from tuneflow.reporting.figures.style import Drawing, label
from tuneflow.reporting.format import count, parameter_value, plain
from tuneflow.reporting.page.markup import Node, as_json, grid, node, table
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
        yield grid(panel.frame, "All trials", None)
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
