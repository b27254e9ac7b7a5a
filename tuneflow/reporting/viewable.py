"""What every report can do: be shown, saved, written as text, its tables as Markdown."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.format import plain
from tuneflow.reporting.page.document import Page, Plotly, content, display, write
from tuneflow.reporting.page.markup import cell, html
from tuneflow.reporting.panels import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_ROWS = 30  # of a table as Markdown
_SYNTAX = re.compile(r"([\\`*_{}\[\]<>#|~])")


class Viewable(ABC):
    """A report, which has drawings, panels and a page; all are looked at in the same way."""

    @property
    @abstractmethod
    def drawings(self) -> Mapping[str, Drawing]:
        """The figures as they stand on the page, each with what it says in words."""

    @property
    @abstractmethod
    def panels(self) -> Sequence[Panel]:
        """What the page is made of."""

    @property
    @abstractmethod
    def page(self) -> Page:
        """The page as a tree of elements, before it is written, shown or served."""

    @cached_property
    def figures(self) -> Mapping[str, go.Figure]:
        """Plotly figures by name, to change and to export."""
        import plotly.graph_objects as go

        return {key: go.Figure(drawing.spec) for key, drawing in self.drawings.items()}

    def save(self, path: str | Path, *, plotly: Plotly = "inline") -> Path:
        """Write one HTML file, which opens offline; the same study gives the same bytes.

        Args:
            path: The file.
            plotly: Where plotly.js comes from: ``inline`` (4.8 MB), a file in the same
                ``directory``, which is written too, or a ``cdn``, which needs a network.
        """
        return write(path, self.page, plotly)

    def show(self) -> None:
        """Show the page: in a notebook below the cell, otherwise in the browser."""
        display(self.page)

    def to_markdown(self) -> str:
        """The findings and the short tables as text, for a README or an issue."""
        parts = [f"# {escaped(self.page.name)}"]
        for panel in self.panels:
            parts += [f"## {panel.title}", escaped(panel.note)]
            parts += ["\n".join(f"- {escaped(warning)}" for warning in panel.warnings)]
            if panel.code:
                parts.append(f"```python\n{plain(panel.code).replace('```', '')}\n```")
            if 0 < len(panel.frame) <= MOST_ROWS and panel.table != "trials":
                parts.append(table(panel.frame))
        return "\n\n".join(part for part in parts if part) + "\n"

    def _repr_html_(self) -> str:
        return html(content(self.panels[:1]))

    def __repr__(self) -> str:
        lines = [f"  {panel.title}: {panel.note}" for panel in self.panels]
        return "\n".join([f"Report on {self.page.name!r}", *lines])


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
