"""A page for each recipe, made of its TOML file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import takewhile
from typing import Any

from markdown import table, toctree, value, values
from sources import read, readme

from tuneflow.recipe.growth import Growth
from tuneflow.recipe.recipe import Recipe, Start
from tuneflow.recipe.space import Param

ROWS = 10_000  # of the training fold whose rungs are listed
PARTS = {"": "All tasks", "classification": "Classes only", "regression": "Numbers only"}
GROWTH = ("leaves", "hold", "refit", "patience", "probe", "prune_from", "final")
UNITS = {
    "gram": "1 / (p Var X)",
    "per_sample_l2": "a penalty per row, handed over as C = 1 / (n value)",
    "ints": "layers: `64x2` is (64, 64)",
}
SCHEDULES = {
    "lockstep": "All folds grow together, rung by rung.",
    "folds": "Folds join one after the other; nothing grows within a fold.",
    "rows": "All folds see a growing share of their rows.",
}


def index(names: Iterable[str]) -> str:
    """The table of recipes as the README has it, and a page for each."""
    return (
        "# Recipes\n\n"
        "What each file in `recipes/` says: bounds and where they come from, starting points, and "
        "how the model grows. [The format](../reference/recipe_format.md) has every key.\n\n"
        f"{readme()['recipes'].partition('```')[0]}\n{toctree(names)}"
    )


def page(recipe: Recipe) -> str:
    """A recipe as a page."""
    growth = recipe.growth
    about = {
        "Name": f"`{recipe.name}`",
        "Family": recipe.family,
        "Tasks": ", ".join(recipe.tasks),
        "Engine": engine(recipe),
        "Preparation": f"`{recipe.prepare}`; target {recipe.target}",
        "Sampler": f"`{recipe.sampler}`",
        "Pruner": pruner(recipe.pruner),
    }
    parts = {"": recipe, "classification": recipe.classification, "regression": recipe.regression}
    sections = [
        f"# {recipe.title}\n\n{why(recipe.name)}\n\n{table(('key', 'value'), about.items())}",
        section("Space", {name: space(part.space) for name, part in parts.items()}),
        section("Fixed", {name: fixed(part.fixed) for name, part in parts.items()}),
        section("Starting points", {name: starts(part.start) for name, part in parts.items()}),
        f"## Growth\n\n{rungs(growth) if growth else 'Found from the estimator.'}\n",
        f"## Sources\n\n{table(('tag', 'citation'), recipe.sources.items())}",
    ]
    return "\n".join(filter(None, sections))


def why(name: str) -> str:
    """The comment with which the file of a recipe opens."""
    lines = read(f"recipes/{name}.toml").splitlines()
    comment = takewhile(lambda line: line.startswith("#"), lines)
    return " ".join(line.removeprefix("# ") for line in comment if not line.startswith("#:"))


def engine(recipe: Recipe) -> str:
    """The library, or the import path of the estimator for each kind of task."""
    paths = dict.fromkeys(recipe.estimator_path(task) for task in recipe.tasks)
    return ", ".join(f"`{path or recipe.engine}`" for path in paths)


def pruner(word: str | Mapping[str, Any]) -> str:
    """A pruner with its options."""
    options = {} if isinstance(word, str) else {k: v for k, v in word.items() if k != "name"}
    name = word if isinstance(word, str) else word["name"]
    return ", ".join([f"`{name}`", *(f"{key} = {value}" for key, value in options.items())])


def section(title: str, parts: Mapping[str, str]) -> str:
    """A section with a part for each kind of task that has one; nothing if none has."""
    texts = {PARTS[name]: text for name, text in parts.items() if text}
    if not texts:
        return ""
    alone = list(texts) == [PARTS[""]]
    inner = (text if alone else f"**{name}**\n\n{text}" for name, text in texts.items())
    return f"## {title}\n\n" + "\n".join(inner)


def space(params: Mapping[str, Param]) -> str:
    """A space as a table, a row a parameter."""
    head = ("parameter", "range", "scale", "default", "grid", "condition", "source")
    rows = (
        (
            f"`{name}`",
            bounds(p),
            scale(p),
            value(p.default),
            values(p.grid),
            condition(p),
            p.source,
        )
        for name, p in params.items()
    )
    return table(head, rows) if params else ""


def bounds(param: Param) -> str:
    """The range or the choices, and what caps them."""
    if param.choices:
        return values(param.choices)
    cap = f", at most {param.cap_rows:g} of the rows" if param.cap_rows else ""
    return f"{value(param.low)} to {value(param.high)}{cap}"


def scale(param: Param) -> str:
    """How the range is searched, and in which unit."""
    kind = "choice" if param.choices else f"{param.kind}, {'log' if param.log else 'linear'}"
    return f"{kind}; {UNITS[param.unit]}" if param.unit else kind


def condition(param: Param) -> str:
    """When the parameter takes part."""
    conditions = [f"`{key}` = {values(as_tuple(wanted))}" for key, wanted in param.when.items()]
    return ", ".join([*conditions, *(["a categorical column"] if param.needs else [])])


def fixed(arguments: Mapping[str, Any]) -> str:
    """Arguments that are passed as they are."""
    rows = ((f"`{name}`", value(argument)) for name, argument in arguments.items())
    return table(("argument", "value"), rows) if arguments else ""


def starts(points: Iterable[Start]) -> str:
    """Starting points as a list, in the order in which they are tried."""
    return "".join(
        f"1. {point.source}: "
        f"{', '.join(f'`{name}` = {value(v)}' for name, v in point.params.items())}\n"
        for point in points
    )


def rungs(growth: Growth) -> str:
    """The schedule in words, its rungs in numbers, and the other keys of growth that are set."""
    rows = [
        (f"`{name}`", value(getattr(growth, name)), str(Growth.model_fields[name].description))
        for name in GROWTH
        if getattr(growth, name)
    ]
    return f"{schedule(growth)}\n\n{table(('key', 'value', 'meaning'), rows) if rows else ''}"


def schedule(growth: Growth) -> str:
    """A sentence on the schedule, and one on the rungs."""
    sentence = f"`{growth.schedule}`: {SCHEDULES[growth.schedule]}"
    if growth.unit == "none":
        return sentence
    per = f"`{growth.per}` x " if growth.per else ""
    what = f"share of {ROWS:,} rows" if growth.unit == "rows" else f"{per}{growth.unit}"
    budgets = values(float(f"{budget:.3g}") for budget in growth.budgets(ROWS))
    return f"{sentence} Rungs, as {what}: {budgets}."


def as_tuple(wanted: Any) -> tuple[Any, ...]:
    """One value or several, as several."""
    return wanted if isinstance(wanted, tuple) else (wanted,)
