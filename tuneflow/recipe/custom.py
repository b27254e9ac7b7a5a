"""Custom recipes: an estimator of the user's, or the user's transformer in front of a recipe."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import joblib
from optuna import distributions
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from tuneflow.data.types import Task
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.overrides import nearest
from tuneflow.recipe.recipe import Recipe

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
    space = space or {}
    if _is_reference(recipe) or _ends_in_recipe(recipe):
        base = resolve_recipe(recipe)
        changes = {name: _as_table(name, values) for name, values in space.items()}
        return base.replace(space=changes) if changes else base
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
    if unknown := [name for name in space if name not in params]:
        hint = did_you_mean(unknown[0], sorted(params))
        raise RecipeError(f"space: {kind.__name__} has no parameter {unknown[0]!r}. {hint}")
    tables = {name: _as_table(name, values) or {} for name, values in space.items()}
    starts = {name: table["default"] for name, table in tables.items() if "default" in table}
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
        "space": {name: _param(name, values, params[name]) for name, values in space.items()},
        "start": [{"params": starts}] if starts else [],
        "sources": {"estimator": f"{_fingerprint(estimator)}, {kind.__name__}"},
    }
    return Recipe.parse(raw, kind.__name__).with_objects(template=clone(estimator))


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
        return str(joblib.hash(clone(estimator)))
    except Exception as error:
        raise RecipeError(
            f"recipe: an estimator that can be pickled is needed; got {estimator!r}. {error}"
        ) from error


def _param(name: str, values: Any, argument: Any) -> dict[str, Any]:
    """A line of a recipe's space; the default is the estimator's argument, if the space holds it.

    Args:
        name: The parameter.
        values: What the user wrote for it.
        argument: What the estimator has now.
    """
    param = {"source": "given in Python", **(_as_table(name, values) or {})}
    if "default" not in param:
        argument = _without_numpy(argument)
        param["default"] = _default(param, argument)
    return param


def _default(param: Mapping[str, Any], argument: Any) -> Any:
    """The estimator's argument, where the space holds it; else what is nearest."""
    default, low = nearest(param, argument), param.get("low")
    if low is None:
        return default
    is_number = isinstance(default, int | float) and not isinstance(default, bool)
    return type(low)(default) if is_number else low


def _as_table(name: str, values: Any) -> dict[str, Any] | None:
    """What the user wrote for a parameter, as it would stand in a file; None drops it."""
    if values is None:
        return None
    if getattr(values, "step", None) not in (None, 1):
        raise RecipeError(
            f"space.{name}: ranges have no steps; got {values}. Give a list of choices."
        )
    if isinstance(values, distributions.CategoricalDistribution):
        values = list(values.choices)
    if isinstance(values, distributions.FloatDistribution | distributions.IntDistribution):
        values = {"low": values.low, "high": values.high, "log": values.log}
    if isinstance(values, tuple | str) or not isinstance(values, Iterable):
        raise RecipeError(
            f"space.{name}: a table, a list of choices or an Optuna distribution is needed; got "
            f'{values!r}. Write {{"low": 1, "high": 9}} for a range, and [1, 9] for two choices.'
        )
    if isinstance(values, Mapping):
        return dict(values)
    choices = [_without_numpy(choice) for choice in values]
    return {"choices": choices, "grid": choices}


def _without_numpy(value: Any) -> Any:
    """A NumPy scalar, such as `np.logspace` gives, as Python's own; others as they are."""
    return value.item() if hasattr(value, "item") else value
