"""CMA-ES without a pickle: its state follows from the trials, and is worked out again from them.

Optuna's own sampler keeps its state pickled in the study, so that whoever can write to a storage
can run code on every machine that resumes a study from it.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import optuna
from optuna._transform import _SearchSpaceTransform
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial


class Replayed(CmaEsSampler):
    """Optuna's CMA-ES, which is told all generations anew instead of being unpickled.

    What it has been told is remembered for the next trial. Where Optuna would tell a generation
    and pickle the outcome is never reached: it has been told already.
    """

    _asked: tuple[StudyDirection, dict[str, BaseDistribution]]
    _known: tuple[dict[str, BaseDistribution], list[list[int]], Any] | None = None

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """As the sampler does."""
        self._asked = study.direction, search_space
        return super().sample_relative(study, trial, search_space)

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> Any:
        direction, space = self._asked
        trans = _SearchSpaceTransform(
            space, transform_step=not self._with_margin, transform_0_1=True
        )
        optimizer, told = self._init_optimizer(trans, direction), list[list[int]]()
        generations = self._full(completed_trials, optimizer.population_size)
        numbers = [[trial.number for trial in generation] for generation in generations]
        if self._known and self._known[:2] == (space, numbers[: len(self._known[1])]):
            _, told, optimizer = self._known
        sign = 1 if direction == StudyDirection.MINIMIZE else -1
        for generation in generations[len(told) :]:
            optimizer.tell([(self._point(t, trans), sign * t.values[0]) for t in generation])
        self._known = space, numbers, optimizer
        return optimizer

    def _full(self, trials: list[FrozenTrial], size: int) -> list[list[FrozenTrial]]:
        """Generations whose population has ended, from the first one on without a gap."""
        members: dict[Any, list[FrozenTrial]] = {}
        for trial in trials:
            at = trial.system_attrs.get(self._attr_key_generation)
            if isinstance(at, int):
                members.setdefault(at, []).append(trial)
        in_turn = (members.get(at, [])[:size] for at in itertools.count())
        return list(itertools.takewhile(lambda generation: len(generation) == size, in_turn))

    def _point(self, trial: FrozenTrial, trans: _SearchSpaceTransform) -> Any:
        if self._with_margin:
            return np.array(trial.system_attrs["x_for_tell"])
        return trans.transform(trial.params)


def unpickling_nothing(sampler: BaseSampler) -> BaseSampler:
    """The same sampler, with CMA-ES replayed, should it be that or have that inside."""
    for part in (sampler, *vars(sampler).values()):
        if type(part) is CmaEsSampler:
            part.__class__ = Replayed
    return sampler
