"""`Report`: one study or several, read once; tables, figures, a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tuneflow.errors import StudyError, did_you_mean
from tuneflow.reporting import about, costs, tables
from tuneflow.reporting import holdout as outside
from tuneflow.reporting.figures.all_figures import drawings
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.live.app import serve
from tuneflow.reporting.live.source import GivenStudies, StudySource
from tuneflow.reporting.page.content import Page, content, study_page
from tuneflow.reporting.page.display import display
from tuneflow.reporting.page.document import Plotly, write
from tuneflow.reporting.page.markup import html
from tuneflow.reporting.panels import Panel, panels
from tuneflow.reporting.parameters import parameters
from tuneflow.reporting.text import markdown
from tuneflow.storage.study_record import StudyRecord, last_touched, read_study

if TYPE_CHECKING:
    import optuna
    import pandas as pd
    import plotly.graph_objects as go


@dataclass(frozen=True)
class Report:
    """What a study says: tables, figures, and a page of both.

    Attributes:
        records: The studies, each read once.
        chosen: Which of them the panels are about; the others stand in the table of studies.
        source: Where they came from, for a page that follows them.

    >>> import optuna
    >>> study = optuna.create_study()
    >>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=5)
    >>> report = Report.of([study])
    >>> list(report.tables["trials"].columns[:4])
    ['state', 'score', 'rank', 'improvement']
    """

    records: tuple[StudyRecord, ...]
    chosen: int = 0
    source: StudySource | None = field(default=None, repr=False, compare=False)

    @classmethod
    def of(cls, studies: Sequence[optuna.Study], source: StudySource | None = None) -> Report:
        """A report on studies; each is read once, now.

        Raises:
            StudyError: There is none, or one has several objectives.
        """
        if not studies:
            raise StudyError("report: a study is needed; got none.")
        records = tuple(read_study(study) for study in studies)
        return cls(records, last_touched(records), source or GivenStudies(tuple(studies)))

    def about(self, name: str) -> Report:
        """The same, with the panels about another of its studies.

        Raises:
            StudyError: There is no study of that name.
        """
        names = [record.name for record in self.records]
        if name not in names:
            raise StudyError(f"report: there is no study {name!r}. {did_you_mean(name, names)}")
        return replace(self, chosen=names.index(name))

    @property
    def record(self) -> StudyRecord:
        """The study that the panels are about."""
        return self.records[self.chosen]

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Frames by name: what the page tells, to go on with. Their functions say what is in them.

        ``trials``, ``folds``, ``holdout``, ``rungs``, ``best``, ``parameters``, ``cost``,
        ``timeline``, ``failures``, ``studies`` and ``header``.
        """
        record = self.record
        trials = tables.trials(record)
        return {
            "trials": trials,
            "folds": tables.folds(record),
            "holdout": outside.holdout(record.holdout),
            "rungs": tables.rungs(record),
            "best": about.best(record),
            "parameters": parameters(record),
            "cost": costs.cost(trials, record),
            "timeline": costs.timeline(trials),
            "failures": costs.failures(trials, record),
            "studies": about.studies(self.records),
            "header": about.header(record),
        }

    @cached_property
    def drawings(self) -> Mapping[str, Drawing]:
        """The figures as they stand on the page, each with what it says in words."""
        return drawings(self.records, self.record, self.tables)

    @cached_property
    def figures(self) -> Mapping[str, go.Figure]:
        """Plotly figures by name, to change and to export."""
        import plotly.graph_objects as go

        return {key: go.Figure(drawing.spec) for key, drawing in self.drawings.items()}

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """What the page is made of."""
        return tuple(panels(self.records, self.record, self.tables, self.drawings))

    @cached_property
    def page(self) -> Page:
        """The page as a tree of elements, before it is written, shown or served."""
        return study_page(self.record, self.panels, self.tables)

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

    def serve(self, *, port: int = 8050, browser: bool = True) -> None:
        """Follow the studies on a live page on 127.0.0.1, until Ctrl-C.

        Raises:
            StudyError: The port is in use.
            MissingExtra: The extra ``live`` is not installed.
        """
        source = self.source or GivenStudies(())
        serve(source, page_of, self.record.name, port=port, browser=browser)

    def to_markdown(self) -> str:
        """The findings and the short tables as text, for a README or an issue."""
        return markdown(self.record, self.panels, self.tables)

    def _repr_html_(self) -> str:
        return html(content(self.record, self.panels[:1], self.tables))

    def __repr__(self) -> str:
        told = [f"{panel.title}: {panel.note}" for panel in self.panels]
        return "\n".join([f"Report on {self.record.name!r}", *(f"  {line}" for line in told)])


def page_of(records: tuple[StudyRecord, ...]) -> Page:
    """The page about the first of some studies, beside the others."""
    return Report(records).page
