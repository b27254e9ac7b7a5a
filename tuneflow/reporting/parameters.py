"""What was tuned: the range of every parameter, where the good values lie, and what mattered."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from tuneflow.reporting.importance import Importance, importances
from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import optuna
    import pandas as pd

    Distribution = optuna.distributions.BaseDistribution
    Trial = optuna.trial.FrozenTrial

EDGE = 0.05  # of the range, on the parameter's own scale
COLUMNS = (
    "parameter",
    "kind",
    "low",
    "high",
    "log",
    "choices",
    "default",
    "best",
    "top_low",
    "top_high",
    "top_choice",
    "edge",
    "active",
    "importance",
    "importance_spread",
    "importance_top",
    "importance_top_spread",
)


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
          error ``importance_spread``; ``importance_top``: the same among the better half, and
          ``importance_top_spread``.
    """
    import pandas as pd

    shares = importances(record)
    top = best_tenth(record)
    rows = [
        _row(record, name, dist, shares.get(name, Importance()), top)
        for name, dist in record.spaces.items()
    ]
    numbers = [*(c for c in COLUMNS if c.startswith(("top_l", "top_h", "imp"))), "active"]
    kinds = {**dict.fromkeys(numbers, float), "low": float, "high": float, "log": bool}
    texts = ("parameter", "kind", "choices", "default", "best", "top_choice", "edge")
    frame = pd.DataFrame(rows, columns=list(COLUMNS)).astype(
        {**kinds, **dict.fromkeys(texts, "str")}
    )
    order = frame["importance"].sort_values(ascending=False, kind="stable", na_position="last")
    return frame.loc[order.index].set_index("parameter")


def best_tenth(record: StudyRecord) -> list[Trial]:
    """The best tenth of the complete trials, at least five."""
    ordered = sorted(record.scored, key=lambda trial: -record.sign * score_of(trial))
    return ordered[: max(5, math.ceil(len(ordered) / 10))]


def position(value: Any, dist: Distribution) -> float:
    """Where a number lies in its range, from 0 to 1, on the parameter's own scale."""
    low, high = float(getattr(dist, "low", math.nan)), float(getattr(dist, "high", math.nan))
    at = float(value)
    if getattr(dist, "log", False):
        low, high, at = math.log(low), math.log(high), math.log(at) if at > 0 else math.log(low)
    return (at - low) / (high - low) if high > low else 0.5


def edge_of(value: Any, dist: Distribution) -> str:
    """``low`` or ``high`` if a number lies at the edge of its range; otherwise nothing."""
    if is_choice(dist) or value is None or dist.single():
        return ""
    at = position(value, dist)
    return "low" if at <= EDGE else "high" if at >= 1 - EDGE else ""


def is_choice(dist: Distribution) -> bool:
    """Whether a parameter is one of a list, rather than a number in a range."""
    return hasattr(dist, "choices")


def _row(
    record: StudyRecord, name: str, dist: Distribution, share: Importance, top: list[Trial]
) -> dict[str, Any]:
    choice = is_choice(dist)
    best = record.best.params.get(name) if record.best else None
    default = record.baseline.params if record.baseline else {}
    active = sum(name in trial.params for trial in record.trials)
    good = [trial.params[name] for trial in top if name in trial.params]
    frequent = Counter(map(str, good)).most_common(1) if choice else []
    return {
        "parameter": name,
        "kind": "choice" if choice else type(dist).__name__.removesuffix("Distribution").lower(),
        "low": getattr(dist, "low", math.nan),
        "high": getattr(dist, "high", math.nan),
        "log": getattr(dist, "log", False),
        "choices": ", ".join(map(str, getattr(dist, "choices", ()))),
        "default": shown(default.get(name)) if name in default else "",
        "best": shown(best) if record.best and name in record.best.params else "",
        "top_low": math.nan if choice or not good else min(good),
        "top_high": math.nan if choice or not good else max(good),
        "top_choice": frequent[0][0] if frequent else "",
        "edge": edge_of(best, dist),
        "active": active / len(record.trials),
        "importance": share.overall,
        "importance_spread": share.overall_spread,
        "importance_top": share.top,
        "importance_top_spread": share.top_spread,
    }


def shown(value: Any) -> str:
    """A parameter's value as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
