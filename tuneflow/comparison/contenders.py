"""Who is compared: words, objects and mixtures become named contenders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from tuneflow.errors import SearchError, did_you_mean
from tuneflow.recipe.custom import resolve_recipe
from tuneflow.recipe.recipe import Recipe

OWN = ("recipe", "sampler", "pruner")  # what contenders may differ in


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
        shared: `recipe`, `sampler` and `pruner` that they have in common.
        lists: `samplers`, `recipes`, `pruners` and `contenders`, of which one is given.

    Raises:
        SearchError: None or several are given, or two contenders have one name.
    """
    given = {name: value for name, value in lists.items() if value is not None}
    if len(given) != 1:
        raise SearchError(
            f"compare: one of {', '.join(lists)} is needed; got {', '.join(given) or 'none'}. "
            "A mixture is contenders={'name': {'recipe': ..., 'sampler': ..., 'pruner': ...}}."
        )
    [(kind, value)] = given.items()
    mixture = _checked(value) if kind == "contenders" else _each(kind, value)
    if not mixture:
        raise SearchError(f"{kind}: at least one contender is needed; got {value!r}.")
    return tuple(_contender(name, {**shared, **options}) for name, options in mixture.items())


def _contender(name: str, options: Mapping[str, Any]) -> Contender:
    return Contender(
        name, resolve_recipe(options["recipe"]), options.get("sampler"), options.get("pruner")
    )


def _checked(contenders: Any) -> dict[str, dict[str, Any]]:
    if not isinstance(contenders, Mapping):
        raise SearchError(
            f"contenders: names with keyword arguments of tune are needed; got {contenders!r}."
        )
    for name, options in contenders.items():
        _check_name(name)
        for word in options:
            if word not in OWN:
                raise SearchError(
                    f"contenders: {name!r} may set {', '.join(OWN)}, as all else is the same for "
                    f"all; got {word!r}. {did_you_mean(str(word), OWN)}"
                )
    return {name: dict(options) for name, options in contenders.items()}


def _each(kind: str, values: Any) -> dict[str, dict[str, Any]]:
    if isinstance(values, str | Path) or not isinstance(values, Sequence | Mapping):
        raise SearchError(f"{kind}: a list is needed; got {values!r}.")
    word = kind.removesuffix("s")
    if isinstance(values, Mapping):
        return _checked({name: {word: value} for name, value in values.items()})
    found: dict[str, dict[str, Any]] = {}
    for value in values:
        name = _name(value)
        if name in found:
            raise SearchError(
                f"{kind}: names must differ; got {name!r} twice. Name them: {kind}={{'a': ...}}."
            )
        _check_name(name)
        found[name] = {word: value}
    return found


def _name(value: Any) -> str:
    by_file = isinstance(value, str) and value.endswith(".toml")
    if by_file or isinstance(value, Recipe | Path | Pipeline):
        recipe = resolve_recipe(value)
        return recipe.name or recipe.title
    if isinstance(value, Mapping):
        return str(value.get("name"))
    return value if isinstance(value, str) else type(value).__name__


def _check_name(name: Any) -> None:
    """Names are parts of the names of studies."""
    if not isinstance(name, str) or not name.strip() or " / " in name:
        raise SearchError(f"contenders: a name is a text without ' / '; got {name!r}.")
