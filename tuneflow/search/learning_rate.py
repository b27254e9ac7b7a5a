"""The learning rate of boosting: held in the search, lowered for the model that stays.

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
from tuneflow.recipe.space import Param, Params, Space


@dataclass(frozen=True)
class Rate:
    """A parameter that is held in the search, and lowered in the refit.

    Attributes:
        name: The parameter.
        hold: Its value while the sampler searches.
        refit: Its value in the refit, if there is time for that.
    """

    name: str
    hold: float
    refit: float

    @classmethod
    def of(cls, growth: Growth, space: Space, sampler: object) -> Rate | None:
        """What the recipe asks for; None if it does not, or if a person chose each value."""
        param: Param | None = space.params.get(growth.per or "")
        if growth.hold is None or param is None or param.low is None or growth.per is None:
            return None
        if not isinstance(sampler, str) or sampler == "grid":
            return None
        hold = param.clip(float(growth.hold))
        return cls(growth.per, hold, max(float(param.low), hold * growth.refit))

    @property
    def times(self) -> float:
        """How many times the rounds of the search a refit has."""
        return self.hold / self.refit

    @property
    def note(self) -> str:
        """What a reader of parameters and scores has to know."""
        return (
            f"{self.name} is {self.hold:.4g} in the search, and {self.refit:.4g} in the refit, or "
            "as low as time allows, with more rounds in proportion."
        )

    def held(self, sampler: BaseSampler) -> BaseSampler:
        """The same sampler, with the rate held."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return PartialFixedSampler({self.name: self.hold}, sampler)

    def lowered(self, values: Params, seconds: float, left: float) -> Params:
        """A point of the space for the refit; as it is, if its rate was not the one held.

        Args:
            values: The point.
            seconds: What the refit would take at the rate of the search.
            left: Seconds that it may take.
        """
        if values[self.name] != self.hold:
            return values
        rate = self.refit
        while rate < self.hold and seconds * self.hold / rate > left:
            rate = min(self.hold, 2 * rate)
        return {**values, self.name: rate}
