"""A line of TOML becomes a distribution; every point that leaves a space lies inside it."""

from __future__ import annotations

import optuna
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tuneflow.recipe.space import NAMED_DEFAULTS, Param, Space

KERNEL = Param(choices=("rbf", "poly", "linear"), default="rbf", grid=("rbf", "poly"))
SPACE = Space(
    {
        "kernel": KERNEL,
        "degree": Param(low=2, high=4, default=3, grid=(2, 3), when={"kernel": "poly"}),
        "gamma": Param(low=0.1, high=9.0, log=True, default=1.0, when={"kernel": ("rbf", "poly")}),
        "C": Param(low=0.5, high=8.0, log=True, default=1.0, grid=(1.0, 2.0)),
        "coef0": Param(low=0.0, high=1.0, default=0.0, when={"kernel": "poly", "degree": 3}),
    }
)


@st.composite
def ranges(draw, kind):
    """A numeric parameter with any bounds, default and grid that the format allows."""
    log = draw(st.booleans())
    numbers = st.integers(1 if log else -50, 50) if kind is int else st.floats(0.01, 50)
    low, *inside, high = sorted(draw(st.lists(numbers, min_size=3, max_size=6)))
    cap = draw(st.none() | st.floats(0.01, 1.0)) if kind is int else None
    return Param(low=low, high=high, log=log, default=inside[0], grid=tuple(inside), cap_rows=cap)


@st.composite
def spaces(draw):
    """A switch, numbers below it, and some that are active only if the switch is on."""
    params = {"switch": Param(choices=(False, True), default=False, grid=(False, True))}
    for i, kind in enumerate(draw(st.lists(st.sampled_from([int, float]), max_size=4))):
        param = draw(ranges(kind))
        when = draw(st.sampled_from([{}, {"switch": True}]))
        params[f"p{i}"] = param.model_copy(update={"when": when})
    return Space(params).bind(draw(st.integers(1, 500)), 7, categorical=True)


@settings(deadline=None, max_examples=60)
@given(spaces(), st.integers(0, 9))
def test_whatever_leaves_a_space_lies_inside_it_and_keeps_its_conditions(space, seed):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    points = [space.defaults(), space.suggest(study.ask()), *space.grid()]
    for point in points:
        assert space.complete(point) == point
        assert not space.clipped(point)
        for name, value in point.items():
            param = space.params[name]
            assert param.active(point)
            if not param.choices:
                assert param.low <= value <= param.high
                assert isinstance(value, int if param.kind == "int" else float)


@settings(deadline=None, max_examples=60)
@given(spaces(), st.dictionaries(st.sampled_from(["p0", "p1", "p2"]), st.floats(-1e9, 1e9)))
def test_a_point_outside_is_moved_to_the_nearest_and_what_moved_is_told(space, asked):
    used, moved = space.complete(asked), space.clipped(asked)
    assert space.complete(used) == used
    for name in set(asked) & set(used):
        assert (name in moved) == (asked[name] != used[name])
        low, high = space.params[name].low, space.params[name].high
        assert abs(used[name] - asked[name]) <= max(0.5, low - asked[name], asked[name] - high)


@settings(deadline=None, max_examples=40)
@given(spaces())
def test_grid_points_are_unique_and_as_many_as_the_product_without_what_is_inactive(space):
    points = [tuple(sorted(point.items())) for point in space.grid()]
    assert len(set(points)) == len(points)
    on, off = 1, 1
    for param in space.params.values():
        times = len(param.grid) or 1
        on *= 1 if param.choices else times
        off *= 1 if param.choices or param.when else times
    assert len(points) == on + off


@settings(deadline=None, max_examples=40)
@given(spaces())
def test_a_suggestion_asks_for_the_distribution_that_the_line_says(space):
    trial = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0)).ask()
    point = space.suggest(trial)
    assert trial.params == point
    for name, distribution in trial.distributions.items():
        assert distribution == space.params[name].distribution


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ({}, ["kernel", "gamma", "C"]),
        ({"kernel": "linear"}, ["kernel", "C"]),
        ({"kernel": "poly"}, ["kernel", "degree", "gamma", "C", "coef0"]),
        ({"kernel": "poly", "degree": 2}, ["kernel", "degree", "gamma", "C"]),
        ({"kernel": "unheard of"}, ["kernel", "gamma", "C"]),
    ],
)
def test_conditions_hold_one_or_several_values_and_chain(chosen, names):
    assert list(SPACE.complete(chosen)) == names
    suggested = SPACE.suggest(optuna.trial.FixedTrial({**SPACE.complete(chosen)}))
    assert list(suggested) == names


def test_integers_are_rounded_and_choices_that_do_not_exist_become_the_default():
    degree = SPACE.params["degree"]
    assert [degree.clip(value) for value in (2.4, 2.6, True, "x")] == [2, 3, 3, 3]
    assert [KERNEL.clip(value) for value in ("poly", "cosine", 1)] == ["poly", "rbf", "rbf"]


def test_the_cap_follows_the_rows_but_never_falls_below_low():
    param = Param(low=2, high=100, default=50, grid=(2, 20, 100), cap_rows=0.1)
    assert param.bind(5000, 1).high == 100
    bound = param.bind(300, 1)
    assert (bound.high, bound.default, bound.grid) == (30, 30, (2, 20, 30))
    tiny = param.bind(3, 1)
    assert (tiny.low, tiny.high, tiny.default, tiny.grid) == (2, 2, 2, (2,))


def test_named_defaults_follow_the_table():
    assert set(NAMED_DEFAULTS) == {"sqrt", "1/n"}
    share = Param(low=0.05, high=1.0, default="sqrt")
    assert share.bind(100, 16).default == 0.25
    assert share.bind(100, 10**6).default == 0.05
    assert Param(low=1e-6, high=1.0, default="1/n").bind(200, 3).default == 1 / 200


def test_parameters_of_categories_are_dropped_where_there_are_none():
    space = Space({"x": KERNEL, "smooth": Param(low=1, high=2, default=1, needs="categorical")})
    assert list(space.bind(9, 9, categorical=True).params) == ["x", "smooth"]
    assert list(space.bind(9, 9, categorical=False).params) == ["x"]


def test_units_become_arguments():
    layers = Param(choices=("8", "256x3"), default="8", unit="ints")
    penalty = Param(low=0.001, high=1.0, default=0.01, unit="per_sample_l2")
    space = Space({"layers": layers, "C": penalty, "alpha": penalty, "gamma": penalty})
    values = {"layers": "256x3", "C": 0.01, "alpha": 0.01, "plain": 7}
    decoded = space.decode(values, 200)
    assert decoded == {"layers": (256,) * 3, "C": 0.5, "alpha": 2.0, "plain": 7}
    assert space.decode({"layers": "8"}, 1) == {"layers": (8,)}
    assert values["layers"] == "256x3"  # what the study keeps


@pytest.mark.parametrize(
    ("low", "kind"), [(1, "int"), (1.0, "float"), (None, "categorical")], ids=str
)
def test_the_way_numbers_are_written_makes_the_kind(low, kind):
    line = {"choices": (1, 5)} if low is None else {"low": low, "high": low * 5}
    assert Param(**line, default=low or 1).kind == kind


@pytest.mark.parametrize(
    ("line", "law"),
    [
        ({"low": 1, "high": 2.0, "default": 1}, "must not be mixed"),
        ({"low": 1.0, "high": 2.0, "default": 1}, "must not be mixed"),
        ({"low": 1.0, "high": 2.0, "default": 1.0, "grid": [1]}, "must not be mixed"),
        ({"low": 3, "high": 2, "default": 3}, "low must not exceed high"),
        ({"low": 0.0, "high": 1.0, "log": True, "default": 0.5}, "log needs low > 0"),
        ({"low": 1, "high": 2, "default": 3}, "between low and high"),
        ({"low": 1, "high": 2, "default": 1, "grid": [0]}, "between low and high"),
        ({"low": 0.0, "high": float("inf"), "default": 1.0}, "finite"),
        ({"low": 0.0, "high": 1.0, "default": float("nan")}, "finite"),
        ({"low": 0.0, "high": 1.0, "default": "sqr"}, "named default is one of"),
        ({"low": 0, "high": 1, "default": True}, "made of numbers"),
        ({"low": True, "high": 2, "default": 1}, "valid integer"),
        ({"low": "1", "high": 2, "default": 1}, "valid integer"),
        ({"low": 1, "high": 2}, "required"),
        ({"low": 1, "default": 1}, "needs low and high, or choices"),
        ({"default": 1}, "needs low and high, or choices"),
        ({"low": 1, "high": 2, "choices": [1], "default": 1}, "not both"),
        ({"choices": ["a"], "log": True, "default": "a"}, "not both"),
        ({"choices": [1, True], "default": 1}, "choices must differ"),
        ({"choices": [1, 1.0], "default": 1}, "choices must differ"),
        ({"choices": ["a"], "default": "b"}, "not among the choices"),
        ({"choices": [0, 2], "default": False}, "not among the choices"),
        ({"choices": ["a"], "default": "a", "grid": ["b"]}, "not among the choices"),
        ({"choices": [(1, 2)], "default": "a"}, "choices"),
        ({"low": 1.0, "high": 2.0, "default": 1.0, "cap_rows": 0.1}, "integer parameters"),
        ({"low": 1, "high": 2, "default": 1, "cap_rows": 1.5}, "less than or equal to 1"),
        ({"low": 1, "high": 2, "default": 1, "unit": "meters"}, "per_sample_l2"),
        ({"low": 1, "high": 2, "default": 1, "step": 1}, "Extra inputs"),
    ],
)
def test_a_line_that_breaks_the_format_is_refused(line, law):
    with pytest.raises(ValidationError, match=law):
        Param(**line)
