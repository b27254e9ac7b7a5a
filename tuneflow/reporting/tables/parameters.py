"""What was tuned: the range of every parameter, where the good values lie, and what mattered."""

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pandas as pd
from optuna.distributions import BaseDistribution
from optuna.trial import FrozenTrial

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.reporting.tables.importance import Importance, importances
from tuneflow.storage.study_record import StudyRecord, score_of

EDGE = 0.05  # of the range, on the parameter's own scale
KINDS: Mapping[str, Any] = {
    "parameter": "str",
    "kind": "str",
    "low": float,
    "high": float,
    "log": bool,
    "choices": "str",
    "default": "str",
    "best": "str",
    "top_low": float,
    "top_high": float,
    "top_choice": "str",
    "edge": "str",
    "active": float,
}


def parameters(record: StudyRecord) -> pd.DataFrame:
    """What was tuned, one row a parameter, the most important first.

    Returns:
        A frame indexed by ``parameter``:

        - ``kind``: ``float``, ``int`` or ``choice``; ``low``, ``high``, ``log``, ``choices``;
        - ``default``, ``best``: values of the first point and of the best trial, as text;
        - ``top_low``, ``top_high``, ``top_choice``: where the best tenth of the complete trials
          lies: its range, or its most frequent choice;
        - ``edge``: ``low`` or ``high`` if the best value lies in the outer 5 % of the range;
        - ``active``: share of the trials in which the parameter was active;
        - ``importance``: share of what it took to come into the best tenth, and its standard
          error ``importance_error``; ``importance_top``: the same among the better half, and
          ``importance_top_error``.
    """
    shares, top = importances(record), best_tenth(record)
    rows = [
        _row(record, name, dist, top)
        | dict(zip(Importance._fields, shares.get(name, ()), strict=False))
        for name, dist in record.spaces.items()
    ]
    table = frame(rows, {**KINDS, **dict.fromkeys(Importance._fields, float)}, "parameter")
    return table.sort_values("importance", ascending=False, kind="stable")


def best_tenth(record: StudyRecord) -> list[FrozenTrial]:
    """The best tenth of the complete trials, at least five."""
    ordered = sorted(record.scored, key=lambda trial: -record.sign * score_of(trial))
    return ordered[: max(5, math.ceil(len(ordered) / 10))]


def position(value: Any, dist: BaseDistribution) -> float:
    """Where a number lies in its range, from 0 to 1, on the parameter's own scale."""
    low, high = float(getattr(dist, "low", math.nan)), float(getattr(dist, "high", math.nan))
    at = float(value)
    if getattr(dist, "log", False):
        low, high, at = math.log(low), math.log(high), math.log(at) if at > 0 else math.log(low)
    return (at - low) / (high - low) if high > low else 0.5


def is_choice(dist: BaseDistribution) -> bool:
    """Whether a parameter is one of a list, rather than a number in a range."""
    return hasattr(dist, "choices")


def _row(record: StudyRecord, name: str, dist: Any, top: list[FrozenTrial]) -> dict[str, Any]:
    best, default = (t.params if t else {} for t in (record.best, record.baseline))
    good = [trial.params[name] for trial in top if name in trial.params]
    active = sum(name in trial.params for trial in record.trials) / len(record.trials)
    row = {
        "parameter": name,
        "default": parameter_value(default[name]) if name in default else "",
        "best": parameter_value(best[name]) if name in best else "",
        "edge": "",
        "active": active,
        "log": getattr(dist, "log", False),
    }
    if is_choice(dist):
        frequent = Counter(map(str, good)).most_common(1)
        row |= {"kind": "choice", "choices": ", ".join(map(str, dist.choices))}
        return row | {"top_choice": frequent[0][0] if frequent else ""}
    if name in best and not dist.single():
        at = position(best[name], dist)
        row["edge"] = "low" if at <= EDGE else "high" if at >= 1 - EDGE else ""
    row |= {"kind": type(dist).__name__.removesuffix("Distribution").lower()}
    row |= {"choices": "", "top_choice": "", "low": dist.low, "high": dist.high}
    return row | {"top_low": min(good, default=None), "top_high": max(good, default=None)}
