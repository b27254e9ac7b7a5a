"""Points are tried in order, each once; what has to be said is said before the first trial."""

from __future__ import annotations

import pytest
from strategies import SPACES, search

from tuneflow.recipe.space import Space
from tuneflow.search.strategy import SearchStrategy


@pytest.mark.parametrize("pruner", ["wilcoxon", {"name": "wilcoxon", "p_threshold": 0.2}])
def test_wilcoxon_under_tpe_is_warned_of(pruner):
    assert "astray" in search("tpe", pruner).notes[-1]
    assert not search("random", pruner).notes


def test_the_defaults_come_first_and_no_point_comes_twice():
    starts = [{"x": 0.25}, {"kind": "b", "deep": 4}, {}, {"x": 0.25, "kind": "a"}, {"x": 0.5}]
    points = search(starts=starts).initial_points
    assert points == (
        {"x": 0.5, "kind": "a"},
        {"x": 0.25, "kind": "a"},
        {"x": 0.5, "kind": "b", "deep": 4},
    )


def test_a_start_that_had_to_be_moved_is_told():
    strategy = search(starts=[{"x": 7.0, "kind": "c"}])
    assert strategy.initial_points == ({"x": 0.5, "kind": "a"}, {"x": 1.0, "kind": "a"})
    assert strategy.clipped == (
        "start: x = 7.0 lies outside the space; 1.0 is tried.",
        "start: kind = 'c' lies outside the space; 'a' is tried.",
    )


def test_the_grid_is_all_there_is_and_starts_are_no_part_of_it():
    strategy = search("grid", starts=[{"x": 0.7}])
    assert strategy.is_finite
    # the defaults; each x, alone or with two depths
    assert len(strategy.initial_points) == 1 + 2 * (1 + 2)
    assert strategy.initial_points[0] == SPACES["conditions"].defaults()
    assert {"x": 0.7, "kind": "a"} not in strategy.initial_points


def test_a_space_without_parameters_has_one_point():
    strategy = SearchStrategy.of("tpe", "none", Space({}), (), 0)
    assert strategy.initial_points == ({},)
    assert strategy.modelled_share(Space({})) == 1
