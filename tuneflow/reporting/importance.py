"""How much each parameter mattered, by Optuna's PED-ANOVA, and how sure that is."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import optuna

    Trial = optuna.trial.FrozenTrial

FEWEST = 30  # complete trials; PED-ANOVA looks at the best tenth, and wants some in it
MOST = 3_000  # trials that the estimate looks at, evenly spread: more move it by nothing
TOP = 0.1  # what the importances are about: to come into the best tenth
NEAR = 0.5  # the region of the second estimate: the better half


@dataclass(frozen=True)
class Importance:
    """Shares of one parameter; all parameters together have 1.

    Attributes:
        overall: What it took to come into the best tenth, among all trials.
        overall_spread: Standard error of that.
        top: The same among the better half.
        top_spread: Standard error of that.
    """

    overall: float = math.nan
    overall_spread: float = math.nan
    top: float = math.nan
    top_spread: float = math.nan


def importances(record: StudyRecord) -> dict[str, Importance]:
    """The importance of every parameter; nothing is known from fewer than 30 complete trials."""
    if len(record.scored) < FEWEST:
        return {}
    import numpy as np

    from tuneflow.reporting.importance_error import cells_of, spreads

    trials = _even(record.scored, MOST)
    overall, top = _shares(trials, record, 1.0), _shares(trials, record, NEAR)
    cells = {name: cells_of(name, trials) for name in overall}
    merit = np.array([record.sign * score_of(trial) for trial in trials])
    spread, top_spread = spreads(cells, merit, 1.0), spreads(cells, merit, NEAR)
    return {
        name: Importance(overall[name], spread[name], top[name], top_spread[name])
        for name in record.spaces
        if name in overall
    }


def _shares(trials: Sequence[Trial], record: StudyRecord, region: float) -> dict[str, float]:
    from optuna.importance import PedAnovaImportanceEvaluator

    judge = PedAnovaImportanceEvaluator(target_quantile=TOP, region_quantile=region)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # rare conditions have few trials; the spread tells
        found = judge.evaluate(_Part(trials, record.maximize))  # type: ignore[arg-type]
    total = sum(found.values())
    return {name: value / total if total > 0 else 0.0 for name, value in found.items()}


def _even(trials: Sequence[Trial], most: int) -> Sequence[Trial]:
    step = max(1, math.ceil(len(trials) / most))
    return sorted(trials, key=score_of)[::step] if step > 1 else trials


class _Part:
    """Some trials of a study, as Optuna's evaluator asks for them."""

    def __init__(self, trials: Sequence[Trial], maximize: bool) -> None:
        from optuna.study import StudyDirection

        self.trials = list(trials)
        self.directions = [StudyDirection.MAXIMIZE if maximize else StudyDirection.MINIMIZE]

    def get_trials(self, **_: Any) -> list[Trial]:
        return self.trials

    def _is_multi_objective(self) -> bool:
        return False
