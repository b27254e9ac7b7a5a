"""Elements of a page, as a tree: one renderer makes text of it, another Dash components.

Every text and every attribute is escaped where the tree becomes text, and nowhere else.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeAlias

import pandas as pd

from tuneflow.reporting.format import number, plain

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
    children = "".join(map(html, element.children))
    return f"<{element.tag}{attributes}>{children}</{element.tag}>"


def _quoted(value: str) -> str:
    """For single quotes: JSON is full of double ones, which then stay as they are."""
    return value.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")


def as_json(value: Any) -> str:
    """JSON without spaces; of NaN and infinities nothing may be left in it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def table(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table: plain if it is short, otherwise one to sort, filter and turn over."""
    frame = _with_index(frame)
    short = len(frame) * frame.shape[1] <= MOST_CELLS
    return _static(frame, caption) if short else grid(frame, caption, most)


def grid(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table to sort, filter and turn over; its first `most` rows only, if given."""
    frame = _with_index(frame)
    frame = frame.loc[:, ~(frame.isna() | (frame == "")).all()]  # an empty column takes no room
    rows = frame if most is None else frame.head(most)
    data = {
        "columns": [plain(name) for name in frame.columns],
        "data": [_values(rows[name]) for name in frame.columns],
    }
    note = "" if len(rows) == len(frame) else f" The first {len(rows):,} of {len(frame):,} rows."
    return node(
        "div",
        class_="grid",
        data_caption=plain(caption) + note,
        data_rows=as_json(data),
        role="region",
        aria_label=plain(caption),
    )


def _with_index(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.reset_index() if frame.index.name else frame


def _static(frame: pd.DataFrame, caption: str) -> Node:
    heads = [_head(name, frame[name]) for name in frame.columns]
    rows = [node("tr", *map(_cell, row)) for row in frame.itertuples(index=False, name=None)]
    head, body = node("thead", node("tr", *heads)), node("tbody", *rows)
    return node(
        "div",
        node("table", node("caption", plain(caption)), head, body),
        class_="scroll",
        tabindex="0",
        role="region",
        aria_label=plain(caption),
    )


def _head(name: Any, column: pd.Series[Any]) -> Node:
    right = {"class_": "number"} if column.dtype.kind in "if" else {}
    return node("th", plain(name), scope="col", **right)


def _cell(value: Any) -> Node:
    text = cell(value)
    kind = "number" if _is_number(value) else "long" if len(text) > LONG else ""
    return node("td", text, **({"class_": kind} if kind else {}))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cell(value: Any) -> str:
    """A value of a frame as text; what is missing is nothing."""
    import pandas as pd

    if pd.api.types.is_scalar(value) and pd.isna(value):
        return ""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return plain(value)


def _values(column: pd.Series[Any]) -> Any:
    """A column as JSON: numbers stay numbers, for sorting; texts that repeat are written once."""
    if column.dtype.kind == "i":
        return column.astype(object).where(column.notna(), None).tolist()
    values = [_value(value) for value in column]
    places = {value: at for at, value in enumerate(dict.fromkeys(values))}
    repeats = len(places) <= len(values) / 2 and all(isinstance(value, str) for value in places)
    if column.dtype.kind in "fM" or not repeats:
        return values
    return {"of": list(places), "at": [places[value] for value in values]}


def _value(value: Any) -> Any:
    """A number with five digits, or a text; JSON has no infinities, and null for NaN."""
    if not _is_number(value):
        return cell(value)
    if isinstance(value, int):
        return int(value)
    if not math.isfinite(value):
        return None if math.isnan(value) else number(value)
    short = float(f"{value:.5g}")
    return int(short) if short.is_integer() and abs(short) < 1e15 else short
