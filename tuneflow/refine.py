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

FACTORS = (0.25, 0.5)  # four times the rounds, at the same shrinkage; twice, if time is short
BEST = 2  # configurations that are tried at the lower rate
EACH = 50  # where trials are counted, one of so many: a second one takes as long again


@dataclass(frozen=True)
class Refinement:
    """How the rate is held, and when and for whom it is lowered.

    Attributes:
        name: The parameter.
        hold: Its value while the sampler searches.
        low: Its lowest value.
        share: Share of the time, and at most of the trials, that is spent on lowering it at the
            end.
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

    def is_lowered(self, point: Params) -> bool:
        """Whether it is one of those tried at a lower rate."""
        return bool(point[self.name] < self.hold)

    def is_due(self, done: int, total: int | None, started: float, deadline: float) -> bool:
        """Whether it is time to lower the rate, by trials or by seconds of `time.monotonic`."""
        if total is not None:
            few = min(BEST, max(1, total // EACH), self.share * total)
            if done >= total - few:
                return True
        late = (
            deadline - self.share * (deadline - started) if math.isfinite(deadline) else math.inf
        )
        return time.monotonic() >= late

    def next(self, trials: list[FrozenTrial], seconds: float) -> Params | None:
        """The configuration to try at a lower rate; None if none is left, or fits in.

        The best at the rate that was held come first: a lower rate is an advantage that says
        nothing of the rest, so that configurations are compared at one rate.

        Args:
            trials: All trials of the study.
            seconds: What is left; what would take longer is not begun.
        """
        tried = [trial.params for trial in trials]
        held = [t for t in trials if t.state == TrialState.COMPLETE and self._is_held(t)]
        for best in sorted(held, key=_value, reverse=True)[:BEST]:
            points = [{**best.params, self.name: max(self.low, self.hold * f)} for f in FACTORS]
            fit = [p for p in points if _cost(best) * self.hold / p[self.name] <= seconds]
            if fit and not any(point in tried for point in points):
                return fit[0]
        return None

    def _is_held(self, trial: FrozenTrial) -> bool:
        return trial.params.get(self.name) == self.hold


def _value(trial: FrozenTrial) -> float:
    return -math.inf if trial.value is None else trial.value


def _cost(trial: FrozenTrial) -> float:
    entry = read_entry(trial)
    return entry.seconds_fit + entry.seconds_score if entry else 0.0
