"""One study, read once: all that tables are made from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING

from tuneflow.errors import StudyError
from tuneflow.storage.records import (
    Header,
    HoldoutRecord,
    TrialRecord,
    read_header,
    read_holdout,
    read_trial_record,
)

if TYPE_CHECKING:
    import optuna

    Trial = optuna.trial.FrozenTrial

RUNG = 3  # number of folds, budget and score; what is not that is no rung


@dataclass(frozen=True)
class StudyRecord:
    """What a storage says about one study, at one moment.

    Attributes:
        name: The study's name.
        maximize: Whether more is better.
        trials: Every trial, by number.
        entries: What tuneflow wrote on each of them; None where it wrote nothing.
        header: What tuneflow wrote on the study; None if it did not make it.
        aside: What models score on rows kept aside; None if there are none.
    """

    name: str
    maximize: bool
    trials: tuple[Trial, ...]
    entries: tuple[TrialRecord | None, ...]
    header: Header | None
    holdout: HoldoutRecord | None = None

    @property
    def sign(self) -> int:
        """What a score is multiplied by, so that more is better."""
        return 1 if self.maximize else -1

    @property
    def scoring(self) -> str:
        """What the score is called."""
        return self.header.scoring if self.header else "score"

    @property
    def subject(self) -> tuple[str, ...] | None:
        """What scores share that can be compared: metric, table and folds; None if that is not
        known."""
        return (self.scoring, self.header.data, self.header.folds) if self.header else None

    @property
    def first_point(self) -> str:
        """What the first point is called: only tuneflow is known to begin with the defaults."""
        return "the defaults" if self.header else "the first trial"

    @cached_property
    def scored(self) -> tuple[Trial, ...]:
        """Complete trials whose score is a finite number."""
        return tuple(trial for trial in self.trials if is_scored(trial))

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; those that were scored on all folds come first."""
        return max(self.scored, key=self._merit, default=None)

    @cached_property
    def baseline(self) -> Trial | None:
        """The first point, which is the defaults in tuneflow's studies."""
        first = self.trials[0].params if self.trials else None
        return next((trial for trial in self.scored if trial.params == first), None)

    @cached_property
    def spaces(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """The distribution of every parameter, as it was last."""
        return {name: dist for trial in self.trials for name, dist in trial.distributions.items()}

    def entry(self, trial: Trial | None) -> TrialRecord | None:
        """What tuneflow wrote on a trial."""
        return None if trial is None else self.entries[trial.number]

    def _merit(self, trial: Trial) -> tuple[int, float, int]:
        entry = self.entry(trial)
        return (len(entry.scores) if entry else 0, self.sign * score_of(trial), -trial.number)


def read(study: optuna.Study) -> StudyRecord:
    """Read a study.

    Raises:
        StudyError: It has several objectives, or a later version of tuneflow wrote it.
    """
    if len(study.directions) != 1:
        raise StudyError(
            f"study {study.study_name!r}: a report is about one objective; "
            f"got {len(study.directions)}. Optuna's own plots draw Pareto fronts."
        )
    trials = tuple(study.get_trials(deepcopy=False))
    return StudyRecord(
        study.study_name,
        study.direction.name == "MAXIMIZE",
        trials,
        tuple(_entry(trial) for trial in trials),
        read_header(study),
        read_holdout(study),
    )


def last_touched(records: Sequence[StudyRecord]) -> int:
    """Which study was worked on last; the first of equals."""
    times = [
        max((time for trial in r.trials for time in _times(trial)), default=None) for r in records
    ]
    known = [(time, -at) for at, time in enumerate(times) if time is not None]
    return -max(known)[1] if known else 0


def _times(trial: Trial) -> list[datetime]:
    return [time for time in (trial.datetime_start, trial.datetime_complete) if time is not None]


def is_scored(trial: Trial) -> bool:
    """Whether a trial came to a score that can be compared."""
    return trial.state.name == "COMPLETE" and math.isfinite(score_of(trial))


def score_of(trial: Trial | None) -> float:
    """The score of a complete trial; NaN otherwise."""
    if trial is None or trial.state.name != "COMPLETE" or trial.value is None:
        return math.nan
    return float(trial.value)


def seconds_of(trial: Trial) -> float:
    """Wall clock from start to end; NaN for a trial that has not ended."""
    return math.nan if trial.duration is None else trial.duration.total_seconds()


def _entry(trial: Trial) -> TrialRecord | None:
    """An entry whose nulls, which JSON has for NaN, are numbers again."""
    entry = read_trial_record(trial)
    if entry is None:
        return None
    entry.scores = [_number(score) for score in entry.scores]
    entry.curve = [
        (int(at[0]), float(at[1]), _number(at[2])) for at in entry.curve if len(at) == RUNG
    ]
    return entry


def _number(score: float | None) -> float:
    return math.nan if score is None else float(score)
