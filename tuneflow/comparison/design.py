"""What all contenders of a comparison share: tables, metric, folds and budget."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tuneflow.comparison.contenders import Contender
from tuneflow.errors import DataError, SearchError, TuneflowWarning
from tuneflow.storage.records import RunRecord
from tuneflow.study.plan import Plan, Rows, make_plan
from tuneflow.study.workers.workers import Workers


@dataclass(frozen=True)
class Task:
    """What all contenders share: tables, metric, folds and budget."""

    name: str
    tables: Mapping[str, tuple[Any, Any, Any]]
    scoring: Any
    cv: Any
    n_trials: int | None
    timeout: float | None
    workers: Workers

    def plan(self, table: str, contender: Contender, seed: int) -> Plan:
        """A run, understood."""
        X, y, groups = self.tables[table]
        how = (contender.sampler, contender.pruner)
        return make_plan(X, y, contender.recipe, self.scoring, (self.cv, Rows(groups)), how, seed)

    def mark(self, table: str, contender: Contender, seed: int) -> RunRecord:
        """What makes a study that run."""
        return RunRecord(self.name, table, contender.name, seed, self.n_trials, self.timeout)


Job = tuple[int, str, Contender]  # seed, table, contender


def seeds_of(n_seeds: int, random_state: int) -> list[int]:
    """As many seeds, from the first on."""
    if isinstance(n_seeds, bool) or not isinstance(n_seeds, int) or n_seeds < 1:
        raise SearchError(f"n_seeds: a whole number from 1 is needed; got {n_seeds!r}.")
    return list(range(random_state, random_state + n_seeds))


def tables_of(X: Any, y: Any, groups: Any) -> dict[str, tuple[Any, Any, Any]]:
    """Tables by name, each with its target and its groups; a single one has no name."""
    if not isinstance(X, Mapping):
        if y is None:
            raise DataError("y: a target, or the name of its column, is needed; got None.")
        return {"": (X, y, groups)}
    pairs = {name: pair for name, pair in X.items() if isinstance(pair, tuple) and len(pair) == 2}
    if not X or len(pairs) < len(X) or not all(isinstance(name, str) and name for name in X):
        raise DataError("X: a suite is names with pairs (X, y); got something else.")
    if y is not None or groups is not None:
        raise DataError(
            "y, groups: a suite has its targets inside, and takes no groups; leave them out."
        )
    return {name: (*pair, None) for name, pair in pairs.items()}


@contextmanager
def collected(notes: dict[str, None]) -> Iterator[None]:
    """Keep tuneflow's own warnings, each once; others go where they would."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", TuneflowWarning)
        yield
    for warning in caught:
        if issubclass(warning.category, TuneflowWarning):
            notes[str(warning.message)] = None
        else:
            warnings.warn_explicit(
                warning.message, warning.category, warning.filename, warning.lineno
            )
