"""Laws over every recipe that is built in: sources, bounds, starting points, and that it runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tables import table, target

import tuneflow as tf
from tuneflow.search.samplers import SAMPLERS
from tuneflow.search.strategy import PRUNERS, SearchStrategy

FOLDER = Path(__file__).resolve().parents[2] / "recipes"
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
CASES = [(name, task) for name in NAMES for task in tf.load_recipe(name).tasks]

each_recipe = pytest.mark.parametrize("name", NAMES)
each_task = pytest.mark.parametrize(("name", "task"), CASES)


def sourced(recipe):
    """Every line and starting point that has to say where it comes from: (where, source)."""
    for kind in ("", "classification", "regression"):
        part = getattr(recipe, kind) if kind else recipe
        yield from ((f"{kind} {name}", param.source) for name, param in part.space.items())
        yield from ((f"{kind} start {i}", start.source) for i, start in enumerate(part.start))


# ---------- laws over the recipes ----------


@each_recipe
def test_every_line_cites_a_source_that_is_listed_or_says_that_it_is_ours(name):
    recipe = tf.load_recipe(name)
    for where, source in sourced(recipe):
        for piece in re.split(r"[;,] ", re.sub(r"\(.*?\)", "", source.split("ours:")[0])):
            cited = set(re.findall(r"\w+", piece)) & set(recipe.sources)
            assert cited or (not piece and "ours:" in source), f"{where}: {source!r}"


@each_recipe
def test_every_source_that_is_listed_is_cited_and_can_be_found(name):
    recipe = tf.load_recipe(name)
    body = (FOLDER / f"{name}.toml").read_text(encoding="utf-8").split("[sources]")[0]
    for tag, citation in recipe.sources.items():
        assert re.search(rf"\b{tag}\b", body), f"{tag} is never cited"
        assert re.search(r"\w+/[\w.-]+@\w+|doi|arXiv|\b(19|20)\d\d\b|ours", citation), citation


@each_task
def test_defaults_and_grid_lie_inside_the_bounds(name, task):
    for rows, columns in ((20, 1), (1000, 30)):
        space = tf.load_recipe(name).space_for(task).bind(rows, columns, categorical=True)
        for point in (space.defaults(), *space.grid()):
            assert not space.clipped(point)
            assert space.complete(point) == point


@each_task
def test_every_start_lies_inside_the_space_and_names_what_is_active_there(name, task):
    recipe = tf.load_recipe(name)
    space = recipe.space_for(task)
    for start in recipe.starts_for(task):
        used = space.bind(10**6, 30, categorical=True).complete(start.params)
        assert not space.bind(10**6, 30, categorical=True).clipped(start.params), start.source
        assert set(start.params) <= set(used), start.source


@each_task
def test_a_start_is_told_apart_from_the_others_and_from_the_defaults(name, task):
    recipe = tf.load_recipe(name)
    space = recipe.space_for(task).bind(10**6, 30, categorical=True)
    starts = [start.params for start in recipe.starts_for(task)]
    points = [space.defaults(), *(space.complete(start) for start in starts)]
    assert all(points.count(point) == 1 for point in points)


@each_task
def test_conditions_name_a_parameter_above_and_values_that_it_can_take(name, task):
    above = {}
    for key, param in tf.load_recipe(name).space_for(task).params.items():
        for parent, wanted in param.when.items():
            values = wanted if isinstance(wanted, tuple) else (wanted,)
            assert set(values) <= set(above[parent].choices)
        above[key] = param


@each_task
def test_sampler_pruner_and_growth_are_words_that_are_known(name, task):
    recipe = tf.load_recipe(name)
    space = recipe.space_for(task).bind(1000, 30, categorical=True)
    search = SearchStrategy.of(recipe.sampler, recipe.pruner, space, (space.defaults(),), 0)
    assert search.sampler in SAMPLERS
    assert search.pruner in PRUNERS
    assert not search.notes
    if recipe.growth:
        assert recipe.growth.budgets(1000)[-1] == recipe.growth.last


@each_recipe
def test_nothing_is_both_fixed_and_searched(name):
    recipe = tf.load_recipe(name)
    for task in recipe.tasks:
        assert not set(recipe.fixed_for(task)) & set(recipe.space_for(task).params)


@each_task
def test_every_recipe_runs_its_defaults_and_all_its_starts(name, task):
    recipe = tf.load_recipe(name)
    if recipe.growth and recipe.growth.unit in ("rounds", "trees", "epochs"):
        recipe = recipe.replace(growth={"first": 1, "last": 2, "prune_from": 0, "final": None})
    X = table(60)
    points = 1 + len(recipe.starts_for(task))
    result = tf.tune(X, target(X, task), recipe, cv=2, n_trials=points, pruner="none")
    assert [trial.state.name for trial in result.study.trials] == ["COMPLETE"] * points
    assert result.refit.task == task
    assert len(result.predict(X)) == len(X)


# ---------- the format ----------


@each_recipe
def test_a_recipe_survives_the_way_into_a_study_and_back(name):
    recipe = tf.load_recipe(name)
    again = tf.Recipe.model_validate_json(recipe.model_dump_json(exclude_unset=True))
    assert again == recipe
    assert again.digest() == recipe.digest() == recipe.replace().digest()


@each_recipe
def test_a_recipe_shows_itself_as_text_and_as_a_page(name):
    recipe = tf.load_recipe(name)
    assert set(recipe.table().index) == {
        key for task in recipe.tasks for key in recipe.space_for(task).params
    }
    assert recipe.title in repr(recipe)
    hostile = recipe.replace(
        title="<script>", space={"<b>": {"choices": ["<i>"], "default": "<i>"}}
    )
    assert not re.search("<script>|<b>|<i>", hostile._repr_html_())
