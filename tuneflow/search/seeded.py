"""Samplers whose draws follow from the seed of the study and the number of the trial."""

from collections.abc import Callable, Sequence
from typing import Any

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuneflow.data.seeds import seed_of


class WrappedSampler(BaseSampler):
    """A sampler that leaves to another one whatever a subclass does not do itself."""

    def __init__(self, sampler: BaseSampler) -> None:
        self.sampler = sampler

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As the other sampler does."""
        return self.sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the other sampler does."""
        return self.sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the other sampler does."""
        return self.sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As the other sampler does."""
        self.sampler.after_trial(study, trial, state, values)


class SeededSampler(WrappedSampler):
    """A sampler that draws each trial from a seed of its own.

    A study that is resumed goes on as it would have, and processes that share one never draw
    alike.

    Args:
        make: Makes the sampler for a seed.
        random_state: Seed of the study.
        keep: Give one sampler a new seed for every trial, instead of making a new one. Right for
            samplers whose memory says what the study does; they need not read all of it again.
    """

    def __init__(
        self, make: Callable[[int], BaseSampler], random_state: int, *, keep: bool
    ) -> None:
        super().__init__(make(seed_of(random_state, 0)))
        self._make, self._random_state, self._keep = make, random_state, keep

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start from the seed of this trial."""
        seed = seed_of(self._random_state, trial.number)
        if self._keep:
            _reseed(self.sampler, seed)
        else:
            self.sampler = self._make(seed)
        self.sampler.before_trial(study, trial)


def _reseed(sampler: BaseSampler, seed: int) -> None:
    """Give a seed to a sampler and to those inside it; Optuna itself can only take it away."""
    for name, part in vars(sampler).items():
        if isinstance(part, BaseSampler):
            _reseed(part, seed)
        elif name in ("_rng", "_cma_rng"):
            part.rng.seed(seed)
