"""The last stage of boosting: the rate was held in the search, now it is lowered for the best."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler
from optuna.trial import FrozenTrial, TrialState

from tuneflow.growth import Growth
from tuneflow.ledger import read_entry
from tuneflow.space import Param, Params, Space

FACTOR = 0.5  # a step down: twice the rounds, at the same shrinkage


@dataclass(frozen=True)
class Refinement:
    """How the rate is held, and when and for whom it is lowered.

    Attributes:
        name: The parameter.
        hold: Its value while the sampler searches.
        low: Its lowest value.
        share: Share of trials or of time that is spent on lowering it, at the end.
    """

    name: str
    hold: float
    low: float
    share: float

    @classmethod
    def of(cls, growth: Growth, space: Space, sampler: object) -> Refinement | None:
        """What the recipe asks for; None if it does not, or if a person chose each value."""
        param: Param | None = space.params.get(growth.per or "")
        if growth.hold is None or param is None or param.low is None or growth.per is None:
            return None
        if not isinstance(sampler, str) or sampler == "grid":
            return None
        return cls(growth.per, param.clip(float(growth.hold)), float(param.low), growth.refine)

    def held(self, sampler: BaseSampler) -> BaseSampler:
        """The same sampler, with the rate held."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return PartialFixedSampler({self.name: self.hold}, sampler)

    def is_due(self, done: int, total: int | None, started: float, deadline: float) -> bool:
        """Whether it is time to lower the rate, by trials or by seconds of `time.monotonic`."""
        if total is not None and done >= (1 - self.share) * total:
            return True
        late = (
            deadline - self.share * (deadline - started) if math.isfinite(deadline) else math.inf
        )
        return time.monotonic() >= late

    def next(self, trials: list[FrozenTrial], seconds: float) -> Params | None:
        """The configuration to try at half its rate; None if none is worth it, or fits in.

        Configurations are compared at one rate at a time, from high to low: a lower rate is an
        advantage that says nothing of the rest. Lower rates are left alone once they do not help.

        Args:
            trials: All trials of the study.
            seconds: What is left; what would take longer is not begun.
        """
        tried = [trial.params for trial in trials]
        record = -math.inf
        for best in self._best_by_rate(trials):
            if _value(best) < record:
                return None
            record = _value(best)
            rate = max(self.low, best.params[self.name] * FACTOR)
            point = {**best.params, self.name: rate}
            if rate < best.params[self.name] and point not in tried:
                return point if _cost(best) / FACTOR <= seconds else None
        return None

    def _best_by_rate(self, trials: list[FrozenTrial]) -> list[FrozenTrial]:
        """The best complete trial of every rate, from the highest rate to the lowest."""
        best: dict[float, FrozenTrial] = {}
        for trial in trials:
            rate = trial.params.get(self.name)
            if trial.state == TrialState.COMPLETE and rate is not None:
                best[rate] = max(best.get(rate, trial), trial, key=_value)
        return [best[rate] for rate in sorted(best, reverse=True)]


def _value(trial: FrozenTrial) -> float:
    return -math.inf if trial.value is None else trial.value


def _cost(trial: FrozenTrial) -> float:
    entry = read_entry(trial)
    return entry.seconds_fit + entry.seconds_score if entry else 0.0
