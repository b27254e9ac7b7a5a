"""What to tune and how training grows: a recipe is a TOML file, read into a frozen model."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, model_validator

from tuneflow.data.types import Task
from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.overrides import as_table, change_param, merged
from tuneflow.recipe.space import Param, Params, Space, Value, check_conditions

if TYPE_CHECKING:
    import pandas as pd


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Start(_Frozen):
    """A point worth trying before the sampler is asked."""

    params: dict[str, Value] = Field(description="Name to value; the rest at their defaults.")
    source: str = Field("", description="Where the point comes from.")


class Part(_Frozen):
    """What one kind of task adds to the general keys of a recipe, or replaces there."""

    fixed: dict[str, Any] = Field({}, description="Arguments passed as they are.")
    space: dict[str, Param] = Field({}, description="Parameters to search.")
    start: tuple[Start, ...] = Field((), description="Points to try first.")


class Recipe(_Frozen):
    """How one model family is tuned: space, growth, sampler, pruner, and where it all comes from.

    Read one with :func:`load_recipe`; change a copy with :meth:`replace`.

    >>> import tuneflow as tf
    >>> recipe = tf.load_recipe("knn").replace(space={"n_neighbors": {"high": 30}, "p": None})
    >>> list(recipe.space_for("binary").params)
    ['n_neighbors', 'weights']
    """

    name: str = Field("", description="Set from the file's name.")
    title: str = Field(description="What a reader calls it.")
    family: str = Field(description="The family of models.")
    engine: Literal["lightgbm", "xgboost", "sklearn"] = Field(
        description="The library that trains."
    )
    estimator: str | dict[Literal["classification", "regression"], str] | None = Field(
        None, description="Import path of a scikit-learn estimator, or one for each kind of task."
    )
    tasks: tuple[Task, ...] = Field(min_length=1, description="What the recipe can be used for.")
    prepare: Literal["native", "ordinal", "dense", "clipped", "raw"] = Field(
        "dense", description="How the table becomes numbers, fitted on training rows."
    )
    target: Literal["as is", "standardize"] = Field(
        "as is", description="What a regression's target goes through, inside the fold."
    )
    sampler: str = Field("tpe", description="The sampler, by word.")
    pruner: str | dict[str, Any] = Field(
        "median", description="The pruner: a word, or with options."
    )
    growth: Growth | None = Field(None, description="Left out: derived from the estimator.")
    fixed: dict[str, Any] = Field({}, description="Arguments passed as they are.")
    unlike_default: tuple[str, ...] = Field(
        (), description="Fixed arguments that the baseline, the library's defaults, is without."
    )
    space: dict[str, Param] = Field({}, description="Parameters to search, in order.")
    start: tuple[Start, ...] = Field((), description="Points to try after the defaults.")
    classification: Part = Field(Part(), description="For classes only.")
    regression: Part = Field(Part(), description="For numbers only.")
    sources: dict[str, str] = Field({}, description="Tag to citation.")

    _template: Any = PrivateAttr(None)
    _transformer: Any = PrivateAttr(None)
    _choices: dict[str, dict[str, Any]] = PrivateAttr({})

    @classmethod
    def parse(cls, raw: Mapping[str, Any], where: str) -> Self:
        """Validate the keys of a recipe.

        Raises:
            RecipeError: One line for each key or value that a recipe may not have; `where` names
                the recipe.
        """
        try:
            return cls.model_validate(raw)
        except ValidationError as error:
            raise RecipeError(f"recipe {where}: {_explain(error)}") from None

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if (self.engine == "sklearn") != (self.estimator is not None):
            raise ValueError("engine 'sklearn' needs an estimator, the others have their own")
        for task in self.tasks:
            params = self.space_for(task).params
            check_conditions(params)
            named = {**params, **self.fixed_for(task)}
            for key in ("per", "leaves"):
                name = getattr(self.growth, key, None)
                if name and name not in named:
                    law = "must name a parameter of the space or a fixed one"
                    raise ValueError(f"growth.{key} {law}; got {name!r}")
        return self

    @property
    def template(self) -> Any:
        """The estimator that every trial clones, if it came as a Python object; else None."""
        return self._template

    @property
    def transformer(self) -> Any:
        """The user's transformer, cloned and fitted on the training rows of each fold; or None."""
        return self._transformer

    @property
    def uses_raw_table(self) -> bool:
        """Whether the first step is the user's own, and sees the table before it is encoded."""
        return self.prepare == "raw" or self.transformer is not None

    @property
    def predicts_labels(self) -> bool:
        """Whether labels come from the estimator's own `predict`: that of a custom estimator may
        choose another class than the most probable one."""
        return self.engine == "sklearn" and self.prepare == "raw"

    def space_for(self, task: Task) -> Space:
        """The parameters to search for a task, in order."""
        return Space({**self.space, **self._part(task).space}, self._choices)

    def fixed_for(self, task: Task) -> Params:
        """The arguments that an estimator gets as they are for a task."""
        return {**self.fixed, **self._part(task).fixed}

    def preparation(self, task: Task) -> tuple[str, bool, bool]:
        """How rows are prepared: the word `prepare`, whether for a kernel's gamma, and whether
        the target is scaled to a mean of 0 and a variance of 1. A model that is given
        another objective gets the target as it is: a Poisson loss, say, takes no negative one."""
        gram = any(param.unit == "gram" for param in self.space_for(task).params.values())
        is_own = "objective" in self.fixed_for(task)
        scaled = task == "regression" and self.target == "standardize" and not is_own
        return self.prepare, gram, scaled

    def at_defaults(self, task: Task, growth: Growth) -> Self:
        """The recipe as its library trains it by itself: default arguments and nothing to search.

        Fixed arguments are kept, but for those that the recipe lists as `unlike_default`.

        Args:
            task: The task at hand.
            growth: How far the library trains by itself.
        """
        fixed = self.fixed_for(task).items()
        kept = {name: value for name, value in fixed if name not in self.unlike_default}
        nothing = {"space": {}, "start": (), "classification": Part(), "regression": Part()}
        changes = {**nothing, "fixed": kept, "growth": growth, "target": "as is"}
        if self.prepare == "clipped":  # which is for passes over the rows in single precision
            changes["prepare"] = "dense"
        return self.model_copy(update=changes)

    def starts_for(self, task: Task) -> tuple[Start, ...]:
        """The points to try first: the task's own before the general ones."""
        return (*self._part(task).start, *self.start)

    def _part(self, task: Task) -> Part:
        return self.regression if task == "regression" else self.classification

    def estimator_path(self, task: Task) -> str | None:
        """Import path of the estimator for one task."""
        if isinstance(self.estimator, dict):
            return self.estimator.get("regression" if task == "regression" else "classification")
        return self.estimator

    def replace(self, **changes: Any) -> Recipe:
        """A changed copy; tables are merged key by key, and ``None`` drops a key.

        Args:
            **changes: Any key of a recipe. ``space={"num_leaves": {"low": 8, "high": 64},
                "subsample": None}`` narrows one parameter and drops another.

        Raises:
            RecipeError: A key or a value is not one that a recipe may have.
        """
        raw = self.model_dump(mode="json", exclude_unset=True)
        for name, change in as_table(changes.pop("space", None) or {}, "space").items():
            change_param(raw, name, change)
        for key, change in changes.items():
            is_table = isinstance(change, Mapping)
            another = key == "pruner" and is_table and "name" in change  # without the old options
            raw[key] = merged({} if another else raw.get(key), change) if is_table else change
            if key == "fixed" and is_table:  # what a person has set belongs to the baseline, too
                ours = raw.get("unlike_default", ())
                raw["unlike_default"] = [name for name in ours if name not in change]
        kept = {key: value for key, value in raw.items() if value is not None}
        changed = type(self).parse(kept, self.name or self.title)
        return changed.with_objects(self._template, self._transformer, self._choices)

    def with_objects(
        self,
        template: Any = None,
        transformer: Any = None,
        choices: Mapping[str, dict[str, Any]] | None = None,
    ) -> Self:
        """A copy that holds Python objects: an estimator, a transformer in front of its own, and
        choices of the space, by parameter and the text that stands for them.

        Storage keeps their fingerprints in `sources`, never the objects themselves.
        """
        copy = self.model_copy()
        copy._template, copy._transformer = template, transformer
        copy._choices = dict(choices or {})
        return copy

    def digest(self) -> str:
        """A short fingerprint of everything but the name.

        With a Python object inside it is another one than that of the same text without.
        """
        text = self.model_dump_json(exclude={"name"})
        if self._template is not None or self._transformer is not None:
            text += ", with a Python object"
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def table(self) -> pd.DataFrame:
        """One row a parameter: kind, range, default, grid, condition, source."""
        import pandas as pd

        classes, numbers = self.classification.space, self.regression.space
        spaces = {"": self.space, "classification": classes, "regression": numbers}
        rows = [
            {"parameter": name, "task": task, **param.row()}
            for task, space in spaces.items()
            for name, param in space.items()
        ]
        return pd.DataFrame(rows).set_index("parameter") if rows else pd.DataFrame()

    def __repr__(self) -> str:
        return f"{self._headline()}\n\n{self.table().to_string()}"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self._headline())}</p>{self.table().to_html(escape=True)}"

    def _headline(self) -> str:
        pruner = self.pruner if isinstance(self.pruner, str) else self.pruner.get("name")
        growth = "derived from the estimator"
        if self.growth:
            unit = "" if self.growth.unit == "none" else f"{self.growth.unit} by "
            growth = unit + self.growth.schedule
        engine = self.estimator_path(self.tasks[0]) or self.engine
        return (
            f"{self.title} ({self.family}; {', '.join(self.tasks)})\n"
            f"engine {engine}, preparation {self.prepare}, "
            f"sampler {self.sampler}, pruner {pruner}, growth: {growth}"
        )


def _explain(error: ValidationError) -> str:
    """One line for each problem: where, which law, which value, and what may stand there."""
    problems: list[Any] = error.errors()
    # A value that fits no type of a union makes a problem for each; `bool` is one of them.
    unions = {problem["loc"][:-1] for problem in problems if problem["loc"][-1:] == ("bool",)}
    return "\n".join(dict.fromkeys(_explain_problem(problem, unions) for problem in problems))


def _explain_problem(problem: Mapping[str, Any], unions: set[tuple[int | str, ...]]) -> str:
    where = [str(part) for part in problem["loc"]]
    key, value = ".".join(where), problem["input"]
    if problem["loc"][:-1] in unions:
        law = "true or false, a number, text or None is needed"
        return f"{'.'.join(where[:-1])}: {law}; got {value!r}"
    if problem["type"] == "extra_forbidden":
        names = [name for name in _keys_at(where[:-1]) if name != "name"]
        return f"there is no key {key!r}. {did_you_mean(where[-1], names)}"
    message = problem["msg"].removeprefix("Value error, ")
    complete = "got" in message or isinstance(value, dict)
    return f"{key or 'the file'}: {message}" + ("" if complete else f"; got {value!r}")


def _keys_at(location: list[str]) -> list[str]:
    """The keys of the innermost table on the way to a place in the file."""
    tables: dict[str, type[BaseModel]] = {"growth": Growth, "start": Start, "space": Param}
    tables |= dict.fromkeys(("classification", "regression"), Part)
    models = [tables[part] for part in location if part in tables]
    return list((models[-1] if models else Recipe).model_fields)
