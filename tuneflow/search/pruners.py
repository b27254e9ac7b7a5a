"""Pruners: a table from words to Optuna's classes and options."""

import copy
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from optuna import pruners
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner

from tuneflow.errors import SearchError, did_you_mean

PrunerMaker = Callable[[int], BasePruner]  # takes the number of decisions a trial


def _patient(*, patience: int, **options: Any) -> BasePruner:
    return pruners.PatientPruner(pruners.MedianPruner(**options), patience=patience)


#: Pruners by word: the class with its options, for a number of decisions a trial.
PRUNERS: dict[str, Callable[[int], Callable[..., BasePruner]]] = {
    "none": lambda steps: pruners.NopPruner,
    "median": lambda steps: partial(pruners.MedianPruner, n_startup_trials=5),
    "percentile": lambda steps: partial(
        pruners.PercentilePruner, percentile=25.0, n_startup_trials=5
    ),
    "halving": lambda steps: partial(
        pruners.SuccessiveHalvingPruner, min_resource=1, reduction_factor=2
    ),
    "hyperband": lambda steps: partial(
        pruners.HyperbandPruner, min_resource=1, max_resource=max(steps, 2), reduction_factor=3
    ),
    "wilcoxon": lambda steps: partial(pruners.WilcoxonPruner, p_threshold=0.1),
    "patient": lambda steps: partial(_patient, patience=1, n_startup_trials=5),
}


def parse_pruner(pruner: str | Mapping[str, Any] | BasePruner) -> tuple[str, PrunerMaker]:
    """The pruner's word, or the name of its class, and what makes it for a study.

    Args:
        pruner: A word of `PRUNERS`, a table with a ``name`` and options, or an Optuna pruner,
            which is copied: it cannot serve two studies.

    Raises:
        SearchError: An unknown word, or options that the class does not take.
    """
    if isinstance(pruner, BasePruner):
        own = copy.deepcopy(pruner)
        return type(pruner).__name__, lambda steps: own
    options = dict(pruner) if isinstance(pruner, Mapping) else {"name": pruner}
    name = options.pop("name", None)
    if not isinstance(name, str) or name not in PRUNERS:
        hint = did_you_mean(str(name), PRUNERS)
        raise SearchError(f"pruner: a word or an Optuna pruner is needed; got {name!r}. {hint}")

    def make(steps: int) -> BasePruner:
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            return PRUNERS[name](steps)(**options)

    try:
        make(1)
    except (TypeError, ValueError) as error:
        raise SearchError(
            f"pruner: {name!r} does not take these options; got {options}. {error}"
        ) from error
    return name, make
