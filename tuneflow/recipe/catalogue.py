"""The built-in recipes, reading a recipe from a file, and the schema of such files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneflow.errors import RecipeError, did_you_mean
from tuneflow.recipe.recipe import Recipe

if TYPE_CHECKING:
    import pandas as pd


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
            hint = did_you_mean(str(recipe), sorted(built_in))
            raise RecipeError(
                f"recipe: a name or the path of a .toml file is needed; got {recipe!r}. {hint}"
            )
        path = built_in[str(recipe)]
    parsed = Recipe.parse({**_read(path), "name": path.stem}, str(recipe))
    _check_starts(parsed)
    return parsed


def recipes() -> pd.DataFrame:
    """All built-in recipes, one row each.

    Returns:
        A frame indexed by name: title, family, tasks, what grows, parameters, sources.

    >>> import tuneflow as tf
    >>> "lightgbm" in tf.recipes().index
    True
    """
    import pandas as pd

    built_in = [load_recipe(file.stem) for file in sorted(_folder().glob("*.toml"))]
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
        for recipe in built_in
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


def _check_starts(recipe: Recipe) -> None:
    """Refuse starting points that name a parameter of no space.

    Only in files, where it is a slip: `Recipe.replace` may drop a parameter of a starting point.
    """
    names = [*recipe.space, *recipe.classification.space, *recipe.regression.space]
    for start in (*recipe.start, *recipe.classification.start, *recipe.regression.start):
        if unknown := [name for name in start.params if name not in names]:
            hint = did_you_mean(unknown[0], dict.fromkeys(names))
            raise RecipeError(
                f"recipe {recipe.name}: start names {unknown[0]!r}, in no space. {hint}"
            )
