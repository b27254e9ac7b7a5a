"""`report()` and `Report`: studies, read once, become tables, figures and a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import optuna
import pandas as pd

from tuneflow.errors import StudyError, did_you_mean
from tuneflow.reporting.comparison import ComparisonReport
from tuneflow.reporting.figures.all_figures import drawings
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.live import app
from tuneflow.reporting.live.app import LiveState, StudyList, StudySource
from tuneflow.reporting.page.document import Page, page_of_panels
from tuneflow.reporting.panels import Panel, panels
from tuneflow.reporting.tables import parameters, studies, trials
from tuneflow.reporting.viewable import Viewable
from tuneflow.storage.read_only import open_source
from tuneflow.storage.study_record import StudyRecord, last_touched, read_study


@dataclass(frozen=True, repr=False)
class Report(Viewable):
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
    source: StudySource = field(default=StudyList(()), compare=False)

    @classmethod
    def of(cls, studies: Sequence[optuna.Study], source: StudySource | None = None) -> Report:
        """A report on studies; each is read once, now.

        Raises:
            StudyError: There is none, or one has several objectives.
        """
        if not studies:
            raise StudyError("report: a study is needed; got none.")
        records = tuple(read_study(study) for study in studies)
        return cls(records, last_touched(records), source or StudyList(tuple(studies)))

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
        all_trials = trials.trials(record)
        return {
            "trials": all_trials,
            "folds": trials.folds(record),
            "holdout": trials.holdout(record.holdout),
            "rungs": trials.rungs(record),
            "best": studies.best(record),
            "parameters": parameters.parameters(record),
            "cost": trials.cost(all_trials, record),
            "timeline": trials.timeline(all_trials),
            "failures": trials.failures(record),
            "studies": studies.studies(self.records),
            "header": studies.header(record),
        }

    @cached_property
    def drawings(self) -> Mapping[str, Drawing]:
        """The figures as they stand on the page, each with what it says in words."""
        return drawings(self.records, self.record, self.tables)

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """What the page is made of."""
        return tuple(panels(self.records, self.record, self.tables, self.drawings))

    @cached_property
    def page(self) -> Page:
        """The page as a tree of elements, before it is written, shown or served."""
        header = self.record.header
        subject = f"{header.recipe}, {header.task}" if header else "an Optuna study"
        return page_of_panels(self.record.name, subject, self.panels)

    def serve(self, *, port: int = 8050, browser: bool = True) -> None:
        """Follow the studies on a live page on 127.0.0.1, until Ctrl-C.

        Raises:
            StudyError: The port is in use.
            MissingExtra: The extra ``live`` is not installed.
        """
        app.serve(LiveState(self.source, page_of, self.record.name), port=port, browser=browser)


def page_of(records: tuple[StudyRecord, ...]) -> Page:
    """The page about the first of some studies, beside the others."""
    return Report(records).page


def report(x: Any, study_name: str | None = None) -> Report | ComparisonReport:
    """Report on studies: tables, figures, and one page of both.

    Args:
        x: A :class:`Result`, a :class:`Comparison`, an Optuna study, a list of results or studies,
            or a storage that exists: a file name, a URL or an Optuna storage. It is read once, and
            never written to.
        study_name: Which study the report is about, where there are several; by default the one
            that was touched last. The others are compared with it. Of a comparison, one table.

    Returns:
        The report: ``.tables``, ``.figures``, ``.save("page.html")``, ``.show()``.

    Raises:
        StudyError: There is no such storage or study, or it has several objectives.
        MissingExtra: A database driver is not installed.

    >>> import optuna, tuneflow as tf
    >>> study = optuna.create_study(study_name="parabola")
    >>> study.optimize(lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=5)
    >>> tf.report(study).tables["studies"].loc["parabola", "trials"]
    np.int64(5)
    """
    if hasattr(x, "verdict"):  # a Comparison makes its own report
        of_comparison: ComparisonReport = x.report(study_name)
        return of_comparison
    if isinstance(x, str | Path) or hasattr(x, "get_all_studies"):
        source = open_source(x)
        if not (stored := source.studies()):
            raise StudyError("report: the storage holds no study yet.")
        readable = [each for each in stored if len(each.directions) == 1]  # others hide none
        wanted = readable if study_name in (None, *(s.study_name for s in readable)) else stored
        of_studies = Report.of(wanted or stored, source)
        source.release()
    else:
        parts = x if isinstance(x, list | tuple) else [x]
        studies: list[Any] = [getattr(part, "study", part) for part in parts]  # a Result has one
        for study in studies:
            if not hasattr(study, "get_trials"):
                kind = type(study).__name__
                raise StudyError(f"report: a result, studies or a storage is needed; got {kind}.")
        of_studies = Report.of(studies)
    return of_studies if study_name is None else of_studies.about(study_name)


def serve(
    storage: Any, study_name: str | None = None, *, port: int = 8050, browser: bool = False
) -> None:
    """Show a live page on 127.0.0.1 that follows the studies of a storage, until Ctrl-C.

    Args:
        storage: A file name, a URL or an Optuna storage; it is never written to.
        study_name: The study shown first; by default the one touched last.
        port: Of 127.0.0.1; 0 for any that is free.
        browser: Open it in a browser.

    Raises:
        StudyError: There is no such storage or study, or the port is in use.
        MissingExtra: The extra ``live`` is not installed.
    """
    source = open_source(storage)
    source.studies(None if study_name is None else [study_name])
    app.serve(LiveState(source, page_of, study_name), port=port, browser=browser)
