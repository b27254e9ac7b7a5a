"""What a live page shows of the studies that it looks at, and what it says when it cannot."""

from __future__ import annotations

import logging
import textwrap
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from tuneflow.errors import TuneflowError
from tuneflow.reporting.format import plain
from tuneflow.reporting.report import Report
from tuneflow.reporting.source import Watched
from tuneflow.storage.study_record import StudyRecord, last_touched, read

LONGEST = 300  # characters of what went wrong


@dataclass
class Show:
    """What was shown last, and what is looked at.

    Attributes:
        source: The studies.
        first: The study that is shown at the start; by default the one touched last.
    """

    source: Watched
    first: str | None = None
    lock: Any = field(default_factory=Lock)
    _report: Report | None = None
    _seen: Hashable = None
    _failed: str = ""

    def names(self) -> list[str]:
        """The studies there are to choose from."""
        with self.lock:
            return self.source.names()

    def look(self, study: str | None, others: Sequence[str]) -> tuple[Report, str] | None:
        """The report on a study beside others, and its mark; None if there is no study yet.

        Where none is asked for, it is on the first.
        """
        with self.lock:
            stamp = (study, *others, self.source.stamp())
            if stamp[-1] is None or stamp != self._seen or self._report is None:
                self._read(study, others)
                self._seen, self._failed = stamp, ""
            return None if self._report is None else (self._report, _mark(self._report))

    def failure(self, error: Exception) -> str:
        """What went wrong, in words; what nobody foresaw is logged, once."""
        if isinstance(error, TuneflowError):
            return plain(error)
        cause = error.__cause__ or error  # Optuna's own words guess at invalid data
        said = textwrap.shorten(plain(f"{type(cause).__name__}: {cause}"), LONGEST)
        if said != self._failed:
            self._failed = said
            logging.getLogger("tuneflow").error("the page is not up to date", exc_info=error)
        return said

    def _read(self, study: str | None, others: Sequence[str]) -> None:
        known = self.source.names()
        if not known:
            self._report = None
            return
        chosen = study or (self.first if self.first in known else self._latest())
        names = dict.fromkeys([chosen, *(name for name in others if name in known)])
        records = tuple(read(s) for s in self.source.studies(list(names)))
        if self._report is None or self._report.records != records:
            self._report = Report(records)

    def _latest(self) -> str:
        """The study that was touched last, of those that a report can be about."""
        studies = self.source.studies()
        records = [read(s) for s in studies if len(s.directions) == 1]
        return records[last_touched(records)].name if records else studies[0].study_name


def _mark(report: Report) -> str:
    """What differs between two looks, if anything does."""
    return repr(
        [(r.name, len(r.trials), _begun(r), _states(r), r.holdout) for r in report.records]
    )


def _begun(record: StudyRecord) -> str:
    return str(record.trials[0].datetime_start) if record.trials else ""


def _states(record: StudyRecord) -> list[tuple[int, int]]:
    moving = [t for t in record.trials if not t.state.is_finished()]
    return [(t.number, len(t.intermediate_values)) for t in moving]
