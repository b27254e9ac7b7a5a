"""A sampler that follows the gradient of the loss, which finished trials have in their records.

Nothing is remembered from trial to trial. For every trial the descent is replayed from the study,
so that a study that is resumed goes on as it would have. One descent moves the parameters that
have a gradient and holds all others; a step is accepted if the loss got lower, and halves the next
step if not. Where a descent has converged, another one starts from a point that is far from all
that were tried.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial, TrialState

from tuneflow.data.types import FloatArray
from tuneflow.recipe.space import Param, Params, Space
from tuneflow.storage.optuna_internals import queued_point
from tuneflow.storage.study_record import is_counted
from tuneflow.storage.user_attrs import read_retry, read_trial_record

# Lengths of steps, as shares of the ranges.
FIRST_RADIUS = 0.2  # how far the first step is trusted
LEAST_FIRST_STEP = 0.05  # the first step from a start is no shorter
LONGEST_STEP = 0.5
SHORTEST_STEP = 0.005  # a shorter one is not worth a trial
LEAST_IMPROVEMENT = 1e-6  # as a share of the loss: a step that promises less is not worth a trial
CANDIDATES = 8  # points drawn for a start: the one that is farthest from all others is taken


@dataclass(frozen=True)
class GradientPoint:
    """What a trial with a gradient says.

    Attributes:
        held: Values of the parameters without gradients, which a descent holds.
        position: Where it lies in the ranges of those with gradients, by name, from 0 to 1.
        loss: Mean loss over the folds.
        gradient: Derivative of the loss by `position`.
    """

    held: Params
    position: dict[str, float]
    loss: float
    gradient: FloatArray

    def is_reachable_from(self, other: GradientPoint) -> bool:
        """Whether steps lead from one to the other: only parameters with gradients differ."""
        return self.held == other.held and list(self.position) == list(other.position)

    @property
    def coordinates(self) -> FloatArray:
        """Its position, as an array."""
        return np.array(list(self.position.values()))

    @classmethod
    def of(cls, trial: FrozenTrial, space: Space) -> GradientPoint | None:
        """What a trial says; None if it did not come to a gradient that is finite."""
        record = read_trial_record(trial)
        if record is None or record.loss is None:
            return None
        position = unit_position(trial.params, space)
        gradient = np.array([record.gradient[name] for name in position], dtype=float)
        gradient *= [_range(space.params[name])[1] for name in position]
        held = {name: value for name, value in trial.params.items() if name not in position}
        is_finite = np.isfinite(gradient).all()  # null in the record: not finite
        return cls(held, position, record.loss, gradient) if is_finite else None


@dataclass
class Descent:
    """Steps down from one start.

    A step follows the gradient, bent by what is known of the curvature (BFGS), and is no longer
    than it can be trusted. A step that did not get lower is taken back, and the next one from
    there is at most half as long.

    Attributes:
        best: The lowest point so far, from which the next step starts.
        trust_radius: How long the next step may be.
        inverse_hessian: None until two points have shown it.
        is_first_step: Whether no step has been made. The first is not too short: where the points
            that were queued lie, the loss is often bent more than here.
    """

    best: GradientPoint
    trust_radius: float = FIRST_RADIUS
    inverse_hessian: FloatArray | None = None
    is_first_step: bool = True

    def step(self) -> FloatArray:
        """The next step, inside the ranges."""
        start, gradient = self.best.coordinates, self.best.gradient.copy()
        gradient[((start <= 0) & (gradient > 0)) | ((start >= 1) & (gradient < 0))] = 0.0
        free = gradient != 0
        step = np.zeros_like(gradient)
        if not free.any():
            return step
        if self.inverse_hessian is None:
            step = -gradient * self.trust_radius / np.linalg.norm(gradient)
        else:
            step[free] = -self.inverse_hessian[np.ix_(free, free)] @ gradient[free]
        length = float(np.linalg.norm(step))
        least = LEAST_FIRST_STEP if self.is_first_step else 0.0
        step *= min(self.trust_radius, max(length, least)) / length
        return np.clip(start + step, 0.0, 1.0) - start

    def learn(self, point: GradientPoint | None) -> None:
        """Take in what a step has come to: None if it was pruned, failed, or still runs."""
        length, self.is_first_step = float(np.linalg.norm(self.step())), False
        if point is None:
            self.trust_radius = length / 2
            return
        length = float(np.linalg.norm(point.coordinates - self.best.coordinates))
        if point.loss < self.best.loss:
            self.trust_radius = min(LONGEST_STEP, max(self.trust_radius, 2 * length))
        else:
            self.trust_radius = min(self.trust_radius, length) / 2
        self.include(point)

    def include(self, point: GradientPoint) -> None:
        """Learn the curvature between the best point and this one, and go there if it is lower."""
        moved = point.coordinates - self.best.coordinates
        self._update_hessian(moved, point.gradient - self.best.gradient)
        self.best = point if point.loss < self.best.loss else self.best

    @property
    def is_converged(self) -> bool:
        """Whether the next step is not worth a trial."""
        step = self.step()
        improvement = -float(step @ self.best.gradient)
        too_little = improvement <= LEAST_IMPROVEMENT * abs(self.best.loss)
        return too_little or float(np.linalg.norm(step)) < SHORTEST_STEP

    def _update_hessian(self, moved: FloatArray, turned: FloatArray) -> None:
        """What two points show of the curvature (Nocedal and Wright 2006, eq. 6.17 and 6.20)."""
        curvature = float(moved @ turned)
        if curvature <= 0:  # bent downwards: no valley to be seen from here
            return
        identity = np.eye(len(moved))
        if self.inverse_hessian is None:
            self.inverse_hessian = identity * curvature / float(turned @ turned)
        side = identity - np.outer(moved, turned) / curvature
        outer = np.outer(moved, moved) / curvature
        self.inverse_hessian = side @ self.inverse_hessian @ side.T + outer


def current_descent(trials: Iterable[FrozenTrial], space: Space) -> Descent | None:
    """The descent that is under way after all these trials; None if a new one has to start.

    The first starts from the best of the points that were queued. Where one has converged, a
    trial elsewhere starts the next.
    """
    points = [
        # A queued point was not the sampler's choice; one that is tried again was, if it was.
        (GradientPoint.of(t, space), queued_point(t) is not None and read_retry(t) is None)
        for t in trials
    ]
    descent = _initial_descent([point for point, queued in points if point and queued])
    for point in (point for point, queued in points if not queued):
        if descent is None or descent.is_converged:
            descent = Descent(point) if point else None
        elif point is None or point.is_reachable_from(descent.best):
            descent.learn(point)
        elif point.loss < descent.best.loss:
            descent = Descent(point)
    return descent if descent and not descent.is_converged else None


def _initial_descent(points: list[GradientPoint]) -> Descent | None:
    """A descent from the lowest of some points, with the curvature between it and the others."""
    descent: Descent | None = None
    for point in points:
        if descent and point.is_reachable_from(descent.best):
            descent.include(point)
        elif descent is None or point.loss < descent.best.loss:
            descent = Descent(point)
    return descent


class GradientSampler(BaseSampler):
    """Steps down the gradient in the parameters that have one; starts anew where that converges.

    A descent holds all other parameters. A start takes them from another sampler, and is as far
    as can be drawn from where trials have been. A trial that is still running counts as a step
    that got no lower, so that processes that share a study try shorter steps at the same time.

    Args:
        space: The space, bound to the table.
        others: Draws the parameters without gradients.
        seed: Seed of the starts.
    """

    def __init__(self, space: Space, others: BaseSampler, seed: int) -> None:
        self.others = others
        self._space, self._random = space, np.random.default_rng(seed)

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """The whole space: a step says where every parameter goes."""
        return {name: param.distribution for name, param in self._space.params.items()}

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """The next step of the descent that is under way, or the start of another."""
        earlier = study.get_trials(deepcopy=False)[: trial.number]
        trials = [t for t in earlier if t.state == TrialState.RUNNING or is_counted(t)]
        descent = current_descent(trials, self._space)
        if descent is None:
            return self._start([unit_position(t.params, self._space) for t in trials])
        best = descent.best
        position = dict(zip(best.position, best.coordinates + descent.step(), strict=True))
        return {**best.held, **self._values(position)}

    def sample_independent(self, *arguments: Any) -> Any:
        """As the other sampler does."""
        return self.others.sample_independent(*arguments)

    def _start(self, tried: list[dict[str, float]]) -> Params:
        """Of a few points, the one that is farthest from all others (Mitchell 1991)."""
        names = [name for name, param in self._space.params.items() if _has_slope(param)]
        drawn = self._random.random((CANDIDATES, len(names)))
        others = np.array([list(each.values()) for each in tried if list(each) == names])
        if len(others):
            gaps = np.linalg.norm(drawn[:, None] - others[None], axis=2).min(axis=1)
            drawn = drawn[np.argmax(gaps)][None]
        return self._values(dict(zip(names, drawn[0], strict=True)))

    def _values(self, position: dict[str, float]) -> Params:
        values = {}
        for name, where in position.items():
            param, (low, length) = self._space.params[name], _range(self._space.params[name])
            scaled = low + where * length
            values[name] = param.clip(math.exp(scaled) if param.log else scaled)
        return values


def unit_position(values: Params, space: Space) -> dict[str, float]:
    """Where the values of the parameters with gradients lie in their ranges, from 0 to 1."""
    position = {}
    for name, param in space.params.items():
        if name in values and _has_slope(param):
            low, length = _range(param)
            value = math.log(values[name]) if param.log else values[name]
            position[name] = (value - low) / length
    return position


def parameter_gradient(
    space: Space, values: Mapping[str, float], rows: int, derivatives: Mapping[str, float]
) -> dict[str, float]:
    """Derivatives in a model's arguments become those in the parameters that have gradients.

    Args:
        space: The space, bound to the table.
        values: Its active parameters.
        rows: The rows that the model was trained on.
        derivatives: Argument to derivative.

    Returns:
        Parameter to derivative, by the logarithm of the parameter where its range is logarithmic.
    """
    return {
        name: derivatives[name] * _argument_rate(name, param, values[name], rows)
        for name, param in space.params.items()
        if param.gradient and name in values
    }


def _has_slope(param: Param) -> bool:
    return param.gradient and param.low != param.high


def _range(param: Param) -> tuple[float, float]:
    """Where a range begins on its own scale, and how long it is there."""
    low, high = map(math.log, param.bounds) if param.log else param.bounds
    return low, high - low


def _argument_rate(name: str, param: Param, value: float, rows: int) -> float:
    """How fast the model's argument moves with the parameter: see `Space.decode`."""
    rate = 1.0
    if param.unit == "per_sample_l2":
        rate = -1 / (rows * value**2) if name.split("__")[-1] == "C" else float(rows)
    return rate * value if param.log else rate
