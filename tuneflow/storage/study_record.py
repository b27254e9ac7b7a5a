"""A study, read once: what its trials say, for whoever stops, refits, compares or reports."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from statistics import fmean, stdev
from typing import Any, NamedTuple

import optuna

from tuneflow.errors import StudyError
from tuneflow.storage.records import Header, HoldoutRecord, TrialRecord
from tuneflow.storage.user_attrs import read_header, read_holdout, read_trial_record

Trial = optuna.trial.FrozenTrial

CONFIDENCE = 0.95  # of every interval


class Improvement(NamedTuple):
    """By how much a trial is better than the defaults; positive is better.

    Attributes:
        by_fold: Difference of the scores on each fold; empty if the folds cannot be paired.
        mean: Mean of these; NaN if there are none.
        low: Lower end of its interval at 95 %; NaN for fewer than two folds.
        high: Upper end.
    """

    by_fold: list[float]
    mean: float
    low: float
    high: float

    @property
    def is_certain(self) -> bool:
        """Whether the interval lies above zero."""
        return self.low > 0


@dataclass(frozen=True)
class StudyRecord:
    """What a storage says about one study, at one moment.

    Attributes:
        name: The study's name.
        maximize: Whether more is better.
        trials: Every trial, by number.
        records: What tuneflow wrote on each of them; None where it wrote nothing.
        header: What tuneflow wrote on the study; None if it did not make it.
        holdout: What models score on held-out rows; None if there are none.
    """

    name: str
    maximize: bool
    trials: tuple[Trial, ...]
    records: tuple[TrialRecord | None, ...]
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
        """Metric, table and folds: scores of two studies can be compared if these are the same.
        None if that is not known."""
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
    def counted(self) -> tuple[Trial, ...]:
        """Trials that came to an end by themselves; see :func:`is_counted`."""
        pairs = zip(self.trials, self.records, strict=True)
        return tuple(trial for trial, record in pairs if _is_counted(trial, record))

    @cached_property
    def states(self) -> Counter[str]:
        """How many trials are ``complete``, ``pruned``, ``fail``, ``running`` and ``waiting``."""
        return Counter(trial.state.name.lower() for trial in self.trials)

    @cached_property
    def best(self) -> Trial | None:
        """The best trial; those that were scored on more folds come first, then earlier ones."""
        return self.incumbents[-1] if self.incumbents else None

    @cached_property
    def baseline(self) -> Trial | None:
        """The first point, which is the defaults in tuneflow's studies; a later trial at this
        point if the first one was interrupted."""
        first = self.trials[0].params if self.trials else None
        return next((trial for trial in self.scored if trial.params == first), None)

    @property
    def best_score(self) -> float:
        """Score of the best trial; NaN if there is none."""
        return score_of(self.best)

    @property
    def default_score(self) -> float:
        """Score of the defaults; NaN if they came to none."""
        return score_of(self.baseline)

    @cached_property
    def incumbents(self) -> tuple[Trial, ...]:
        """Trials that were the best so far, on as many folds as the best; the first one first."""
        folds = max(map(len, map(self.scores, self.scored)), default=0)
        best_score, incumbents = -math.inf, []
        for trial in self.scored:
            score = self.sign * score_of(trial)
            if len(self.scores(trial)) == folds and score > best_score:
                best_score = score
                incumbents.append(trial)
        return tuple(incumbents)

    @cached_property
    def spaces(self) -> dict[str, optuna.distributions.BaseDistribution]:
        """The distribution of every parameter, as it was last."""
        return {name: dist for trial in self.trials for name, dist in trial.distributions.items()}

    def record(self, trial: Trial | None) -> TrialRecord | None:
        """What tuneflow wrote on a trial."""
        return None if trial is None else self.records[trial.number]

    def scores(self, trial: Trial | None) -> list[float]:
        """Scores of a trial by fold; empty if tuneflow wrote none."""
        record = self.record(trial)
        return record.scores if record else []

    def values(self, trial: Trial | None) -> Mapping[str, Any]:
        """Values of the parameters in a trial; of a baseline outside of the space, what it has."""
        if trial is None or trial.params or not self.header:
            return trial.params if trial else {}
        return self.header.baseline

    def seconds(self, trial: Trial) -> float:
        """Seconds that a trial has spent on training and scoring."""
        record = self.record(trial)
        return record.seconds if record else 0.0

    def improvement(self, trial: Trial | None = None) -> Improvement:
        """By how much a trial, the best one by default, is better than the defaults."""
        old, new = self.scores(self.baseline), self.scores(trial or self.best)
        if not old or len(old) != len(new):
            return Improvement([], math.nan, math.nan, math.nan)
        differences = [(b - a) * self.sign for a, b in zip(old, new, strict=True)]
        ratio = self.header.ratio if self.header else None
        if ratio is None:
            ratio = 1 / max(1, len(new) - 1)  # of folds that are not repeated
        interval = corrected_interval(differences, ratio)
        return Improvement(differences, fmean(differences), *interval)

    def failure_reasons(self) -> str:
        """Why trials failed, each reason once, the three most frequent ones first."""
        failed = [
            record.error.split("\n")[0]
            for trial, record in zip(self.trials, self.records, strict=True)
            if trial.state.name == "FAIL" and record and record.tried
        ]
        return "".join(f" {n} x {reason}" for reason, n in Counter(failed).most_common(3))


def read_study(study: optuna.Study) -> StudyRecord:
    """Read a study; every record in it is parsed once.

    Raises:
        StudyError: It has several objectives, or a later version of tuneflow wrote it.
    """
    if len(study.directions) != 1:
        raise StudyError(
            f"study {study.study_name!r}: tuneflow is about one objective; "
            f"got {len(study.directions)}. Optuna's own plots draw Pareto fronts."
        )
    trials = tuple(study.get_trials(deepcopy=False))
    return StudyRecord(
        study.study_name,
        study.direction.name == "MAXIMIZE",
        trials,
        tuple(map(read_trial_record, trials)),
        read_header(study),
        read_holdout(study),
    )


def last_touched(records: Sequence[StudyRecord]) -> int:
    """Which study was worked on last; the first of equals."""

    def last_time(record: StudyRecord) -> datetime:
        times = [trial.datetime_complete or trial.datetime_start for trial in record.trials]
        return max(filter(None, times), default=datetime.min)

    return max(range(len(records)), key=lambda at: last_time(records[at]), default=0)


def corrected_standard_error(differences: Sequence[float], ratio: float) -> float:
    """Standard error of the mean of differences on the folds of a cross-validation.

    Folds share training rows, so that their scores are not independent, and the usual variance
    of the mean, 1/k of that of the differences, is too small. It is widened by the rows scored
    for each that trains (Nadeau and Bengio 2003).

    Args:
        differences: One for each fold.
        ratio: Rows scored for each that trains, on average over the folds.

    Returns:
        The standard error; NaN for fewer than two folds.
    """
    if len(differences) < 2:
        return math.nan
    return stdev(differences) * math.sqrt(1 / len(differences) + ratio)


def corrected_interval(differences: Sequence[float], ratio: float) -> tuple[float, float]:
    """The interval of the mean of differences at 95 %; NaN for fewer than two folds.

    Args:
        differences: One for each fold.
        ratio: Rows scored for each that trains, on average over the folds.
    """
    if len(differences) < 2:
        return math.nan, math.nan
    from scipy.special import stdtrit  # much lighter than scipy.stats

    quantile = float(stdtrit(len(differences) - 1, (1 + CONFIDENCE) / 2))
    half, mean = quantile * corrected_standard_error(differences, ratio), fmean(differences)
    return mean - half, mean + half


def is_counted(trial: Trial) -> bool:
    """Whether a trial came to an end by itself: not one that was killed or interrupted."""
    return _is_counted(trial, read_trial_record(trial) if trial.state.name == "FAIL" else None)


def _is_counted(trial: Trial, record: TrialRecord | None) -> bool:
    is_lost = trial.state.name == "FAIL" and not (record and record.tried)
    return trial.state.is_finished() and not is_lost


def is_scored(trial: Trial) -> bool:
    """Whether a trial came to a score that can be compared, and keeps all constraints."""
    is_finite = trial.state.name == "COMPLETE" and math.isfinite(score_of(trial))
    return is_finite and is_feasible(trial)


def is_feasible(trial: Trial) -> bool:
    """Whether a trial keeps its constraints, which studies by others may have: none is above 0."""
    return all(value <= 0 for value in trial.constraints.values())


def score_of(trial: Trial | None) -> float:
    """The score of a complete trial; NaN otherwise."""
    if trial is None or trial.state.name != "COMPLETE" or trial.value is None:
        return math.nan
    return float(trial.value)


def seconds_of(trial: Trial) -> float:
    """Wall clock from start to end; NaN for a trial that has not ended."""
    return math.nan if trial.duration is None else trial.duration.total_seconds()
