"""Elements of a page, as a tree: one renderer makes text of it, another Dash components.

Every text and every attribute is escaped where the tree becomes text, and nowhere else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from tuneflow.reporting.format import number, plain

if TYPE_CHECKING:
    import pandas as pd

VOID = {"input", "meta", "link", "br"}
MOST_CELLS = 600  # of a plain table; a longer one is turned over page by page
LONG = 40  # characters, from which a cell may have several lines
Child: TypeAlias = "Node | str"


@dataclass(frozen=True)
class Node:
    """An element: its tag, its attributes and what is in it."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()


def node(tag: str, *children: Child, **attributes: str) -> Node:
    """An element; ``class_`` is ``class``, and ``data_key`` is ``data-key``."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return Node(tag, named, children)


def html(element: Child) -> str:
    """An element as text.

    >>> html(node("p", "<script>", class_="a"))
    "<p class='a'>&lt;script&gt;</p>"
    """
    if isinstance(element, str):
        return escape(element, quote=False)
    attributes = "".join(f" {key}='{_quoted(v)}'" for key, v in element.attributes.items())
    opened = f"<{element.tag}{attributes}>"
    if element.tag in VOID:
        return opened
    return f"{opened}{''.join(map(html, element.children))}</{element.tag}>"


def _quoted(value: str) -> str:
    """For single quotes: JSON is full of double ones, which then stay as they are."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")


def as_json(value: Any) -> str:
    """JSON without spaces; of NaN and infinities nothing may be left in it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def table(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table: plain if it is short, otherwise one to sort, filter and turn over."""
    shown = frame.reset_index() if frame.index.name else frame
    short = len(shown) * shown.shape[1] <= MOST_CELLS
    return _plain(shown, caption) if short else grid(frame, caption, most)


def grid(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table to sort, filter and turn over; its first `most` rows only, if given."""
    shown = frame.reset_index() if frame.index.name else frame
    empty = [
        name for name in shown.columns if shown[name].isna().all() or (shown[name] == "").all()
    ]
    shown = shown.drop(columns=empty)  # what nobody knows takes no room on the page
    cut = shown if most is None else shown.head(most)
    data = {
        "columns": [plain(name) for name in shown.columns],
        "data": [_values(cut[name]) for name in shown.columns],
    }
    note = "" if len(cut) == len(shown) else f" The first {len(cut):,} of {len(shown):,} rows."
    return node(
        "div",
        class_="grid",
        data_caption=plain(caption) + note,
        data_rows=as_json(data),
        role="region",
        aria_label=plain(caption),
    )


def _plain(frame: pd.DataFrame, caption: str) -> Node:
    heads = [_head(name, frame[name]) for name in frame.columns]
    rows = [node("tr", *_cells(row)) for row in frame.itertuples(index=False, name=None)]
    return node(
        "div",
        node(
            "table",
            node("caption", plain(caption)),
            node("thead", node("tr", *heads)),
            node("tbody", *rows),
        ),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=plain(caption),
    )


def _head(name: Any, column: pd.Series[Any]) -> Node:
    right = {"class_": "number"} if column.dtype.kind in "if" else {}
    return node("th", plain(name), scope="col", **right)


def _cells(row: tuple[Any, ...]) -> Iterator[Node]:
    for value in row:
        if is_number(value):
            yield node("td", cell(value), class_="number")
        elif len(text := cell(value)) > LONG:
            yield node("td", text, class_="long")
        else:
            yield node("td", text)


def is_number(value: Any) -> bool:
    """Whether a value is set flush right."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def cell(value: Any) -> str:
    """A value of a frame as text; what is missing is nothing."""
    import pandas as pd

    if value is None or value is pd.NA or value is pd.NaT:
        return ""
    if isinstance(value, float):
        return "" if math.isnan(value) else number(value)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return plain(value)


def _values(column: pd.Series[Any]) -> Any:
    """A column as JSON: numbers stay numbers, for sorting; the rest is text, told once each."""
    if column.dtype.kind == "f":
        return [_finite(value) for value in column]
    if column.dtype.kind == "i":
        return [
            None if missing else int(value)
            for value, missing in zip(column, column.isna(), strict=True)
        ]
    if column.dtype.kind == "M":
        return list(column.dt.strftime("%Y-%m-%d %H:%M:%S").where(column.notna(), ""))
    values = [_mixed(value) for value in column]
    told = {value: at for at, value in enumerate(dict.fromkeys(values))}
    if len(told) > len(values) / 2 or not all(isinstance(value, str) for value in told):
        return values
    return {"of": list(told), "at": [told[value] for value in values]}


def _mixed(value: Any) -> Any:
    if is_number(value):
        return _finite(float(value)) if isinstance(value, float) else int(value)
    return cell(value)


def _finite(value: float) -> Any:
    if math.isfinite(value):
        short = float(f"{value:.5g}")
        return int(short) if short.is_integer() and abs(short) < 1e15 else short
    return None if math.isnan(value) else number(value)
