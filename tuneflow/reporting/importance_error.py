"""How far importances would move on other trials: PED-ANOVA on many halves of them at once.

Optuna's evaluator gives the estimate; to run it on every half would take longer than the rest of
the report. Here all halves go through the same densities on the same grid as one array.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import optuna

    Trial = optuna.trial.FrozenTrial

Floats: TypeAlias = npt.NDArray[np.float64]
Ints: TypeAlias = npt.NDArray[np.int64]

HALVES = 8
MOST = 500  # trials in a half
CELLS = 50  # of a number's range, as Optuna has it
TOP = 0.1
NARROWEST = 0.5 / 1.64  # cells; as Optuna has it


def spreads(
    cells: Mapping[str, tuple[Ints, int]], merit: Floats, region: float
) -> dict[str, float]:
    """Standard error of every parameter's share, from halves of the trials.

    Args:
        cells: For every parameter, the cell of each trial's value, -1 where it was not active,
            and the number of cells.
        merit: The score of each trial; more is better.
        region: The share of the trials among which importance is asked for.
    """
    size = min(len(merit) // 2, MOST)
    chance = np.random.default_rng(len(merit))  # the same page for the same study
    halves = np.argsort(chance.random((HALVES, len(merit))), axis=1)[:, :size]
    ordered = np.take_along_axis(halves, np.argsort(-merit[halves], axis=1), axis=1)
    top, near = ordered[:, : math.ceil(TOP * size)], ordered[:, : math.ceil(region * size)]
    raw = {name: _importance(at[top], at[near], count) for name, (at, count) in cells.items()}
    total = np.maximum(sum(raw.values(), np.zeros(HALVES)), 1e-12)
    # Politis and Romano 1994: a half varies around the whole as the whole around the truth.
    scale = math.sqrt(size / (len(merit) - size))
    return {name: float(np.std(value / total)) * scale for name, value in raw.items()}


def cells_of(name: str, trials: Sequence[Trial]) -> tuple[Ints, int]:
    """The cell of each trial's value of a parameter, and how many cells there are."""
    known = {name_: dist for trial in trials for name_, dist in trial.distributions.items()}
    dist: Any = known[name]
    active = np.array([name in trial.params for trial in trials])
    values = [trial.params[name] for trial in trials if name in trial.params]
    cells = np.full(len(trials), -1)
    if hasattr(dist, "choices"):
        order = {str(choice): i for i, choice in enumerate(dist.choices)}
        cells[active] = [order.get(str(value), 0) for value in values]
        return cells, len(dist.choices)
    count = _count(dist)
    scale = np.log if dist.log else np.asarray
    low, high = scale(float(dist.low)), scale(float(dist.high))
    share = (scale(np.array(values, float)) - low) / max(high - low, 1e-300)
    cells[active] = np.clip(np.ceil(share * (count - 1) - 0.5), 0, count - 1)
    return cells, count


def _count(dist: Any) -> int:
    if dist.log and isinstance(dist.low, int):
        return min(CELLS, math.ceil(math.log2(dist.high - dist.low + 1)) + 1)
    return min(CELLS, round((dist.high - dist.low) / dist.step) + 1) if dist.step else CELLS


def _importance(top: Ints, near: Ints, count: int) -> Floats:
    """Pearson divergence of the densities of the top and of the region, for every half."""
    at_top, at_near = _counted(top, count), _counted(near, count)
    active_top, active_near = at_top.sum(1) / top.shape[1], at_near.sum(1) / near.shape[1]
    p, q = _density(at_top), _density(at_near)
    weight = active_top**2 / np.maximum(active_near, 1e-12)
    return np.asarray(weight * (q * (p / q - 1) ** 2).sum(1))


def _counted(cells: Ints, count: int) -> Floats:
    shifted = cells + 1 + (count + 1) * np.arange(len(cells))[:, None]
    counts = np.bincount(shifted.ravel(), minlength=len(cells) * (count + 1))
    return np.asarray(counts.reshape(len(cells), count + 1)[:, 1:], dtype=float)


def _density(counts: Floats) -> Floats:
    """A Gaussian for every trial, with the width of Scott's rule, and a wide one before any."""
    from scipy.special import ndtr

    size = counts.shape[1]
    cells, n = np.arange(size), np.maximum(counts.sum(1), 1)
    edges = np.arange(size + 1) - 0.5
    mean = counts @ cells / n
    deviation = np.sqrt((counts * (cells - mean[:, None]) ** 2).sum(1) / np.maximum(n - 1, 1))
    width = np.maximum(1.059 * deviation * n**-0.2, NARROWEST)
    apart = np.diff(ndtr((np.arange(1 - size, size + 1) - 0.5) / width[:, None]), axis=1)
    mass = apart[:, cells - cells[:, None] + size - 1]  # of cell x, by a trial in cell c
    kernels = mass / mass.sum(2, keepdims=True)
    prior = np.diff(ndtr((edges - (size - 1) / 2) / size))
    seen = np.einsum("hc,hcx->hx", counts, kernels) + prior / prior.sum()
    return np.asarray(seen / seen.sum(1, keepdims=True) + 1e-12)
