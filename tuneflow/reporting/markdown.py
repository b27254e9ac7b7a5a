"""A report as Markdown."""

import re
from collections.abc import Sequence

import pandas as pd

from tuneflow.reporting.format import plain
from tuneflow.reporting.page.markup import cell
from tuneflow.reporting.panels import Panel

MOST_ROWS = 30
_SYNTAX = re.compile(r"([\\`*_{}\[\]<>#|~])")


def markdown(name: str, panels: Sequence[Panel]) -> str:
    """Findings and short tables; long tables are left out."""
    parts = [f"# {escaped(name)}"]
    for panel in panels:
        parts += [f"## {panel.title}", escaped(panel.note)]
        parts += ["\n".join(f"- {escaped(warning)}" for warning in panel.warnings)]
        if panel.code:
            parts.append(f"```python\n{plain(panel.code).replace('```', '')}\n```")
        if 0 < len(panel.frame) <= MOST_ROWS and panel.table != "trials":
            parts.append(table(panel.frame))
    return "\n\n".join(part for part in parts if part) + "\n"


def table(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table."""
    frame = frame.reset_index() if frame.index.name else frame
    rows: list[list[object]] = [list(frame.columns), *frame.map(cell).to_numpy().tolist()]
    lines = [f"| {' | '.join(map(escaped, row))} |" for row in rows]
    return "\n".join([lines[0], f"|{'---|' * frame.shape[1]}", *lines[1:]])


def escaped(text: object) -> str:
    """A text from storage, of which Markdown makes nothing else.

    >>> escaped("<b>a|b")
    '\\\\<b\\\\>a\\\\|b'
    """
    return _SYNTAX.sub(r"\\\1", " ".join(plain(text).split()))
