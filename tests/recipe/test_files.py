"""A recipe of one's own: read from a file, or changed from another, and refused with a hint."""

from __future__ import annotations

import numpy as np
import pytest

import tuneflow as tf

BASE = """
title  = "Mine"
family = "own"
engine = "lightgbm"
tasks  = ["binary"]
"""


@pytest.fixture
def recipe():
    return tf.load_recipe("lightgbm")


def read(folder, text):
    (folder / "mine.toml").write_text(text, encoding="utf-8")
    return tf.load_recipe(folder / "mine.toml")


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


# ---------- a changed copy ----------


def test_a_range_is_narrowed_and_what_lies_outside_goes_along(recipe):
    changed = recipe.replace(space={"num_leaves": {"low": 40, "high": 64}, "subsample": None})
    line = changed.space["num_leaves"]
    assert (line.low, line.high, line.default, line.grid) == (40, 64, 40, (63,))
    assert line.log
    assert "subsample" not in changed.space
    assert recipe == tf.load_recipe("lightgbm")
    assert changed.digest() != recipe.digest()


@pytest.mark.parametrize("choices", [True, "abc", {"": None}])
def test_choices_that_are_no_list_are_refused_in_words(choices, recipe):
    with pytest.raises(tf.RecipeError, match="choices: Input should be a valid tuple"):
        recipe.replace(space={"num_leaves": {"choices": choices}})


def test_choices_take_the_place_of_a_range_and_a_range_that_of_choices(recipe):
    choices = recipe.replace(space={"num_leaves": {"choices": [15, 31, 63]}}).space["num_leaves"]
    assert (choices.kind, choices.default, choices.grid) == ("categorical", 31, (15, 31, 63))
    line = {"low": 0.0, "high": 1.0, "default": 0.5}
    assert recipe.replace(space={"extra_trees": line}).space["extra_trees"].kind == "float"


def test_a_parameter_is_changed_for_every_task_that_has_it():
    forest = tf.load_recipe("random_forest").replace(space={"max_features": {"low": 0.2}})
    spaces = [forest.space_for(task).params["max_features"] for task in forest.tasks]
    assert {param.low for param in spaces} == {0.2}
    assert len({param.default for param in spaces}) == 2
    svm = tf.load_recipe("svm").replace(space={"epsilon": None})
    assert "epsilon" not in svm.space_for("regression").params


def test_a_parameter_is_added_below_the_others(recipe):
    line = {"low": np.int64(1), "high": 9, "default": 1}
    assert list(recipe.replace(space={"max_depth": line}).space)[-1] == "max_depth"


def test_tables_are_merged_and_none_drops_a_key(recipe):
    changed = recipe.replace(fixed={"max_bin": 63, "subsample_freq": None}, growth={"last": 8})
    assert changed.fixed == {"max_bin": 63}
    assert changed.growth == recipe.growth.model_copy(update={"last": 8})
    assert recipe.replace(growth=None).growth is None
    assert recipe.replace(pruner={"x": 7}).pruner == {**recipe.pruner, "x": 7}


def test_another_pruner_does_not_inherit_the_options_of_the_first(recipe):
    assert recipe.replace(pruner={"name": "wilcoxon"}).pruner == {"name": "wilcoxon"}


@pytest.mark.parametrize("pruner", [1, True, ["name"]])
def test_a_pruner_that_is_no_table_is_refused(recipe, pruner):
    with pytest.raises(tf.RecipeError, match="pruner"):
        recipe.replace(pruner=pruner)


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({"spaces": {}}, "Did you mean 'space'"),
        ({"space": {"num_leavs": None}}, "no parameter 'num_leavs'. Did you mean 'num_leaves'"),
        ({"space": {"num_leaves": {"lo": 3}}}, "Did you mean 'low'"),
        ({"space": {"leaves": {"low": 3, "high": 9}}}, "'leaves'.* A new one needs a default"),
        ({"space": {"num_leaves": 3}}, "space.num_leaves must be a table"),
        ({"space": {"num_leaves": [3, 9]}}, r'Write {"choices": \[3, 9\]}'),
        ({"space": [1]}, "space must be a table"),
        ({"space": {"num_leaves": {"low": "a"}}}, "valid integer; got 'a'"),
        ({"space": {"num_leaves": {"low": 2.5}}}, "must not be mixed"),
        ({"space": {"learning_rate": None}}, "growth.per"),
        ({"growth": {"lst": 3}}, "Did you mean 'last'"),
        ({"title": None}, "title: Field required"),
        ({"tasks": []}, "at least 1 item"),
    ],
)
def test_a_change_that_breaks_the_format_is_refused_with_a_hint(change, law, recipe):
    with pytest.raises(tf.RecipeError, match=law):
        recipe.replace(**change)


def test_a_parameter_that_others_depend_on_cannot_be_dropped():
    with pytest.raises(tf.RecipeError, match=r"when names \['kernel'\]"):
        tf.load_recipe("svm").replace(space={"kernel": None})


def test_a_recipe_cannot_be_changed_in_place(recipe):
    with pytest.raises(ValueError, match="frozen"):
        recipe.title = "other"
