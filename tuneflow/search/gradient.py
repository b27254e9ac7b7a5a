"""A sampler that walks downhill: it reads the gradients that finished trials have in the ledger.

Nothing is remembered from trial to trial. The walk is told anew from the study for every trial,
so that a study that is resumed goes on as it would have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuneflow.data.types import FloatArray
from tuneflow.recipe.space import Param, Params, Space
from tuneflow.search.unit_scale import place, value_at, width
from tuneflow.storage.records import queued_point, read_trial_record, retried

#: Lengths of steps, as shares of the ranges: of the first, of the first after a look around, and
#: of the longest; a shorter one than the last is not worth a trial.
FIRST, LEAST, LONGEST, SHORTEST = 0.2, 0.05, 0.5, 0.005
GAIN = 1e-6  # a step that promises less, as a share of the loss, is not worth a trial
CANDIDATES = 8  # points drawn for a start: the one that is farthest from all others is taken


@dataclass(frozen=True)
class Spot:
    """A trial that has a gradient.

    Attributes:
        others: The parameters without gradients, which a descent holds.
        at: Where it lies in the ranges of those with gradients, by name, from 0 to 1.
        loss: Mean loss over the folds.
        slope: Derivative of the loss by `at`.
    """

    others: Params
    at: dict[str, float]
    loss: float
    slope: FloatArray

    def is_apart_from(self, other: Spot) -> bool:
        """Whether no step leads from one to the other: a parameter without gradients differs."""
        return self.others != other.others or list(self.at) != list(other.at)

    @property
    def point(self) -> FloatArray:
        """Where it lies, as an array."""
        return np.array(list(self.at.values()))

    @classmethod
    def of(cls, trial: FrozenTrial, space: Space) -> Spot | None:
        """What a trial has to say; None if it did not come to a gradient that is finite."""
        entry = read_trial_record(trial)
        if entry is None or entry.loss is None:
            return None
        at = places(trial.params, space)
        slope = np.array([entry.gradient[name] for name in at], dtype=float)  # null: not finite
        slope *= [width(space.params[name]) for name in at]
        others = {name: value for name, value in trial.params.items() if name not in at}
        return cls(others, at, entry.loss, slope) if np.isfinite(slope).all() else None


@dataclass
class Descent:
    """One way down.

    A step follows the gradient, bent by what is known of the curvature (BFGS), and is no longer
    than it can be trusted. A step that did not get lower is taken back, and the next one from
    there is at most half as long.

    Attributes:
        here: The lowest spot so far.
        trusted: How long the next step may be.
        inverse: Inverse of the Hessian; None until two spots have shown it.
        fresh: Whether no step has been made. The first is not too short: where the points that
            were queued lie, the loss is often bent more than here.
    """

    here: Spot
    trusted: float = FIRST
    inverse: FloatArray | None = None
    fresh: bool = True

    def step(self) -> FloatArray:
        """The next step, inside the ranges."""
        here, slope = self.here.point, self.here.slope.copy()
        slope[((here <= 0) & (slope > 0)) | ((here >= 1) & (slope < 0))] = 0.0
        free = slope != 0
        move = np.zeros_like(slope)
        if not free.any():
            return move
        if self.inverse is None:
            move = -slope * self.trusted / np.linalg.norm(slope)
        else:
            move[free] = -self.inverse[np.ix_(free, free)] @ slope[free]
        length = float(np.linalg.norm(move))
        move *= min(self.trusted, max(length, LEAST if self.fresh else 0.0)) / length
        return np.clip(here + move, 0.0, 1.0) - here

    def learn(self, spot: Spot | None) -> None:
        """Take in what a step has come to: None if it was given up, failed, or still runs."""
        length, self.fresh = float(np.linalg.norm(self.step())), False
        if spot is None:
            self.trusted = length / 2
            return
        length = float(np.linalg.norm(spot.point - self.here.point))
        if spot.loss < self.here.loss:
            self.trusted = min(LONGEST, max(self.trusted, 2 * length))
        else:
            self.trusted = min(self.trusted, length) / 2
        self.see(spot)

    def see(self, spot: Spot) -> None:
        """Learn the curvature between here and a spot, and go there if it is lower."""
        self._bend(spot.point - self.here.point, spot.slope - self.here.slope)
        self.here = spot if spot.loss < self.here.loss else self.here

    @property
    def done(self) -> bool:
        """Whether the next step is not worth a trial."""
        step = self.step()
        promised = -float(step @ self.here.slope)
        return promised <= GAIN * abs(self.here.loss) or float(np.linalg.norm(step)) < SHORTEST

    def _bend(self, moved: FloatArray, turned: FloatArray) -> None:
        """What two spots show of the curvature (Nocedal and Wright 2006, eq. 6.17 and 6.20)."""
        along = float(moved @ turned)
        if along <= 0:  # bent downwards: no valley to be seen from here
            return
        if self.inverse is None:
            self.inverse = np.eye(len(moved)) * along / float(turned @ turned)
        side = np.eye(len(moved)) - np.outer(moved, turned) / along
        self.inverse = side @ self.inverse @ side.T + np.outer(moved, moved) / along


def descent(trials: Iterable[FrozenTrial], space: Space) -> Descent | None:
    """The way down that is under way after all these trials; None if a new one has to start.

    The first starts from the best of the points that were queued. Where a way ends, a trial
    elsewhere starts the next.
    """
    told = [(Spot.of(trial, space), _is_queued(trial)) for trial in trials]
    way = _first([spot for spot, queued in told if spot and queued])
    for spot in (spot for spot, queued in told if not queued):
        if way is None or way.done:
            way = Descent(spot) if spot else None
        elif spot and spot.is_apart_from(way.here):
            way = Descent(spot) if spot.loss < way.here.loss else way
        else:
            way.learn(spot)
    return way if way and not way.done else None


def _first(spots: list[Spot]) -> Descent | None:
    """A way from the lowest of some spots, bent by what lies between it and the others."""
    way: Descent | None = None
    for spot in spots:
        if way is None or (spot.is_apart_from(way.here) and spot.loss < way.here.loss):
            way = Descent(spot)
        elif not spot.is_apart_from(way.here):
            way.see(spot)
    return way


class GradientSampler(BaseSampler):
    """Steps down the gradient in the parameters that have one; starts anew where a way ends.

    A descent holds all other parameters. A start takes them from another sampler, and is as far
    as can be drawn from where trials have been. A trial that is still running counts as a step
    that led nowhere, so that processes that share a study try shorter steps at the same time.

    Args:
        space: The space, bound to the table.
        others: Draws the parameters without gradients.
        seed: Seed of the starts.
    """

    def __init__(self, space: Space, others: BaseSampler, seed: int) -> None:
        self._space, self._others = space, others
        self._chance = np.random.default_rng(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The whole space: a step says where every parameter goes."""
        return {name: param.distribution for name, param in self._space.params.items()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next step of the way that is under way, or the start of another."""
        trials = [t for t in study.get_trials(deepcopy=False) if _tells(t, trial.number)]
        way = descent(trials, self._space)
        if way is None:
            return self._start([places(t.params, self._space) for t in trials])
        there = dict(zip(way.here.at, way.here.point + way.step(), strict=True))
        return {**way.here.others, **self._values(there)}

    def sample_independent(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """As the other sampler does."""
        return self._others.sample_independent(study, trial, param_name, param_distribution)

    def after_trial(
        self,
        study: optuna.Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """As the other sampler does."""
        self._others.after_trial(study, trial, state, values)

    def _start(self, tried: list[dict[str, float]]) -> Params:
        """Of a few points, the one that is farthest from all others (Mitchell 1991)."""
        names = [name for name, param in self._space.params.items() if _is_smooth(param)]
        drawn = self._chance.random((CANDIDATES, len(names)))
        known = np.array([list(at.values()) for at in tried if list(at) == names])
        if len(known):
            gaps = np.linalg.norm(drawn[:, None] - known[None], axis=2).min(axis=1)
            drawn = drawn[np.argmax(gaps)][None]
        return self._values(dict(zip(names, drawn[0], strict=True)))

    def _values(self, where: dict[str, float]) -> Params:
        return {name: value_at(self._space.params[name], at) for name, at in where.items()}


def places(values: Params, space: Space) -> dict[str, float]:
    """Where the values of the parameters with gradients lie in their ranges, from 0 to 1."""
    return {
        name: place(param, values[name])
        for name, param in space.params.items()
        if name in values and _is_smooth(param)
    }


def _is_smooth(param: Param) -> bool:
    return param.gradient and param.low != param.high


def _is_queued(trial: FrozenTrial) -> bool:
    """Whether the point was not the sampler's choice; one that is tried again was, if it was."""
    return queued_point(trial) is not None and retried(trial) is None


def _tells(trial: FrozenTrial, number: int) -> bool:
    """Whether a trial says something to the one with this number: not if it was killed."""
    if trial.number >= number or trial.state == TrialState.WAITING:
        return False
    entry = read_trial_record(trial)
    return trial.state != TrialState.FAIL or (entry is not None and entry.tried)
