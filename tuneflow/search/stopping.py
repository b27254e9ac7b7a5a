"""When a study may end early: nothing has been gained for long, or what can be is noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optuna.trial import FrozenTrial

from tuneflow.errors import SearchError
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import corrected_standard_error, score_of
from tuneflow.storage.user_attrs import read_trial_record

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
        """Whether a study may end, in which these trials have ended by themselves, in order."""
        scores = [-math.inf if math.isnan(score := score_of(t)) else score for t in trials]
        best = max(scores, default=-math.inf)
        if best == -math.inf:
            return False
        if self.patience is not None:
            return len(scores) - 1 - scores.index(best) >= self.patience
        if len(scores) < FEWEST:
            return False
        # What as many trials again would improve is at most what the last half has: records become
        # rarer. Of draws alike, doubling their number brings as many new ones as the doubling
        # before, each a smaller step (Arnold, Balakrishnan, Nagaraja 1998, ch. 2).
        expected = best - max(scores[: len(scores) // 2])
        return expected < self._noise(trials[0], trials[scores.index(best)])

    def _noise(self, first: FrozenTrial, best: FrozenTrial) -> float:
        """Standard error of the improvement of the best over the first trial, paired over folds;
        of the scores of the best, if it is the first or if the folds cannot be paired."""
        old, new = ((read_trial_record(each) or TrialRecord()).scores for each in (first, best))
        if len(old) != len(new) or old == new:
            old = [0.0] * len(new)
        differences = [b - a for a, b in zip(old, new, strict=True)]
        return corrected_standard_error(differences, self.ratio) if len(new) > 1 else 0.0
