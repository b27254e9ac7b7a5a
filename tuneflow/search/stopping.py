"""When a study may end early: nothing has been gained for long, or what can be is noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial, TrialState

from tuneflow.errors import SearchError
from tuneflow.storage.records import read_trial_record
from tuneflow.storage.study_record import corrected_standard_error

FEWEST = 20  # trials before noise may end a study


@dataclass(frozen=True)
class StoppingRule:
    """A rule that ends a study before its budget does.

    Attributes:
        patience: Trials without an improvement; None if noise decides.
        ratio: Rows scored for each that trains, on average over the folds.
    """

    patience: int | None
    ratio: float

    @classmethod
    def of(cls, stop: Any, ratio: float) -> StoppingRule | None:
        """The rule that was asked for; None if none was.

        Raises:
            SearchError: Neither a number of trials nor ``noise``.
        """
        if stop is None:
            return None
        if stop == "noise":
            return cls(None, ratio)
        if isinstance(stop, bool) or not isinstance(stop, int) or stop < 1:
            raise SearchError(f"stop: a number of trials, or 'noise', is needed; got {stop!r}.")
        return cls(stop, ratio)

    def is_due(self, trials: Sequence[FrozenTrial]) -> bool:
        """Whether a study whose trials these are, as far as they have ended, may end."""
        values = [_value(trial) for trial in trials]
        if not values or max(values) == -math.inf:
            return False
        if self.patience is not None:
            return len(values) - 1 - values.index(max(values)) >= self.patience
        if len(values) < FEWEST:
            return False
        return self._expected(values) < self._noise(trials, values)

    def _expected(self, values: Sequence[float]) -> float:
        """An upper bound of what as many trials again would gain: what the last half has gained.

        Records become rarer: of draws alike, doubling their number brings as many new ones as the
        doubling before, and each is a smaller step (Arnold, Balakrishnan, Nagaraja 1998, ch. 2).
        """
        return max(values) - max(values[: len(values) // 2])

    def _noise(self, trials: Sequence[FrozenTrial], values: Sequence[float]) -> float:
        """Standard error of the improvement of the best over the first trial, paired over the folds.

        Nadeau and Bengio 2003: folds share training rows.
        """
        old, new = (_scores(trials[at]) for at in (0, values.index(max(values))))
        if len(old) != len(new) or len(new) < 2 or old == new:
            old = [0.0] * len(new)
        if len(new) < 2:
            return 0.0
        improvements = [b - a for a, b in zip(old, new, strict=True)]
        return corrected_standard_error(improvements, self.ratio)


def _value(trial: FrozenTrial) -> float:
    scored = trial.state == TrialState.COMPLETE and trial.value is not None
    return trial.value if scored and trial.value is not None else -math.inf


def _scores(trial: FrozenTrial) -> list[float]:
    entry = read_trial_record(trial)
    return entry.scores if entry else []
