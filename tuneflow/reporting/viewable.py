"""What every report can do: be shown, saved, written as text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.markdown import markdown
from tuneflow.reporting.page.content import Page, content
from tuneflow.reporting.page.display import display
from tuneflow.reporting.page.document import Plotly, write
from tuneflow.reporting.page.markup import html
from tuneflow.reporting.panels import Panel

if TYPE_CHECKING:
    import plotly.graph_objects as go


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
        return markdown(self.page.name, self.panels)

    def _repr_html_(self) -> str:
        return html(content(self.panels[:1]))

    def __repr__(self) -> str:
        lines = [f"  {panel.title}: {panel.note}" for panel in self.panels]
        return "\n".join([f"Report on {self.page.name!r}", *lines])
