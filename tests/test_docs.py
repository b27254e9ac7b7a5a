"""The documentation: its examples run, and nothing that is public is left out."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from studies import study
from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli.app import app
from tuneflow.recipe.growth import Growth

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted(
    page for page in (*DOCS.glob("*.md"), *DOCS.glob("howto/*.md"), *DOCS.glob("explanation/*.md"))
)
BLOCK = re.compile(r"^```(python|console)\n(.*?)^```\n(?:```text\n(.*?)^```)?", re.M | re.S)
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def run(language: str, code: str, names: dict[str, object]) -> str:
    """Run a block; give back what it prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if language == "python":
            exec(code, names)
        else:
            for line in code.splitlines():
                words = shlex.split(line.removeprefix("$ tuneflow "))
                assert CliRunner().invoke(app, words).exit_code == 0, line
    return printed.getvalue()


@pytest.mark.filterwarnings("ignore::tuneflow.TuneflowWarning")  # small tables gain little
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_every_example_runs_and_prints_what_is_shown(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "mlflow", MagicMock())  # see tuning/test_mlflow_log.py
    names: dict[str, object] = {}
    for language, code, shown in BLOCK.findall(page.read_text(encoding="utf-8")):
        printed = run(language, code, names)
        assert not shown or printed.split() == shown.split()


def test_every_block_of_code_is_one_that_is_run():
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^```(\w+)$", text, flags=re.M)
        assert set(blocks) <= {"python", "console", "text"}
        assert len(BLOCK.findall(text)) == len([word for word in blocks if word != "text"])


def test_every_public_name_has_its_place_in_the_reference():
    text = "\n".join(page.read_text(encoding="utf-8") for page in DOCS.glob("reference/*.md"))
    names = re.findall(r"\.\. auto(?:function|class|exception):: (\w+)(?:\(\))?$", text, re.M)
    assert sorted(names) == sorted(tf.__all__)


def test_every_key_of_growth_is_explained_where_recipes_are():
    text = (ROOT / "recipes" / "README.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| `growth.")]
    keys = re.findall(r"`(?:growth\.)?(\w+)`", "\n".join(line.split("|")[1] for line in lines))
    assert sorted(keys) == sorted(Growth.model_fields)


def test_the_readme_names_every_table_of_a_report():
    [tables] = re.findall(r'^report\.tables\["trials"\] +# pandas: (.*)$', README, re.M)
    assert tables.split() == list(tf.report(study(3)).tables)


def test_the_readme_names_every_extra_that_is_not_for_developers():
    install = README.partition("\n## Install\n")[2].partition("```\n\n")[0]
    extras = set(PROJECT["optional-dependencies"]) - {"bench", "dev", "docs", "heavy"}
    assert extras <= set(re.findall(r"\w+", install))


def test_notebooks_import_nothing_but_what_the_extra_for_them_brings():
    wanted = [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["notebook"]]
    names = {re.split(r"[^\w-]", line)[0].lower() for line in wanted}
    installed = packages_distributions().items()
    available = {
        module for module, packages in installed if names & {name.lower() for name in packages}
    }
    imported = set().union(*map(modules, NOTEBOOKS))
    assert imported - sys.stdlib_module_names - {"tuneflow"} <= available


def modules(book: Path) -> set[str]:
    """What the cells of a notebook import."""
    cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
    code = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    names = re.findall(r"^(?:import|from) (\w+)", code, re.M)
    assert names
    return set(names)


def test_what_a_page_would_fetch_from_the_web_is_seen_and_a_link_is_none(monkeypatch):
    monkeypatch.syspath_prepend(DOCS)
    from offline import fetched

    away = ['<script src="https://x.example/a.js">', "url(//x.example/a.woff2)"]
    away.append('<link rel="stylesheet" href="https://x.example/a.css">')
    assert [len(fetched(text)) for text in away] == [1, 1, 1]
    assert not fetched('<a href="https://x.example">x</a><script src="_static/a.js"></script>')


@pytest.mark.parametrize("book", NOTEBOOKS, ids=lambda book: book.stem)
def test_a_notebook_shows_what_came_out_and_not_where_it_was_run(book):
    cells = json.loads(book.read_text(encoding="utf-8"))["cells"]
    outputs = [output for cell in cells for output in cell.get("outputs", ())]
    assert outputs
    assert not any(re.search(r"/tmp/|/home/", json.dumps(output)) for output in outputs)
