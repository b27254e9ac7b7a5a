"""Who is compared: words, objects and mixtures become named contenders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sklearn.pipeline import Pipeline

from tuneflow.errors import SearchError, did_you_mean
from tuneflow.recipe.custom import resolve_recipe
from tuneflow.recipe.recipe import Recipe

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
