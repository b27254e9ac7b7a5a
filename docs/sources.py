"""Files of the project, for pages to be made of."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEASURED = {
    "tests/benchmarks/RESULTS.md": "results",
    "tests/benchmarks/GRADIENT.md": "gradient",
    "tests/benchmarks/AUTO.md": "auto",
}
LINKS = {path: f"/measured/{name}.md" for path, name in MEASURED.items()}
LINKS["recipes/README.md"] = "/reference/recipe_format.md"


def read(path: str) -> str:
    """A file of the project."""
    return (ROOT / path).read_text(encoding="utf-8")


def readme() -> dict[str, str]:
    """The sections of the README, for pages to include, with links that lead into the site."""
    text = read("README.md")
    for path, page in LINKS.items():
        text = text.replace(f"]({path})", f"]({page})")
    opening, *sections = re.split(r"^## ", text, flags=re.MULTILINE)
    titled = (section.split("\n", 1) for section in sections)
    named = {re.sub(r"\W+", "_", title.lower()).strip("_"): body for title, body in titled}
    return {"opening": opening.split("\n", 1)[1], **named}
