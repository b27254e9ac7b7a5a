"""A recipe around an estimator of one's own: any of scikit-learn's kind, a pipeline too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import joblib
from optuna import distributions
from pydantic import PrivateAttr
from sklearn.base import clone, is_classifier, is_regressor

from tuneflow.data import Task
from tuneflow.errors import RecipeError, known
from tuneflow.recipe import Recipe, load_recipe, validated

ROWS = 500  # of the first rung, where there are enough for two


class Own(Recipe):
    """A recipe whose estimator was handed over in Python, unfitted, with all that it was told.

    What is stored of it is a fingerprint: nothing is ever read back as an object.
    """

    _template: Any = PrivateAttr(None)

    @property
    def template(self) -> Any:
        """What every trial clones."""
        return self._template

    def replace(self, **changes: Any) -> Recipe:
        """A changed copy, around the same estimator."""
        return _around(self.template, super().replace(**changes))


def as_recipe(recipe: Any, space: Mapping[str, Any] | None, rows: int) -> Recipe:
    """A recipe by name, by file, or around an estimator; with a space of one's own, if given.

    Args:
        recipe: A name, a path, a recipe, or an estimator with `fit` and `predict`.
        space: Name of an argument to its range: a table as in a recipe, a list of choices, or an
            Optuna distribution. Names with ``__`` lead to the steps of a pipeline.
        rows: Rows of the table.

    Raises:
        RecipeError: The estimator is no such thing, or has no such argument.
    """
    if isinstance(recipe, str | Path | Recipe):
        found = load_recipe(recipe)
        return found.replace(space=space) if space else found
    if isinstance(recipe, type) or not all(hasattr(recipe, m) for m in ("fit", "get_params")):
        hint = f" Make one: {recipe.__name__}()." if isinstance(recipe, type) else ""
        msg = f"recipe: a name, a path, a recipe or an estimator is needed; got {recipe!r}.{hint}"
        raise RecipeError(msg)
    return _recipe_of(recipe, space or {}, rows)


def check_space(several: bool, space: Mapping[str, Any] | None) -> None:
    """Refuse one space for several recipes."""
    if several and space:
        msg = f"space: it belongs to one recipe; got {list(space)} for several. Change each."
        raise RecipeError(msg)


def _recipe_of(estimator: Any, space: Mapping[str, Any], rows: int) -> Recipe:
    kind, params = type(estimator), estimator.get_params()
    if strangers := [name for name in space if name not in params]:
        hint = known(strangers[0], sorted(params))
        msg = f"space: {kind.__name__} has no parameter {strangers[0]!r}. {hint}"
        raise RecipeError(msg)
    grown = {"schedule": "rows", "unit": "rows", "first": ROWS, "last": 1.0, "factor": 3}
    told = {
        "name": kind.__name__,
        "title": kind.__name__,
        "family": "own",
        "engine": "sklearn",
        "estimator": f"{kind.__module__}.{kind.__qualname__}",
        "tasks": _tasks(estimator),
        "prepare": "raw",
        "growth": grown if rows >= 5 * ROWS else {"schedule": "folds"},
        "space": {name: _line(name, given, params[name]) for name, given in space.items()},
        "sources": {"estimator": f"{_fingerprint(estimator)}, {kind.__name__}"},
    }
    return _around(clone(estimator), validated(told, kind.__name__))


def _around(template: Any, recipe: Recipe) -> Own:
    own = Own.model_validate(recipe.model_dump(exclude_unset=True))
    own._template = template
    return own


def _tasks(estimator: Any) -> list[Task]:
    if is_regressor(estimator):
        return ["regression"]
    if is_classifier(estimator):
        return ["binary", "multiclass"]
    msg = f"recipe: a classifier or a regressor is needed; got {type(estimator).__name__}."
    raise RecipeError(msg)


def _fingerprint(estimator: Any) -> str:
    """Of all that an estimator was told, so that a study can be recognised."""
    try:
        found: str = joblib.hash(clone(estimator))
    except Exception as error:
        msg = f"recipe: an estimator that can be pickled is needed; got {estimator!r}. {error}"
        raise RecipeError(msg) from error
    return found


def _line(name: str, given: Any, default: Any) -> dict[str, Any]:
    """A line of a space from what was given in Python."""
    if isinstance(given, distributions.CategoricalDistribution):
        given = list(given.choices)
    if isinstance(given, distributions.FloatDistribution | distributions.IntDistribution):
        given = {"low": given.low, "high": given.high, "log": given.log}
    if isinstance(given, tuple | str) or not isinstance(given, Iterable):
        msg = (
            f"space.{name}: a table, a list of choices or an Optuna distribution is needed; got "
            f'{given!r}. Write {{"low": 1, "high": 9}} for a range, and [1, 9] for two choices.'
        )
        raise RecipeError(msg)
    line = dict(given) if isinstance(given, Mapping) else {"choices": _plain(given)}
    line.setdefault("source", "given in Python")
    if "default" not in line:
        line["default"] = _default(line, default)
    return line


def _plain(choices: Iterable[Any]) -> list[Any]:
    """Choices without NumPy's types, such as `np.logspace` gives them."""
    return [choice.item() if hasattr(choice, "item") else choice for choice in choices]


def _default(line: Mapping[str, Any], told: Any) -> Any:
    """The estimator's own argument, where the range holds it; else the end that is nearest."""
    if "choices" in line:
        return told if told in line["choices"] else line["choices"][0]
    low, high = line.get("low", 0), line.get("high", 0)
    if isinstance(told, bool) or not isinstance(told, int | float):
        return low
    return type(low)(min(max(told, low), high))
