"""The scale that a range is searched on, and what a derivative becomes there."""

from __future__ import annotations

import math
from collections.abc import Mapping

from tuneflow.recipe.space import Param, Space


def place(param: Param, value: float) -> float:
    """Where a value lies in its range, from 0 to 1.

    >>> round(place(Param(low=0.01, high=100.0, log=True, default=1.0), 1.0), 6)
    0.5
    """
    low, high = _ends(param)
    return ((math.log(value) if param.log else value) - low) / (high - low)


def value_at(param: Param, where: float) -> float:
    """The value at a place in the range.

    >>> value_at(Param(low=0.0, high=8.0, default=1.0), 0.25)
    2.0
    """
    low, high = _ends(param)
    value = low + where * (high - low)
    found: float = param.clip(math.exp(value) if param.log else value)
    return found


def width(param: Param) -> float:
    """How long the range is on its own scale."""
    low, high = _ends(param)
    return high - low


def slopes(
    space: Space, values: Mapping[str, float], rows: int, by: Mapping[str, float]
) -> dict[str, float]:
    """Derivatives in a model's arguments become those in the parameters that have gradients.

    Args:
        space: The space, bound to the table.
        values: Its active parameters.
        rows: The rows that the model was trained on.
        by: Argument to derivative.

    Returns:
        Parameter to derivative, by the logarithm of the parameter where its range is logarithmic.
    """
    return {
        name: by[name] * _rate(name, param, values[name], rows)
        for name, param in space.params.items()
        if param.gradient and name in values
    }


def _ends(param: Param) -> tuple[float, float]:
    assert param.low is not None
    assert param.high is not None
    return (math.log(param.low), math.log(param.high)) if param.log else (param.low, param.high)


def _rate(name: str, param: Param, value: float, rows: int) -> float:
    """How fast the model's argument moves with the parameter: see `Space.decode`."""
    rate = 1.0
    if param.unit == "per_sample_l2":
        rate = -1 / (rows * value**2) if name.split("__")[-1] == "C" else float(rows)
    return rate * value if param.log else rate
