"""Custom recipes: an estimator of the user's, or the user's transformer in front of a recipe."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from optuna import distributions
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from tuneflow.data.types import Task
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.overrides import nearest
from tuneflow.recipe.recipe import Recipe

SIMPLE = (bool, int, float, str, type(None))  # what a file can hold
SCIPY = ("uniform", "loguniform", "reciprocal", "randint")  # distributions with two ends
LOGARITHMIC = ("loguniform", "reciprocal")
FIRST_ROWS = 500  # of the first rung, where the table has enough rows for two rungs


def as_recipe(recipe: Any, space: Mapping[str, Any] | None, rows: int) -> Recipe:
    """A recipe by name, by file, or around an estimator; with changes to its space, if any.

    Args:
        recipe: A name, a path, a recipe, a pipeline whose last step is one of these, or an
            estimator with `fit` and `predict`.
        space: Name of an argument to its range: a table as in a recipe, a list of choices, or an
            Optuna distribution. Names with ``__`` lead to the steps of a pipeline.
        rows: Rows of the table.

    Raises:
        RecipeError: The estimator is no such thing, or has no such argument.
    """
    space = {} if space is None else space
    if not isinstance(space, Mapping):
        raise RecipeError(
            f"space: one table of names and ranges is needed; got {space!r}. Where some values "
            "exclude others, compare two estimators, or let such trials fail."
        )
    if _is_reference(recipe) or _ends_in_recipe(recipe):
        base = resolve_recipe(recipe)
        changes, objects = _tables(space)
        changed = base.replace(space=changes) if changes else base
        return changed.with_objects(base.template, base.transformer, objects)
    if isinstance(recipe, type) or not all(hasattr(recipe, m) for m in ("fit", "get_params")):
        hint = f" Make one: {recipe.__name__}()." if isinstance(recipe, type) else ""
        raise RecipeError(
            f"recipe: a name, a path, a recipe or an estimator is needed; got {recipe!r}.{hint}"
        )
    return _around(recipe, space, rows)


def resolve_recipe(recipe: Any) -> Recipe:
    """A recipe by name or file, or at the end of a pipeline of transformers.

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> resolve_recipe(make_pipeline(PolynomialFeatures(), "ridge")).title
    'Ridge regression after PolynomialFeatures'
    """
    if not _ends_in_recipe(recipe):
        return load_recipe(recipe)
    transformer, last = clone(recipe[:-1]), load_recipe(recipe.steps[-1][1])
    for _, step in transformer.steps:
        if step not in (None, "passthrough") and not hasattr(step, "transform"):
            raise RecipeError(
                f"recipe: what stands in front of it must be transformers; got {step!r}."
            )
    if last.uses_raw_table:
        raise RecipeError(
            f"recipe: one that prepares its table must be the last step; got {last.name!r}. Put "
            "its estimator there, and give tune() a space."
        )
    steps = ", ".join(type(step).__name__ for _, step in transformer.steps if hasattr(step, "fit"))
    changes = {
        "name": f"{last.name} after {steps}",
        "title": f"{last.title} after {steps}",
        "sources": {"transformer": f"{_fingerprint(transformer)}, {steps}"},
    }
    return last.replace(**changes).with_objects(transformer=transformer)


def check_space(several: bool, space: Mapping[str, Any] | None) -> None:
    """Refuse one space for several recipes."""
    if several and space:
        raise RecipeError(
            f"space: it belongs to one recipe; got {list(space)} for several. Change each."
        )


def _is_reference(recipe: Any) -> bool:
    return isinstance(recipe, str | Path | Recipe)


def _ends_in_recipe(recipe: Any) -> bool:
    return isinstance(recipe, Pipeline) and _is_reference(recipe.steps[-1][1])


def _around(estimator: Any, space: Mapping[str, Any], rows: int) -> Recipe:
    """A recipe whose estimator is a Python object."""
    kind, params = type(estimator), estimator.get_params()
    tables, objects = _tables(space)
    for name, table in tables.items():
        if name not in params and not _takes(estimator, name, table or {}):
            hint = did_you_mean(name, sorted(params))
            raise RecipeError(f"space: {kind.__name__} has no parameter {name!r}. {hint}")
    lines = {name: _with_default(table or {}, params.get(name)) for name, table in tables.items()}
    starts = {name: line.pop("start") for name, line in lines.items() if "start" in line}
    by_rows = {"schedule": "rows", "unit": "rows", "first": FIRST_ROWS, "last": 1.0, "factor": 3}
    raw = {
        "name": kind.__name__,
        "title": kind.__name__,
        "family": "custom",
        "engine": "sklearn",
        "estimator": f"{kind.__module__}.{kind.__qualname__}",
        "tasks": _tasks(estimator),
        "prepare": "raw",
        "growth": by_rows if rows >= 5 * FIRST_ROWS else {"schedule": "folds"},
        "space": lines,
        "start": [{"params": starts}] if starts else [],
        "sources": {"estimator": f"{_fingerprint(estimator)}, {kind.__name__}"},
    }
    recipe = Recipe.parse(raw, kind.__name__)
    return recipe.with_objects(clone(estimator), choices=objects)


def _takes(estimator: Any, name: str, table: Mapping[str, Any]) -> bool:
    """Whether an estimator takes an argument that it does not list, as those with arguments of
    their library's do: it is asked."""
    values = [*table.get("choices", ()), table.get("low")]
    try:
        return name in clone(estimator).set_params(**{name: values[0]}).get_params()
    except (ValueError, TypeError, AttributeError):
        return False


def _tasks(estimator: Any) -> list[Task]:
    if is_regressor(estimator):
        return ["regression"]
    if is_classifier(estimator):
        return ["binary", "multiclass"]
    raise RecipeError(
        f"recipe: a classifier or a regressor is needed; got {type(estimator).__name__}."
    )


def _fingerprint(estimator: Any) -> str:
    """A hash of an estimator's arguments, so that a study can be recognised."""
    try:
        copied = clone(estimator)
    except Exception as error:
        raise RecipeError(
            f"recipe: {type(estimator).__name__} cannot be cloned, as every fold needs one of its "
            f"own. {error}"
        ) from error
    try:
        return str(joblib.hash(copied))
    except Exception as error:
        raise RecipeError(
            f"recipe: an estimator that can be pickled is needed; got {estimator!r}. {error}"
        ) from error


def _with_default(table: dict[str, Any], argument: Any) -> dict[str, Any]:
    """A line of a recipe's space, whose default is the estimator's argument, if the space holds
    it; else what is nearest. A default that was given is a starting point."""
    param = {"source": "given in Python", **table}
    if "default" in param:
        param["start"] = param["default"]
        return param
    argument, low = _plain(argument), param.get("low")
    default = nearest(
        param, repr(argument) if repr(argument) in param.get("choices", ()) else argument
    )
    if low is not None:
        is_number = isinstance(default, int | float) and not isinstance(default, bool)
        default = type(low)(default) if is_number else low
    return param | {"default": default}


def _tables(
    space: Mapping[str, Any],
) -> tuple[dict[str, dict[str, Any] | None], dict[str, dict[str, Any]]]:
    """What was written for each parameter as it would stand in a file, where None drops it; and
    choices that no file could hold, by the text that stands for them."""
    tables: dict[str, dict[str, Any] | None] = {}
    objects: dict[str, dict[str, Any]] = {}
    for name, values in space.items():
        table = None if values is None else _as_table(name, values)
        if table and not isinstance(default := table.get("default"), SIMPLE):
            table["default"] = repr(default)
        if table and not all(isinstance(c, SIMPLE) for c in table.get("choices", ())):
            choices = table["choices"]
            objects[name] = {repr(c): c for c in choices if not isinstance(c, SIMPLE)}
            texts = [c if isinstance(c, SIMPLE) else repr(c) for c in choices]
            table |= {"choices": texts, "grid": texts, "unit": None}
        tables[name] = table
    return tables, objects


def _as_table(name: str, values: Any) -> dict[str, Any]:
    """What was written for a parameter, as a table."""
    values = _of_distribution(values)
    if getattr(values, "step", None) not in (None, 1):
        raise RecipeError(
            f"space.{name}: ranges have no steps; got {values}. Give a list of choices."
        )
    if isinstance(values, tuple | str) or not isinstance(values, Iterable):
        raise RecipeError(
            f"space.{name}: a table, a list of choices, an Optuna distribution, or SciPy's "
            f'{", ".join(SCIPY)} are needed; got {values!r}. Write {{"low": 1, "high": 9}} for a '
            "range, and [1, 9] for two choices."
        )
    if not isinstance(values, Mapping):
        choices = [_plain(choice) for choice in values]
        return {"choices": choices, "grid": choices}
    table = {key: _plain(value) for key, value in values.items()}
    if any(isinstance(table.get(key), float) for key in ("low", "high")):
        for key in {"low", "high", "default"} & set(table):  # 10 beside 0.1 is 10.0
            is_whole = isinstance(table[key], int) and not isinstance(table[key], bool)
            table[key] = float(table[key]) if is_whole else table[key]
    return table


def _of_distribution(values: Any) -> Any:
    """A range or choices of Optuna's or SciPy's as a table or a list; others as they are."""
    if getattr(getattr(values, "dist", None), "name", None) in SCIPY:
        ends = int if values.dist.name == "randint" else float
        low, high = map(ends, values.support())
        return {"low": low, "high": high, "log": values.dist.name in LOGARITHMIC}
    if isinstance(values, distributions.CategoricalDistribution):
        return list(values.choices)
    is_range = isinstance(values, distributions.FloatDistribution | distributions.IntDistribution)
    if is_range and values.step in (None, 1):
        return {"low": values.low, "high": values.high, "log": values.log}
    return values


def _plain(value: Any) -> Any:
    """A NumPy scalar, such as `np.logspace` gives, as Python's own; others as they are."""
    return value.item() if isinstance(value, np.generic) else value
