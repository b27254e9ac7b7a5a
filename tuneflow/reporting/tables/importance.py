"""How much each parameter mattered, by Optuna's PED-ANOVA, and how sure that is."""

import math
import warnings
from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np
import optuna
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuneflow.storage.study_record import StudyRecord, score_of

FEWEST = 30  # complete trials; PED-ANOVA looks at the best tenth, and wants some in it
MOST = 3_000  # trials that the estimate looks at, evenly spread: more move it by nothing
TOP = 0.1  # what the importances are about: to come into the best tenth
NEAR = 0.5  # the region of the second estimate: the better half
HALVES = 8  # of the trials, from which the standard errors come
MOST_IN_HALF = 500  # trials


class Importance(NamedTuple):
    """Shares of one parameter, by column of the table; all parameters together have 1.

    Attributes:
        importance: What it took to come into the best tenth, among all trials.
        importance_error: Standard error of that.
        importance_top: The same among the better half.
        importance_top_error: Standard error of that.
    """

    importance: float
    importance_error: float
    importance_top: float
    importance_top_error: float


def importances(record: StudyRecord) -> dict[str, Importance]:
    """The importance of every parameter; none from fewer than 30 complete trials.

    Standard errors come from random halves of the trials: the shares vary from half to half about
    as much as those of all trials would vary from study to study (Politis and Romano 1994).
    """
    if len(record.scored) < FEWEST:
        return {}
    ordered = sorted(record.scored, key=score_of)
    trials = ordered[:: math.ceil(len(ordered) / MOST)]
    size = min(len(trials) // 2, MOST_IN_HALF)
    scale = math.sqrt(size / (len(trials) - size))
    random = np.random.default_rng(len(trials))  # the same page for the same study
    halves = [random.permutation(len(trials))[:size] for _ in range(HALVES)]
    values: dict[str, list[float]] = {}  # of the fields of Importance, in their order
    for region in (1.0, NEAR):
        shares = _shares(trials, record, region)
        resampled = [_shares([trials[i] for i in half], record, region) for half in halves]
        for name, share in shares.items():
            error = scale * float(np.std([half.get(name, 0.0) for half in resampled]))
            values.setdefault(name, []).extend((share, error))
    return {name: Importance(*values[name]) for name in record.spaces if name in values}


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
