"""Draws follow from the seed of the study and the number of the trial, and from nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState


def seed_of(random_state: int, number: int) -> int:
    """A seed that follows from the study's and the trial's number; -1 is the study itself."""
    return int(np.random.SeedSequence([random_state, number + 1]).generate_state(1)[0])


def with_seeds(estimator: Any, seed: int) -> Any:
    """An estimator whose seeds are set where they were not, also in the steps of a pipeline."""
    takes = estimator.get_params()
    unset = (n for n in takes if n.split("__")[-1] == "random_state" and takes[n] is None)
    return estimator.set_params(**dict.fromkeys(unset, seed))


@contextmanager
def drawn_from(seed: int) -> Iterator[None]:
    """NumPy's own draws follow from a seed inside, and go on outside as if nothing had been.

    Some transformers have no seed of their own: `TargetEncoder` splits rows by these draws.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)


class Seeded(BaseSampler):
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
        self._make, self._random_state, self._keep = make, random_state, keep
        self.sampler = make(seed_of(random_state, 0))

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start from the seed of this trial."""
        seed = seed_of(self._random_state, trial.number)
        if self._keep:
            _reseed(self.sampler, seed)
        else:
            self.sampler = self._make(seed)
        self.sampler.before_trial(study, trial)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """As the sampler does."""
        return self.sampler.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler does."""
        return self.sampler.sample_relative(study, trial, search_space)

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the sampler does."""
        return self.sampler.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As the sampler does."""
        self.sampler.after_trial(study, trial, state, values)


def _reseed(sampler: BaseSampler, seed: int) -> None:
    """Give a seed to a sampler and to those inside it; Optuna itself can only take it away."""
    for name, part in vars(sampler).items():
        if isinstance(part, BaseSampler):
            _reseed(part, seed)
        elif name in ("_rng", "_cma_rng"):
            part.rng.seed(seed)
