"""Tables and values, written as Markdown."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table of Markdown."""
    head = list(head)
    lines = [
        head,
        ["---"] * len(head),
        *([cell.replace("|", r"\|") for cell in row] for row in rows),
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def toctree(names: Iterable[str]) -> str:
    """A list of pages, which is their place in the navigation, too."""
    return "\n".join(["```{toctree}", ":maxdepth: 1", "", *names, "```", ""])


def values(several: Iterable[Any]) -> str:
    """Values, one after the other."""
    return ", ".join(map(value, several))


def value(one: Any) -> str:
    """A value as TOML has it; nothing for nothing."""
    if one is None or isinstance(one, dict | list):
        return ""
    if isinstance(one, float):
        return f"{one:g}"
    return json.dumps(one) if isinstance(one, bool) else str(one)
