"""A changed copy of a recipe: what follows a change, and what is refused with a hint."""

from __future__ import annotations

import numpy as np
import pytest

import tuneflow as tf
from tuneflow.recipe.overrides import nearest


@pytest.fixture
def recipe():
    return tf.load_recipe("lightgbm")


@pytest.mark.parametrize(
    ("param", "value", "expected"),
    [
        ({"low": 1, "high": 9}, 31, 9),
        ({"low": 1, "high": 9}, 5, 5),
        ({"low": 0.1, "high": 1.0}, "sqrt", "sqrt"),
        ({"low": "a", "high": 9}, 31, 31),
        ({"choices": ["a", "b"]}, "b", "b"),
        ({"choices": ["a", "b"]}, 7, "a"),
        ({"choices": "ab"}, 7, 7),
    ],
)
def test_a_value_outside_moves_to_the_nearest_inside(param, value, expected):
    assert nearest(param, value) == expected


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


def test_a_choice_without_an_end_survives_another_change(recipe):
    line = {"choices": [1.0, np.inf], "default": 1.0}
    changed = recipe.replace(space={"limit": line}).replace(title="other")
    assert changed.space["limit"].choices == (1.0, np.inf)
