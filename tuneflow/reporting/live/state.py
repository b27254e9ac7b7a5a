"""Where a live page finds its studies, what it shows of them, and what it says if it cannot."""

import logging
import textwrap
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

import optuna

from tuneflow.errors import TuneflowError
from tuneflow.reporting.format import plain
from tuneflow.reporting.page.content import Page
from tuneflow.storage.read_only import Source
from tuneflow.storage.study_record import StudyRecord, last_touched, read_study

Records: TypeAlias = tuple[StudyRecord, ...]

LONGEST = 300  # characters of an error's message


@dataclass(frozen=True)
class StudyList:
    """Studies that the caller holds, as opposed to a storage that is opened."""

    items: tuple[optuna.Study, ...]

    def stamp(self) -> Hashable:
        """None: whether a study has changed is known only to whoever runs it."""
        return None

    def names(self) -> list[str]:
        """Names of the studies."""
        return [study.study_name for study in self.items]

    def studies(self, names: Sequence[str] | None = None) -> list[optuna.Study]:
        """The studies, in the order asked for."""
        by_name = dict(zip(self.names(), self.items, strict=True))
        return [by_name[name] for name in (by_name if names is None else names)]


StudySource: TypeAlias = Source | StudyList


@dataclass
class LiveState:
    """What was shown last, and where it came from.

    Attributes:
        source: The studies.
        render: Makes the page: it is about the first of the records, beside the others.
        first: The study that is shown at the start; by default the one touched last.
    """

    source: StudySource
    render: Callable[[Records], Page]
    first: str | None = None
    lock: Any = field(default_factory=Lock)
    _records: Records = ()
    _seen: Hashable = None
    _failure: str = ""

    def names(self) -> list[str]:
        """The studies there are to choose from."""
        with self.lock:
            return self.source.names()

    def look(self, study: str | None, others: Sequence[str]) -> Records:
        """A study, then those that it is compared with; nothing if there is no study yet.

        Where no study is asked for, it is the first one.
        """
        with self.lock:
            stamp = self.source.stamp()
            if stamp is None or (study, *others, stamp) != self._seen or not self._records:
                self._records = self._read(study, others)
                self._seen, self._failure = (study, *others, stamp), ""
            return self._records

    def failure(self, error: Exception) -> str:
        """One sentence on what went wrong; an error that nobody foresaw is logged, once."""
        if isinstance(error, TuneflowError):
            return plain(error)
        cause = error.__cause__ or error  # Optuna's own message guesses at invalid data
        message = textwrap.shorten(plain(f"{type(cause).__name__}: {cause}"), LONGEST)
        if message != self._failure:
            self._failure = message
            logging.getLogger("tuneflow").error("the page is not up to date", exc_info=error)
        return message

    def _read(self, study: str | None, others: Sequence[str]) -> Records:
        names = self.source.names()
        if not names:
            return ()
        chosen = study or (self.first if self.first in names else None)
        if not chosen:  # the one that was touched last, of those that a report can be about
            studies = self.source.studies()
            records = [read_study(each) for each in studies if len(each.directions) == 1]
            chosen = records[last_touched(records)].name if records else names[0]
        wanted = dict.fromkeys([chosen, *(name for name in others if name in names)])
        return tuple(read_study(each) for each in self.source.studies(list(wanted)))


def fingerprint(records: Records) -> str:
    """A text that differs between two looks if there is something new to show."""
    seen = []
    for record in records:
        begun = [trial.datetime_start for trial in record.trials[:1]]
        running = [trial for trial in record.trials if not trial.state.is_finished()]
        steps = [(trial.number, len(trial.intermediate_values)) for trial in running]
        seen.append((record.name, len(record.trials), begun, steps, record.holdout))
    return repr(seen)
