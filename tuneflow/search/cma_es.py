"""CMA-ES without a pickle: its state follows from the trials, and is worked out again from them.

Optuna's own sampler keeps its state pickled in the study, so that whoever can write to a storage
can run code on every machine that resumes a study from it. This is one of the two modules that use
private parts of Optuna; `tests/search/test_cma_es.py` fails when Optuna changes one of them.
"""

import itertools
from typing import Any

import numpy as np
import optuna
from optuna._transform import _SearchSpaceTransform
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

Distributions = dict[str, BaseDistribution]


class ReplayedCmaEsSampler(CmaEsSampler):
    """Optuna's CMA-ES, which is told all generations anew instead of being unpickled.

    The optimizer is kept for the next trial. Where Optuna would tell it a generation and pickle
    the outcome is never reached: it has been told already.
    """

    _asked: tuple[StudyDirection, Distributions]
    _kept: tuple[Distributions, list[list[int]], Any] | None = None  # space, generations told

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: Distributions
    ) -> dict[str, Any]:
        """As Optuna's sampler does."""
        self._asked = study.direction, search_space
        return super().sample_relative(study, trial, search_space)

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> Any:
        direction, space = self._asked
        transform = _SearchSpaceTransform(
            space, transform_step=not self._with_margin, transform_0_1=True
        )
        optimizer, replayed = self._init_optimizer(transform, direction), list[list[int]]()
        generations = self._full_generations(completed_trials, optimizer.population_size)
        numbers = [[trial.number for trial in generation] for generation in generations]
        if self._kept and self._kept[:2] == (space, numbers[: len(self._kept[1])]):
            _, replayed, optimizer = self._kept
        sign = 1 if direction == StudyDirection.MINIMIZE else -1
        for generation in generations[len(replayed) :]:
            optimizer.tell([(self._point(t, transform), sign * t.values[0]) for t in generation])
        self._kept = space, numbers, optimizer
        return optimizer

    def _full_generations(self, trials: list[FrozenTrial], size: int) -> list[list[FrozenTrial]]:
        """Generations whose population has ended, from the first one on without a gap."""
        members: dict[Any, list[FrozenTrial]] = {}
        for trial in trials:
            number = trial.system_attrs.get(self._attr_key_generation)
            if isinstance(number, int):
                members.setdefault(number, []).append(trial)
        in_turn = (members.get(number, [])[:size] for number in itertools.count())
        return list(itertools.takewhile(lambda generation: len(generation) == size, in_turn))

    def _point(self, trial: FrozenTrial, transform: _SearchSpaceTransform) -> Any:
        if self._with_margin:
            return np.array(trial.system_attrs["x_for_tell"])
        return transform.transform(trial.params)


def without_pickles(sampler: BaseSampler) -> BaseSampler:
    """The same sampler, with CMA-ES replayed, should it be that or have that inside."""
    for part in (sampler, *vars(sampler).values()):
        if type(part) is CmaEsSampler:
            part.__class__ = ReplayedCmaEsSampler
    return sampler
