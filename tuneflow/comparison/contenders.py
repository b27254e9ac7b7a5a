"""Who is compared, and on what: words and objects become contenders, tables a suite."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

from sklearn.pipeline import Pipeline

from tuneflow.errors import DataError, SearchError, did_you_mean
from tuneflow.recipe.custom import resolve_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.records import RunRecord
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.study.workers.workers import Workers

OPTIONS = ("recipe", "sampler", "pruner")  # what contenders may differ in


@dataclass(frozen=True)
class Contender:
    """What is tuned, and how.

    Attributes:
        name: Its name in tables and in the storage.
        recipe: What is tuned.
        sampler: A word or an Optuna sampler; None for the recipe's own.
        pruner: A word, a table or an Optuna pruner; None for the recipe's own.
    """

    name: str
    recipe: Recipe
    sampler: Any = None
    pruner: Any = None


def parse_contenders(shared: Mapping[str, Any], lists: Mapping[str, Any]) -> tuple[Contender, ...]:
    """Name the contenders.

    Args:
        shared: `recipe`, `sampler` and `pruner` of all that do not set their own.
        lists: `samplers`, `recipes`, `pruners` and `contenders`, all None but one.

    Raises:
        SearchError: None or several of the lists are set, or two contenders have one name.
    """
    lists_set = {kind: value for kind, value in lists.items() if value is not None}
    if len(lists_set) != 1:
        raise SearchError(
            f"compare: one of {', '.join(lists)} is needed; got {', '.join(lists_set) or 'none'}. "
            "A mixture is contenders={'name': {'recipe': ..., 'sampler': ..., 'pruner': ...}}."
        )
    [(kind, value)] = lists_set.items()
    mixture = _mixture(value) if kind == "contenders" else _mixture_of_list(kind, value)
    if not mixture:
        raise SearchError(f"{kind}: at least one contender is needed; got {value!r}.")
    contenders = []
    for name, options in mixture.items():
        every = {**shared, **options}
        recipe = resolve_recipe(every["recipe"])
        contenders.append(Contender(name, recipe, every["sampler"], every["pruner"]))
    return tuple(contenders)


def _mixture(contenders: Any) -> dict[str, dict[str, Any]]:
    """Options of each contender, by its name, none of them misspelt."""
    if not isinstance(contenders, Mapping):
        raise SearchError(
            f"contenders: names with keyword arguments of tune are needed; got {contenders!r}."
        )
    for name, options in contenders.items():
        if not isinstance(name, str) or not name.strip() or " / " in name:
            raise SearchError(f"contenders: a name is a text without ' / '; got {name!r}.")
        for option in options:
            if option not in OPTIONS:
                raise SearchError(
                    f"contenders: {name!r} may set {', '.join(OPTIONS)}, as all else is the same "
                    f"for all; got {option!r}. {did_you_mean(str(option), OPTIONS)}"
                )
    return {name: dict(options) for name, options in contenders.items()}


def _mixture_of_list(kind: str, values: Any) -> dict[str, dict[str, Any]]:
    """The same from a list, or from a mapping, of values of a single option."""
    if isinstance(values, str | Path) or not isinstance(values, Sequence | Mapping):
        raise SearchError(f"{kind}: a list is needed; got {values!r}.")
    if not isinstance(values, Mapping):
        names = [_name(value) for value in values]
        if twice := [name for name in names if names.count(name) > 1]:
            raise SearchError(
                f"{kind}: names must differ; got {twice[0]!r} twice. "
                f"Name them: {kind}={{'a': ...}}."
            )
        values = dict(zip(names, values, strict=True))
    return _mixture({name: {kind.removesuffix("s"): value} for name, value in values.items()})


def _name(value: Any) -> str:
    is_file = isinstance(value, str) and value.endswith(".toml")
    if is_file or isinstance(value, Recipe | Path | Pipeline):
        recipe = resolve_recipe(value)
        return recipe.name or recipe.title
    if isinstance(value, Mapping):
        return str(value.get("name"))
    return value if isinstance(value, str) else type(value).__name__


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
