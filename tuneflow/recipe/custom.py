"""Recipes with a part that was handed over in Python: an estimator, or a transformer in front."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Self

import joblib
from optuna import distributions
from pydantic import PrivateAttr
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.pipeline import Pipeline

from tuneflow.data.types import Task
from tuneflow.errors import RecipeError, TuneflowWarning, known
from tuneflow.recipe.recipe import Recipe, load_recipe, validated

NAMES = (str, Path, Recipe)  # what a recipe is called by
ROWS = 500  # of the first rung, where there are enough for two


class _RecipeWithObject(Recipe):
    """A recipe with an object, unfitted, with all that it was told.

    What is stored of it is a fingerprint: nothing is ever read back as an object.
    """

    _object: Any = PrivateAttr(None)

    @classmethod
    def around(cls, given: Any, recipe: Recipe) -> Self:
        """What a recipe says, with an object."""
        made = cls.model_validate(recipe.model_dump(exclude_unset=True))
        made._object = given
        return made

    def replace(self, **changes: Any) -> Recipe:
        """A changed copy, with the same object."""
        return self.around(self._object, super().replace(**changes))

    def digest(self) -> str:
        """Not that of the same words without the object, which is all that storage holds."""
        return hashlib.sha256(f"{super().digest()}, handed over".encode()).hexdigest()[:16]


class CustomRecipe(_RecipeWithObject):
    """A recipe whose estimator was handed over."""

    @property
    def template(self) -> Any:
        """What every trial clones."""
        return self._object


class RecipeInPipeline(_RecipeWithObject):
    """A recipe at the end of a pipeline: what stands in front of it was handed over."""

    @property
    def front(self) -> Any:
        """What every fold clones and fits on its training rows."""
        return self._object


def as_recipe(recipe: Any, space: Mapping[str, Any] | None, rows: int) -> Recipe:
    """A recipe by name, by file, or around an estimator; with a space of one's own, if given.

    Args:
        recipe: A name, a path, a recipe, a pipeline whose last step is one of these, or an
            estimator with `fit` and `predict`.
        space: Name of an argument to its range: a table as in a recipe, a list of choices, or an
            Optuna distribution. Names with ``__`` lead to the steps of a pipeline.
        rows: Rows of the table.

    Raises:
        RecipeError: The estimator is no such thing, or has no such argument.
    """
    if isinstance(recipe, NAMES) or _ends_in_one(recipe):
        found, changes = named(recipe), space or {}
        tables = {name: _table(name, given) for name, given in changes.items()}
        return found.replace(space=tables) if tables else found
    if isinstance(recipe, type) or not all(hasattr(recipe, m) for m in ("fit", "get_params")):
        hint = f" Make one: {recipe.__name__}()." if isinstance(recipe, type) else ""
        raise RecipeError(
            f"recipe: a name, a path, a recipe or an estimator is needed; got {recipe!r}.{hint}"
        )
    return _recipe_of(recipe, space or {}, rows)


def named(recipe: Any) -> Recipe:
    """A recipe by name or file, or at the end of a pipeline whose transformers are its own.

    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import PolynomialFeatures
    >>> named(make_pipeline(PolynomialFeatures(), "ridge")).title
    'Ridge regression after PolynomialFeatures'
    """
    if not _ends_in_one(recipe):
        return load_recipe(recipe)
    front, last = clone(recipe[:-1]), load_recipe(recipe.steps[-1][1])
    if strangers := [step for _, step in front.steps if not _transforms(step)]:
        raise RecipeError(
            f"recipe: what stands in front of it must be transformers; got {strangers[0]!r}."
        )
    if last.prepare == "raw" or last.front is not None:
        raise RecipeError(
            f"recipe: one that prepares its table must be the last step; got {last.name!r}. Put "
            "its estimator there, and give tune() a space."
        )
    steps = ", ".join(type(step).__name__ for _, step in front.steps if hasattr(step, "fit"))
    changes = {
        "name": f"{last.name} after {steps}",
        "title": f"{last.title} after {steps}",
        "sources": {"front": f"{_fingerprint(front)}, {steps}"},
    }
    return RecipeInPipeline.around(front, last.replace(**changes))


def _ends_in_one(recipe: Any) -> bool:
    return isinstance(recipe, Pipeline) and isinstance(recipe.steps[-1][1], NAMES)


def _transforms(step: Any) -> bool:
    return step is None or step == "passthrough" or hasattr(step, "transform")


def check_space(several: bool, space: Mapping[str, Any] | None) -> None:
    """Refuse one space for several recipes."""
    if several and space:
        raise RecipeError(
            f"space: it belongs to one recipe; got {list(space)} for several. Change each."
        )


def _recipe_of(estimator: Any, space: Mapping[str, Any], rows: int) -> Recipe:
    kind, params = type(estimator), estimator.get_params()
    if strangers := [name for name in space if name not in params]:
        hint = known(strangers[0], sorted(params))
        raise RecipeError(f"space: {kind.__name__} has no parameter {strangers[0]!r}. {hint}")
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
    return CustomRecipe.around(clone(estimator), validated(told, kind.__name__))


def _tasks(estimator: Any) -> list[Task]:
    if is_regressor(estimator):
        return ["regression"]
    if is_classifier(estimator):
        return ["binary", "multiclass"]
    raise RecipeError(
        f"recipe: a classifier or a regressor is needed; got {type(estimator).__name__}."
    )


def _fingerprint(estimator: Any) -> str:
    """Of all that an estimator was told, so that a study can be recognised."""
    try:
        found: str = joblib.hash(clone(estimator))
    except Exception as error:
        raise RecipeError(
            f"recipe: an estimator that can be pickled is needed; got {estimator!r}. {error}"
        ) from error
    return found


def _line(name: str, given: Any, default: Any) -> dict[str, Any]:
    """A line of a space from what was given in Python."""
    line = {"source": "given in Python", **(_table(name, given) or {})}
    if "default" not in line:
        told = default.item() if hasattr(default, "item") else default
        line["default"] = taken = _default(line, told)
        if taken != told:
            warnings.warn(
                f"space.{name}: it is {told!r} now, which the space does not hold. Trial 0, with "
                f"which all is compared, takes {taken!r}; give a default to say otherwise.",
                TuneflowWarning,
                stacklevel=2,
            )
    return line


def _table(name: str, given: Any) -> dict[str, Any] | None:
    """What was given in Python, as it would stand in a file; None takes a parameter away."""
    if given is None:
        return None
    if getattr(given, "step", None) not in (None, 1):
        raise RecipeError(
            f"space.{name}: ranges have no steps; got {given}. Give a list of choices."
        )
    if isinstance(given, distributions.CategoricalDistribution):
        given = list(given.choices)
    if isinstance(given, distributions.FloatDistribution | distributions.IntDistribution):
        given = {"low": given.low, "high": given.high, "log": given.log}
    if isinstance(given, tuple | str) or not isinstance(given, Iterable):
        raise RecipeError(
            f"space.{name}: a table, a list of choices or an Optuna distribution is needed; got "
            f'{given!r}. Write {{"low": 1, "high": 9}} for a range, and [1, 9] for two choices.'
        )
    if isinstance(given, Mapping):
        return dict(given)
    choices = _plain(given)
    return {"choices": choices, "grid": choices}


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
