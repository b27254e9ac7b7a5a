"""Pages made of what lies elsewhere: recipes, their schema, the commands, and the notebooks."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import recipe_pages
from markdown import table, toctree, value, values
from plotly.io import to_html
from sources import MEASURED, ROOT, read, readme

from tuneflow import load_recipe, recipes
from tuneflow.recipe.catalogue import json_schema

PLOTLY = "application/vnd.plotly.v1+json"


def write(docs: Path) -> None:
    """Write every page that is made, and leave alone what has not changed."""
    names = list(recipes().index)
    pages = {f"recipes/{name}.md": recipe_pages.page(load_recipe(name)) for name in names}
    pages["recipes/index.md"] = recipe_pages.index(names)
    pages["reference/cli.md"] = commands()
    pages["reference/recipe_format.md"] = recipe_format()
    books = sorted((ROOT / "notebooks").glob("*.ipynb"))
    pages |= {f"tutorial/{book.name}": notebook(read(f"notebooks/{book.name}")) for book in books}
    pages["tutorial/index.md"] = tutorial([book.stem for book in books])
    pages |= {f"measured/{name}.md": read(path) for path, name in MEASURED.items()}
    pages |= {f"readme/{name}.md": text for name, text in readme().items()}
    for name, text in pages.items():
        page = docs / name
        page.parent.mkdir(exist_ok=True)
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def recipe_format() -> str:
    """What a recipe file may say: the README of the recipes, and the schema."""
    schema = json.loads(json_schema())
    parts = {"The file": schema, **schema["$defs"]}
    head = ("key", "type", "default", "meaning")
    sections = [f"## {title}\n\n{table(head, keys(part))}" for title, part in parts.items()]
    by_hand = read("recipes/README.md").partition("## Keys")[2].partition("## Your own")[0]
    return (
        "# The recipe format\n\n"
        f"A recipe is one TOML file; [here is one](../howto/recipe.md).\n{by_hand}"
        "What follows is the schema itself, by which a file is checked.\n\n" + "\n".join(sections)
    )


def keys(part: Mapping[str, Any]) -> Iterable[tuple[str, ...]]:
    """The keys of a table of the format."""
    needed = part.get("required", ())
    for name, schema in part["properties"].items():
        default = "required" if name in needed else value(schema.get("default"))
        yield f"`{name}`", kind(schema), default, schema.get("description", "")


def kind(schema: Mapping[str, Any]) -> str:
    """A type of JSON schema in words."""
    if "$ref" in schema:
        return f"table *{schema['$ref'].rpartition('/')[2]}*"
    if "anyOf" in schema:
        several = (kind(one) for one in schema["anyOf"] if one.get("type") != "null")
        return " or ".join(dict.fromkeys(several))
    if "enum" in schema:
        return values(schema["enum"])
    if schema["type"] == "array":
        return f"list of {kind(schema['items'])}"
    inner = schema.get("additionalProperties")
    if schema["type"] == "object":
        return f"names with {kind(inner)}" if isinstance(inner, dict) else "table"
    return str(schema["type"])


def commands() -> str:
    """The help of every command."""
    command = (
        sys.executable,
        "-m",
        "typer",
        "tuneflow.cli.app",
        "utils",
        "docs",
        "--name",
        "tuneflow",
    )
    markdown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return markdown.replace("# `tuneflow`", "# Commands", 1)


def tutorial(names: Iterable[str]) -> str:
    """The notebooks, in order."""
    about = "Notebooks, with what came out when they were last run; `notebooks/` has the files."
    return f"# Tutorial\n\n{about}\n\n{toctree(names)}"


def notebook(text: str) -> str:
    """A notebook whose plotly figures are HTML, with the plotly.js of this site."""
    book = json.loads(text)
    outputs = (output for cell in book["cells"] for output in cell.get("outputs", ()))
    for number, output in enumerate(outputs):
        if spec := output.get("data", {}).pop(PLOTLY, None):
            figure_spec = {key: spec[key] for key in ("data", "layout")}
            options = {"include_plotlyjs": False, "full_html": False, "validate": False}
            figure = to_html(
                figure_spec, div_id=f"figure-{number}", config=spec.get("config"), **options
            )
            script = '<script src="../_static/plotly.min.js"></script>'
            output["data"]["text/html"] = f"{script}\n{figure}"
    return json.dumps(book)
