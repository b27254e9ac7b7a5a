"""What was tuned: the range of every parameter, where the good values lie, and what mattered.

How much each parameter mattered is Optuna's PED-ANOVA, with a standard error.
"""

import math
import warnings
from collections import Counter
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.study_record import StudyRecord, score_of

FEWEST = 30  # complete trials; PED-ANOVA looks at the best tenth, and wants some in it
MOST = 3_000  # trials that the estimate looks at, evenly spread: more move it by nothing
TOP = 0.1  # what the importances are about: to come into the best tenth
NEAR = 0.5  # the region of the second estimate: the better half
HALVES = 8  # of the trials, from which the standard errors come
MOST_IN_HALF = 500  # trials
IMPORTANCES = ["importance", "importance_error", "importance_top", "importance_top_error"]
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
    top = best_tenth(record)
    rows = [_row(record, name, dist, top) for name, dist in record.spaces.items()]
    table = frame(rows, KINDS, "parameter").join(importances(record))
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
    good = [trial.params[name] for trial in top if name in trial.params]
    active = sum(name in trial.params for trial in record.trials) / len(record.trials)
    row = {"parameter": name, "active": active, "log": getattr(dist, "log", False)}
    for what, trial in (("default", record.baseline), ("best", record.best)):
        if name in (values := record.values(trial)):
            row[what] = parameter_value(values[name])
    if is_choice(dist):
        frequent = [choice for choice, _ in Counter(map(str, good)).most_common(1)]
        row |= {"kind": "choice", "choices": ", ".join(map(str, dist.choices))}
        return row | {"top_choice": "".join(frequent)}
    if record.best and name in record.best.params and not dist.single():
        at = position(record.best.params[name], dist)
        row["edge"] = "low" if at <= EDGE else "high" if at >= 1 - EDGE else ""
    row |= {"kind": type(dist).__name__.removesuffix("Distribution").lower()}
    row |= {"low": dist.low, "high": dist.high}
    return row | {"top_low": min(good, default=None), "top_high": max(good, default=None)}


def importances(record: StudyRecord) -> pd.DataFrame:
    """The importance of every parameter; none from fewer than 30 complete trials.

    Standard errors come from random halves of the trials: the shares vary from half to half about
    as much as those of all trials would vary from study to study (Politis and Romano 1994).

    Returns:
        A frame indexed by parameter: shares, which add up to 1, and their standard errors.
        ``importance`` is what it took to come into the best tenth, among all trials;
        ``importance_top`` the same among the better half.
    """
    inside = [trial for trial in record.scored if trial.params]  # a baseline may lie outside
    if len(inside) < FEWEST:
        return pd.DataFrame(columns=IMPORTANCES, dtype=float)
    ordered = sorted(inside, key=score_of)
    trials = ordered[:: math.ceil(len(ordered) / MOST)]
    size = min(len(trials) // 2, MOST_IN_HALF)
    scale = math.sqrt(size / (len(trials) - size))
    random = np.random.default_rng(len(trials))  # the same page for the same study
    halves = [random.permutation(len(trials))[:size] for _ in range(HALVES)]
    table = pd.DataFrame(index=list(record.spaces), columns=IMPORTANCES, dtype=float)
    for column, region in (("importance", 1.0), ("importance_top", NEAR)):
        shares = _shares(trials, record, region)
        resampled = [_shares([trials[i] for i in half], record, region) for half in halves]
        errors = pd.DataFrame(resampled, columns=list(shares)).fillna(0.0).std(ddof=0) * scale
        table[column], table[f"{column}_error"] = pd.Series(shares, dtype=float), errors
    return table


def _shares(trials: Sequence[FrozenTrial], record: StudyRecord, region: float) -> dict[str, float]:
    evaluator = PedAnovaImportanceEvaluator(target_quantile=TOP, region_quantile=region)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare conditions have few trials; the error shows it
        study = _Subset(trials, record.maximize)
        values = get_param_importances(study, evaluator=evaluator, normalize=False)
    total = sum(values.values())
    return {name: value / total if total > 0 else 0.0 for name, value in values.items()}


class _Subset(optuna.Study):
    """Complete trials of a study, without a storage, for an evaluator to read."""

    def __init__(self, trials: Sequence[FrozenTrial], maximize: bool) -> None:
        self._trials = list(trials)
        self._maximize = maximize

    @property
    def directions(self) -> list[StudyDirection]:
        return [StudyDirection.MAXIMIZE if self._maximize else StudyDirection.MINIMIZE]

    def get_trials(
        self, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        return self._trials
