"""What to tune and how it grows: a recipe is a TOML file, read into a frozen model."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tuneflow.data.types import Task
from tuneflow.errors import RecipeError, known
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.overrides import as_table, change_param, merged
from tuneflow.recipe.space import Param, Params, Space, Value

if TYPE_CHECKING:
    import pandas as pd


FREE = "true or false, a number, text or None is needed"


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Start(_Frozen):
    """A point worth trying before the sampler is asked."""

    params: dict[str, Value] = Field(description="Name to value; the rest at their defaults.")
    source: str = Field("", description="Where the point comes from.")


class Part(_Frozen):
    """What one kind of task adds to, or replaces in, the general part."""

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
    engine: Literal["lightgbm", "xgboost", "sklearn"] = Field(description="The library at work.")
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
    growth: Growth | None = Field(None, description="Left out: found from the estimator.")
    fixed: dict[str, Any] = Field({}, description="Arguments passed as they are.")
    space: dict[str, Param] = Field({}, description="Parameters to search, in order.")
    start: tuple[Start, ...] = Field((), description="Points to try after the defaults.")
    classification: Part = Field(Part(), description="For classes only.")
    regression: Part = Field(Part(), description="For numbers only.")
    sources: dict[str, str] = Field({}, description="Tag to citation.")

    @model_validator(mode="after")
    def _check(self) -> Recipe:
        if (self.engine == "sklearn") != (self.estimator is not None):
            raise ValueError("engine 'sklearn' needs an estimator, the others have their own")
        for task in self.tasks:
            params = self.space_for(task).params
            _check_conditions(params)
            named = {**params, **self.fixed_for(task)}
            for key in ("per", "leaves"):
                name = getattr(self.growth, key, None)
                if name and name not in named:
                    law = "must name a parameter of the space or a fixed one"
                    raise ValueError(f"growth.{key} {law}; got {name!r}")
        return self

    @property
    def template(self) -> Any:
        """The estimator, where it was handed over in Python instead of named; else None."""
        return None

    @property
    def front(self) -> Any:
        """The transformer in front of it, which was handed over in Python; None without one."""
        return None

    @property
    def as_given(self) -> bool:
        """Whether the table is taken as it was given, before it becomes numbers."""
        return self.prepare == "raw" or self.front is not None

    @property
    def chooses(self) -> bool:
        """Whether labels are for its estimator to choose: one of a person's own may choose another
        class than the most probable."""
        return self.engine == "sklearn" and self.prepare == "raw"

    def space_for(self, task: Task) -> Space:
        """The parameters to search for one task, in order."""
        return Space({**self.space, **self._part(task).space})

    def fixed_for(self, task: Task) -> Params:
        """The arguments that are passed as they are for one task."""
        return {**self.fixed, **self._part(task).fixed}

    def starts_for(self, task: Task) -> tuple[Start, ...]:
        """The points to try first: the task's own before the general ones."""
        return (*self._part(task).start, *self.start)

    def _part(self, task: Task) -> Part:
        return self.regression if task == "regression" else self.classification

    def path(self, task: Task) -> str | None:
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
        raw = json.loads(self.model_dump_json(exclude_unset=True))
        for name, change in as_table(changes.pop("space", None) or {}, "space").items():
            change_param(raw, name, change)
        for key, change in changes.items():
            table = isinstance(change, Mapping)
            old = None if key == "pruner" and table and "name" in change else raw.get(key)
            raw[key] = merged(old, change) if table else change
        return validated({k: v for k, v in raw.items() if v is not None}, self.name or self.title)

    def digest(self) -> str:
        """A short fingerprint of everything but the name."""
        text = self.model_dump_json(exclude={"name"})
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def table(self) -> pd.DataFrame:
        """One row a parameter: kind, range, default, grid, condition, source."""
        import pandas as pd

        parts = {"": self.space} | {
            kind: part.space
            for kind, part in (
                ("classification", self.classification),
                ("regression", self.regression),
            )
        }
        rows = [_row(name, task, p) for task, space in parts.items() for name, p in space.items()]
        return pd.DataFrame(rows).set_index("parameter") if rows else pd.DataFrame()

    def __repr__(self) -> str:
        return f"{self._headline()}\n\n{self.table().to_string()}"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<p>{escape(self._headline())}</p>{self.table().to_html(escape=True)}"

    def _headline(self) -> str:
        pruner = self.pruner if isinstance(self.pruner, str) else self.pruner.get("name")
        growth = self.growth or Growth(schedule="folds")
        how = growth.schedule if growth.unit == "none" else f"{growth.unit} by {growth.schedule}"
        how = how if self.growth else "found from the estimator"
        return (
            f"{self.title} ({self.family}; {', '.join(self.tasks)})\n"
            f"engine {self.path(self.tasks[0]) or self.engine}, preparation {self.prepare}, "
            f"sampler {self.sampler}, pruner {pruner}, growth: {how}"
        )


def load_recipe(recipe: str | Path | Recipe) -> Recipe:
    """Read a recipe by name or from a TOML file.

    Args:
        recipe: A name from :func:`recipes`, the path of a ``.toml`` file, or a recipe, which
            is handed back as it is.

    Returns:
        The recipe, validated. Nothing that it names has been imported yet.

    Raises:
        RecipeError: No such recipe, or a file that breaks the format; with a guess at what was
            meant.

    >>> import tuneflow as tf
    >>> tf.load_recipe("svm").family
    'kernel'
    """
    if isinstance(recipe, Recipe):
        return recipe
    path = Path(recipe if isinstance(recipe, str | Path) else "")
    if path.suffix != ".toml":
        built_in = {file.stem: file for file in _folder().glob("*.toml")}
        if str(recipe) not in built_in:
            hint = known(str(recipe), sorted(built_in))
            raise RecipeError(
                f"recipe: a name or the path of a .toml file is needed; got {recipe!r}. {hint}"
            )
        path = built_in[str(recipe)]
    found = validated({**_read(path), "name": path.stem}, str(recipe))
    _check_starts(found)
    return found


def recipes() -> pd.DataFrame:
    """All built-in recipes, one row each.

    Returns:
        A frame indexed by name: title, family, tasks, what grows, parameters, sources.

    >>> import tuneflow as tf
    >>> "lightgbm" in tf.recipes().index
    True
    """
    import pandas as pd

    found = [load_recipe(file.stem) for file in sorted(_folder().glob("*.toml"))]
    rows = [
        {
            "name": recipe.name,
            "title": recipe.title,
            "family": recipe.family,
            "tasks": ", ".join(recipe.tasks),
            "grows": recipe.growth.unit if recipe.growth else "none",
            "parameters": ", ".join(recipe.space_for(recipe.tasks[-1]).params),
            "sources": ", ".join(recipe.sources),
        }
        for recipe in found
    ]
    return pd.DataFrame(rows).set_index("name")


def json_schema() -> str:
    """The JSON schema of a recipe file, so that editors complete and check it."""
    schema = Recipe.model_json_schema()
    schema["properties"].pop("name")  # a file is named by its name
    return json.dumps(schema, indent=2) + "\n"


def _folder() -> Path:
    """`recipes/`: inside the installed package, or beside it in a checkout."""
    here = Path(__file__).resolve().parents[1]
    inside = here / "recipes"
    return inside if inside.is_dir() else here.parent / "recipes"


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise RecipeError(f"recipe: {path} cannot be read as TOML; got {error}.") from error


def validated(raw: Mapping[str, Any], where: str) -> Recipe:
    try:
        return Recipe.model_validate(raw)
    except ValidationError as error:
        problems: list[dict[str, Any]] = [dict(problem) for problem in error.errors()]
        free = {p["loc"][:-1] for p in problems if p["loc"][-1:] == ("bool",)}  # of any kind
        lines = dict.fromkeys(
            f"{'.'.join(map(str, p['loc'][:-1]))}: {FREE}; got {p['input']!r}"
            if p["loc"][:-1] in free
            else _explain(p)
            for p in problems
        )
        raise RecipeError(f"recipe {where}: " + "\n".join(lines)) from None


def _explain(problem: dict[str, Any]) -> str:
    """One line for one problem: where, which law, what was seen, what is known."""
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location)
    if problem["type"] == "extra_forbidden":
        names = [name for name in _keys_at(location[:-1]) if name != "name"]
        return f"there is no key {key!r}. {known(location[-1], names)}"
    message = problem["msg"].removeprefix("Value error, ")
    said = "got" in message or isinstance(problem["input"], dict)
    return f"{key or 'the file'}: {message}" + ("" if said else f"; got {problem['input']!r}")


def _keys_at(location: list[str]) -> list[str]:
    inner: dict[str, type[BaseModel]] = {"growth": Growth, "start": Start, "space": Param}
    parts = dict.fromkeys(("classification", "regression"), Part)
    models: dict[str, type[BaseModel]] = {**inner, **parts}
    model: type[BaseModel] = Recipe
    for part in location:
        model = models.get(part, model)
    return list(model.model_fields)


def _check_starts(recipe: Recipe) -> None:
    """A name that is in no space is a slip in a file; `replace` may leave one on purpose."""
    names = [*recipe.space, *recipe.classification.space, *recipe.regression.space]
    for start in (*recipe.start, *recipe.classification.start, *recipe.regression.start):
        if strangers := [name for name in start.params if name not in names]:
            hint = known(strangers[0], dict.fromkeys(names))
            raise RecipeError(
                f"recipe {recipe.name}: start names {strangers[0]!r}, in no space. {hint}"
            )


def _check_conditions(params: Mapping[str, Param]) -> None:
    above: set[str] = set()
    for name, param in params.items():
        if missing := set(param.when) - above:
            raise ValueError(
                f"space.{name}: when names {sorted(missing)}, which must stand above it"
            )
        above.add(name)


def _row(name: str, task: str, param: Param) -> dict[str, Any]:
    span = f"{param.low} … {param.high}" + (" log" if param.log else "")
    return {
        "parameter": name,
        "task": task,
        "kind": param.kind,
        "range": ", ".join(map(str, param.choices)) or span,
        "default": param.default,
        "grid": ", ".join(map(str, param.grid)),
        "when": ", ".join(f"{key} = {value}" for key, value in param.when.items()),
        "source": param.source,
    }
