"""What the README says is what happens."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import tuneflow as tf
from tuneflow.search.samplers import SAMPLERS
from tuneflow.search.strategy import PRUNERS

README = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def words_of(section: str) -> list[str]:
    """The first column of the table under a heading."""
    text = README.split(f"\n## {section}\n")[1].split("\n## ")[0]
    return re.findall(r"^\| `(\w+)` \|", text, flags=re.MULTILINE)


def masked(text: str) -> str:
    """Numbers differ a little from one processor to the next; the rest must not."""
    return re.sub(r"-?\d+(\.\d+)?", "#", text)


def test_the_example_runs_and_prints_what_is_shown():
    code, shown = re.search(
        r"## An example\n.*?```python\n(.*?)```.*?```\n(.*?)```", README, re.DOTALL
    ).groups()
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(code, {})
    assert masked(printed.getvalue()).split() == masked(shown).split()


def test_every_recipe_sampler_and_pruner_is_in_its_table():
    assert words_of("Recipes") == list(tf.recipes().index)
    assert words_of("Samplers") == list(SAMPLERS)
    assert words_of("Pruners") == list(PRUNERS)
