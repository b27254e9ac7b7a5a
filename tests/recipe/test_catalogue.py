"""The recipes that are built in, and one read from a file: named, checked, refused with a hint."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest
from tables import TASKS

import tuneflow as tf
from tuneflow.recipe.catalogue import json_schema

FOLDER = Path(__file__).resolve().parents[2] / "recipes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))

each_recipe = pytest.mark.parametrize("name", NAMES)
BASE = """
title  = "Mine"
family = "custom"
engine = "lightgbm"
tasks  = ["binary"]
"""


def read(folder, text):
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return tf.load_recipe(folder / "mine.toml")


# ---------- the recipes that are built in ----------


def test_the_table_of_recipes_shows_every_file():
    shown = tf.recipes()
    assert list(shown.index) == NAMES
    assert set(", ".join(shown["tasks"]).split(", ")) == set(TASKS)
    assert not shown.isna().any(axis=None)
    assert (shown["sources"] != "").all()


@each_recipe
def test_every_recipe_satisfies_the_schema_for_editors(name):
    raw = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    schema = jsonschema.Draft202012Validator(json.loads(json_schema()))
    assert list(schema.iter_errors(raw)) == []
    assert "tilte" in next(schema.iter_errors({**raw, "tilte": "x"})).message


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(json.loads(json_schema()))


def test_the_schema_in_the_tree_is_the_one_that_the_code_gives():
    assert (FOLDER / "recipe.schema.json").read_text(encoding="utf-8") == json_schema()


# ---------- a file ----------


PARTS = f"""{BASE}
[fixed]
a = 1
b = 1
[space]
x = {{ low = 1, high = 9, default = 1 }}
y = {{ low = 1, high = 9, default = 1 }}
[[start]]
params = {{ x = 9 }}
[classification.fixed]
b = 2
[classification.space]
y = {{ low = 1, high = 5, default = 5 }}
z = {{ low = 1, high = 9, default = 1, when = {{ x = 1 }} }}
[[classification.start]]
params = {{ z = 9 }}
"""


def test_a_part_adds_to_the_general_one_and_comes_before_it(tmp_path):
    recipe = read(tmp_path, PARTS)
    assert recipe.space_for("binary").defaults() == {"x": 1, "y": 5, "z": 1}
    assert recipe.space_for("regression").defaults() == {"x": 1, "y": 1}
    assert recipe.fixed_for("multiclass") == {"a": 1, "b": 2}
    assert recipe.fixed_for("regression") == {"a": 1, "b": 1}
    assert [start.params for start in recipe.starts_for("binary")] == [{"z": 9}, {"x": 9}]
    assert [start.params for start in recipe.starts_for("regression")] == [{"x": 9}]


def test_a_slip_in_a_starting_point_is_refused_with_a_guess(tmp_path):
    slip = PARTS.replace("params = { x = 9 }", "params = { num = 9, yy = 1 }")
    with pytest.raises(tf.RecipeError, match="start names 'num', in no space"):
        read(tmp_path, slip)
    with pytest.raises(tf.RecipeError, match="Did you mean 'y'"):
        read(tmp_path, PARTS.replace("params = { x = 9 }", "params = { yy = 9 }"))


def test_a_file_is_named_by_its_name_and_read_by_its_path(tmp_path):
    recipe = read(tmp_path, f'{BASE}\nname = "other"\n')
    assert recipe.name == "mine"
    assert tf.load_recipe(str(tmp_path / "mine.toml")) == recipe
    assert tf.load_recipe(recipe) is recipe


@pytest.mark.parametrize(
    ("text", "law"),
    [
        ("", r"title: Field required\nfamily: .*\nengine: .*\ntasks: "),
        ("= 3", "cannot be read as TOML"),
        (f"{BASE}\n[spaec]\nx = 1", "no key 'spaec'. Did you mean 'space'"),
        (f"{BASE}\n[growth]\nschedule = 'folds'\nfirt = 3", "'growth.firt'. Did you mean 'first'"),
        (f"{BASE}\n[space]\nx = {{ lo = 1 }}", "'space.x.lo'. Did you mean 'low'"),
        (
            f"{BASE}\n[space]\nx = {{ low = 1, high = 2.0, default = 1 }}",
            r"space.x: .*\(write 1.0",
        ),
        (f"{BASE}\n[space]\nx = {{ low = 1, high = 2 }}", "space.x.default: Field required"),
        (
            f"{BASE}\n[regression.space]\nx = {{ low = 2, high = 1, default = 2 }}",
            "regression.space.x: low must not exceed high",
        ),
        (
            f"{BASE}\n[space]\nx = {{ low = 1, high = 2, default = 1, when = {{ y = 1 }} }}",
            r"space.x: when names \['y'\], which must stand above it",
        ),
        (f"{BASE}\nprepare = 'nativ'", "prepare: .*'native', 'ordinal', .*; got 'nativ'"),
        (BASE.replace("lightgbm", "catboost"), "engine: .*; got 'catboost'"),
        (BASE.replace("lightgbm", "sklearn"), "engine 'sklearn' needs an estimator"),
        (f"{BASE}\nestimator = 'sklearn.svm.SVC'", "the others have their own"),
        (BASE.replace("binary", "clustering"), "tasks.0: .*; got 'clustering'"),
        (BASE.replace('"binary"', ""), "at least 1 item"),
        (
            f"{BASE}\n[growth]\nschedule = 'lockstep'\nunit = 'rounds'\nlast = 3\nper = 'eta'",
            "growth.per must name a parameter .*; got 'eta'",
        ),
        (
            f"{BASE}\n[growth]\nschedule = 'lockstep'\nunit = 'trees'\nlast = 3\nleaves = 'leafs'",
            "growth.leaves must name a parameter .*; got 'leafs'",
        ),
    ],
)
def test_a_file_that_breaks_the_format_is_refused_with_a_hint(text, law, tmp_path):
    with pytest.raises(tf.RecipeError, match=law):
        read(tmp_path, text)


@pytest.mark.parametrize("name", ["ligthgbm", "LightGBM", "../lightgbm", "", None, 3])
def test_an_unknown_name_is_refused_and_those_that_exist_are_told(name):
    with pytest.raises(tf.RecipeError, match="lightgbm"):
        tf.load_recipe(name)


def test_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe")
    (tmp_path / "folder.toml").mkdir()
    for path in ("a.toml", "folder.toml", "nowhere.toml"):
        with pytest.raises(tf.RecipeError, match=path):
            tf.load_recipe(tmp_path / path)


def test_loading_imports_nothing_that_a_recipe_names(tmp_path):
    text = BASE.replace("lightgbm", "sklearn") + "estimator = 'antigravity.Fly'"
    assert read(tmp_path, text).estimator == "antigravity.Fly"
