"""The learning rate of boosting: held in the search, lowered for the refit.

A lower rate with more rounds is better more often than not, whatever the rest is, so that it need
not be searched for: configurations are compared at one rate, which is quick, and the best one is
refitted at a lower one, with as many more rounds as keep rate times rounds the same.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, PartialFixedSampler

from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Params, Space


@dataclass(frozen=True)
class LearningRateSchedule:
    """A parameter that is held in the search, and lowered in the refit.

    Attributes:
        name: The parameter.
        search_rate: Its value while the sampler searches.
        refit_rate: Its value in the refit, if there is time for that.
    """

    name: str
    search_rate: float
    refit_rate: float

    @classmethod
    def of(cls, growth: Growth, space: Space, sampler: object) -> LearningRateSchedule | None:
        """What the recipe asks for; None if it does not, or if a person chose each value."""
        param = space.params.get(growth.per or "")
        if growth.hold is None or param is None or param.low is None or growth.per is None:
            return None
        if not isinstance(sampler, str) or sampler == "grid":
            return None
        rate = param.clip(float(growth.hold))
        return cls(growth.per, rate, max(float(param.low), rate * growth.refit))

    @property
    def rounds_factor(self) -> float:
        """How many times the rounds of the search a refit has."""
        return self.search_rate / self.refit_rate

    @property
    def note(self) -> str:
        """What a reader of parameters and scores has to know."""
        return (
            f"{self.name} is {self.search_rate:.4g} in the search, and {self.refit_rate:.4g} in "
            "the refit, or as low as time allows, with more rounds in proportion."
        )

    def hold(self, sampler: BaseSampler) -> BaseSampler:
        """The same sampler, with the rate of the search fixed."""
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            return PartialFixedSampler({self.name: self.search_rate}, sampler)

    def lower(self, values: Params, seconds: float, left: float) -> Params:
        """A point of the space for the refit; unchanged, if its rate is not that of the search.

        Args:
            values: The point.
            seconds: What the refit would take at the rate of the search.
            left: Seconds that it may take.
        """
        if values[self.name] != self.search_rate:
            return values
        rate = self.refit_rate
        while rate < self.search_rate and seconds * self.search_rate / rate > left:
            rate = min(self.search_rate, 2 * rate)
        return {**values, self.name: rate}
