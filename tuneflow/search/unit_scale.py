"""The unit scale of a range, from 0 to 1, and what a derivative becomes there."""

import math
from collections.abc import Mapping

from tuneflow.recipe.space import Param, Space


def to_unit(param: Param, value: float) -> float:
    """Where a value lies in its range, from 0 to 1.

    >>> round(to_unit(Param(low=0.01, high=100.0, log=True, default=1.0), 1.0), 6)
    0.5
    """
    return ((math.log(value) if param.log else value) - _ends(param)[0]) / range_length(param)


def from_unit(param: Param, position: float) -> float:
    """The value at a position in the range.

    >>> from_unit(Param(low=0.0, high=8.0, default=1.0), 0.25)
    2.0
    """
    scaled = _ends(param)[0] + position * range_length(param)
    value: float = param.clip(math.exp(scaled) if param.log else scaled)
    return value


def range_length(param: Param) -> float:
    """How long the range is on its own scale."""
    low, high = _ends(param)
    return high - low


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


def _ends(param: Param) -> tuple[float, float]:
    low, high = param.bounds
    return (math.log(low), math.log(high)) if param.log else (low, high)


def _argument_rate(name: str, param: Param, value: float, rows: int) -> float:
    """How fast the model's argument moves with the parameter: see `Space.decode`."""
    rate = 1.0
    if param.unit == "per_sample_l2":
        rate = -1 / (rows * value**2) if name.split("__")[-1] == "C" else float(rows)
    return rate * value if param.log else rate
