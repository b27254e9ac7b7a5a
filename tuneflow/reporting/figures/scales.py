"""Where the values of a parameter stand on an axis."""

from __future__ import annotations

from typing import Any

from tuneflow.reporting.format import plain
from tuneflow.reporting.tables.parameters import is_choice, position

TICKS = 5


def choice_index(value: Any, dist: Any) -> int:
    """Which of the choices a value is; 0 for one that is not among them any more."""
    names = [str(choice) for choice in dist.choices]
    return names.index(str(value)) if str(value) in names else 0


def share(value: Any, dist: Any) -> float:
    """Where a value stands on an axis from 0 to 1, on the parameter's own scale."""
    if not is_choice(dist):
        return min(1.0, max(0.0, position(value, dist)))
    last = len(dist.choices) - 1
    return choice_index(value, dist) / last if last else 0.5


def share_ticks(dist: Any) -> list[tuple[float, str]]:
    """Ticks of an axis from 0 to 1: their places, and what stands on them."""
    if is_choice(dist):
        return [(share(choice, dist), plain(choice)) for choice in dist.choices]
    if dist.single():
        return [(0.5, f"{dist.low:.3g}")]
    places = [i / (TICKS - 1) for i in range(TICKS)]
    if dist.log:
        return [(at, f"{dist.low * (dist.high / dist.low) ** at:.3g}") for at in places]
    return [(at, f"{dist.low + (dist.high - dist.low) * at:.3g}") for at in places]
