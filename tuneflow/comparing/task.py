"""What all contenders of a comparison share: tables, metric, folds and budget."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from tuneflow.comparing.contenders import Contender
from tuneflow.errors import DataError, SearchError, TuneflowWarning
from tuneflow.ledger import Mark
from tuneflow.plan import Plan, Rows, make_plan
from tuneflow.workers.hands import Hands


@dataclass(frozen=True)
class Task:
    """What all contenders share: tables, metric, folds and budget."""

    name: str
    tables: Mapping[str, tuple[Any, Any, Any]]
    scoring: Any
    cv: Any
    n_trials: int | None
    timeout: float | None
    hands: Hands

    def plan(self, table: str, contender: Contender, seed: int) -> Plan:
        """A run, understood."""
        X, y, groups = self.tables[table]
        how = (contender.sampler, contender.pruner)
        return make_plan(X, y, contender.recipe, self.scoring, (self.cv, Rows(groups)), how, seed)

    def mark(self, table: str, contender: Contender, seed: int) -> Mark:
        """What makes a study that run."""
        return Mark(self.name, table, contender.name, seed, self.n_trials, self.timeout)


Job = tuple[int, str, Contender]  # seed, table, contender


def seeds_of(n_seeds: int, random_state: int) -> list[int]:
    """As many seeds, from the first on."""
    if isinstance(n_seeds, bool) or not isinstance(n_seeds, int) or n_seeds < 1:
        msg = f"n_seeds: a whole number from 1 is needed; got {n_seeds!r}."
        raise SearchError(msg)
    return list(range(random_state, random_state + n_seeds))


def tables_of(X: Any, y: Any, groups: Any) -> dict[str, tuple[Any, Any, Any]]:
    """Tables by name, each with its target and its groups; a single one has no name."""
    if not isinstance(X, Mapping):
        if y is None:
            msg = "y: a target, or the name of its column, is needed; got None."
            raise DataError(msg)
        return {"": (X, y, groups)}
    pairs = {name: pair for name, pair in X.items() if isinstance(pair, tuple) and len(pair) == 2}
    if not X or len(pairs) < len(X) or not all(isinstance(name, str) and name for name in X):
        msg = "X: a suite is names with pairs (X, y); got something else."
        raise DataError(msg)
    if y is not None or groups is not None:
        msg = "y, groups: a suite has its targets inside, and takes no groups; leave them out."
        raise DataError(msg)
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
