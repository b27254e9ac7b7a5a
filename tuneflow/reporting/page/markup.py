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

import numpy as np
import pandas as pd

from tuneflow.reporting.format import number, plain

MOST_CELLS = 600  # of a plain table; a longer one is turned over page by page
LONG = 40  # characters, from which a cell may have several lines
# Of attributes in single quotes: the double ones, of which JSON is full, stay as they are.
QUOTED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#39;"})
Child: TypeAlias = "Node | str"


@dataclass(frozen=True)
class Node:
    """An element: its tag, its attributes and what is in it."""

    tag: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()


def node(tag: str, *children: Child, **attributes: str) -> Node:
    """An element; ``class_`` is ``class``, ``data_key`` is ``data-key``; no empty attribute."""
    named = {key.rstrip("_").replace("_", "-"): value for key, value in attributes.items()}
    return Node(tag, {key: value for key, value in named.items() if value}, children)


def html(element: Child) -> str:
    """An element as text.

    >>> html(node("p", "<script>", class_="a"))
    "<p class='a'>&lt;script&gt;</p>"
    """
    if isinstance(element, str):
        return escape(element, quote=False)
    quoted = {key: value.translate(QUOTED) for key, value in element.attributes.items()}
    attributes = "".join(f" {key}='{value}'" for key, value in quoted.items())
    return f"<{element.tag}{attributes}>{''.join(map(html, element.children))}</{element.tag}>"


def as_json(value: Any) -> str:
    """JSON without spaces; of NaN and infinities nothing may be left in it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def table(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table: plain if it is short, otherwise one to sort, filter and turn over."""
    frame = frame.reset_index() if frame.index.name else frame
    if len(frame) * frame.shape[1] > MOST_CELLS:
        return grid(frame, caption, most)
    heads = [
        node("th", plain(name), scope="col", class_="number" if column.dtype.kind in "if" else "")
        for name, column in frame.items()
    ]
    rows = [node("tr", *map(_cell, row)) for row in frame.itertuples(index=False, name=None)]
    head, body = node("thead", node("tr", *heads)), node("tbody", *rows)
    content = node("table", node("caption", plain(caption)), head, body)
    more = {"role": "region", "aria_label": plain(caption)}
    return node("div", content, class_="scroll", tabindex="0", **more)


def _cell(value: Any) -> Node:
    text = cell(value)
    kind = "number" if _is_number(value) else "long" if len(text) > LONG else ""
    return node("td", text, class_=kind)


def grid(frame: pd.DataFrame, caption: str, most: int | None = None) -> Node:
    """A frame as a table to sort, filter and turn over; its first `most` rows only, if given."""
    frame = frame.reset_index() if frame.index.name else frame
    frame = frame.loc[:, ~(frame.isna() | (frame == "")).all()]  # an empty column takes no room
    rows = frame if most is None else frame.head(most)
    columns, data = [plain(name) for name in rows.columns], [_values(rows[name]) for name in rows]
    note = "" if len(rows) == len(frame) else f" The first {len(rows):,} of {len(frame):,} rows."
    text = {"data_caption": plain(caption) + note, "aria_label": plain(caption), "role": "region"}
    rows_as_json = as_json({"columns": columns, "data": data})
    return node("div", class_="grid", data_rows=rows_as_json, **text)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def cell(value: Any) -> str:
    """A value of a frame as text; what is missing is nothing."""
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
    if column.dtype.kind in "fM" or not all(isinstance(value, str) for value in values):
        return values
    at, texts = pd.factorize(np.array(values, dtype=object))
    return {"of": list(texts), "at": at.tolist()} if len(texts) <= len(values) / 2 else values


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
