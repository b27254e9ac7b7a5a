"""What a comparison is made of: tables, contenders and seeds, and what is the same for all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, NamedTuple

from tuneflow.comparison.contenders import Contender
from tuneflow.errors import DataError, SearchError
from tuneflow.storage.records import RunRecord
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.study.workers.workers import Workers


class Cell(NamedTuple):
    """One run of a design: a contender, on a table, with a seed."""

    seed: int
    table: str
    contender: Contender


@dataclass(frozen=True)
class Design:
    """Which runs a comparison has, and what is the same for all of them.

    Attributes:
        name: Name of the comparison.
        tables: By name, each with its target and its groups; a single one has no name.
        contenders: Who is compared.
        seeds: Of folds, models and sampler.
        settings: Metric and folds.
        n_trials: Budget of a run in trials; None if there is none.
        timeout: Budget of a run in seconds; None if there is none.
        workers: How the trials of a run are run.
    """

    name: str
    tables: Mapping[str, tuple[Any, Any, Any]]
    contenders: Sequence[Contender]
    seeds: Sequence[int]
    settings: Settings
    n_trials: int | None
    timeout: float | None
    workers: Workers

    @property
    def cells(self) -> list[Cell]:
        """All runs, seed by seed, so that a machine that gets slower does so for all alike."""
        return [Cell(*each) for each in product(self.seeds, self.tables, self.contenders)]

    def plan(self, cell: Cell) -> Plan:
        """What the study of a run is about."""
        X, y, groups = self.tables[cell.table]
        contender = cell.contender
        how = {"sampler": contender.sampler, "pruner": contender.pruner}
        settings = replace(self.settings, groups=groups, random_state=cell.seed, **how)
        return make_plan(X, y, contender.recipe, settings)

    def run_record(self, cell: Cell) -> RunRecord:
        """What makes a study this run."""
        name = cell.contender.name
        return RunRecord(self.name, cell.table, name, cell.seed, self.n_trials, self.timeout)

    def study_name(self, cell: Cell) -> str:
        """Name of the study of a run."""
        parts = (self.name, cell.table, cell.contender.name, str(cell.seed))
        return " / ".join(filter(None, parts))


def parse_seeds(n_seeds: int, random_state: int) -> range:
    """As many seeds, from the first on."""
    if isinstance(n_seeds, bool) or not isinstance(n_seeds, int) or n_seeds < 1:
        raise SearchError(f"n_seeds: a whole number from 1 is needed; got {n_seeds!r}.")
    return range(random_state, random_state + n_seeds)


def parse_tables(X: Any, y: Any, groups: Any) -> dict[str, tuple[Any, Any, Any]]:
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
