"""The rate is held in the search and lowered for the best at the end."""

from __future__ import annotations

import math
import time

import optuna
import pytest
from doubles import RECIPE, rows
from tables import table, target

import tuneflow as tf
from tuneflow.growth import Growth
from tuneflow.refine import Refinement

State = optuna.trial.TrialState
HELD = Refinement("rate", hold=0.2, low=0.05, share=0.3)


def trial(value: float | None, rate: float, **more) -> optuna.trial.FrozenTrial:
    params = {"rate": rate, **more}
    anything = optuna.distributions.FloatDistribution(0, 9)
    return optuna.trial.create_trial(
        value=value,
        state=State.PRUNED if value is None else State.COMPLETE,
        params=params,
        distributions=dict.fromkeys(params, anything),
    )


def test_the_best_configuration_comes_next_at_half_its_rate():
    trials = [trial(0.5, 0.2, x=1), trial(0.7, 0.2, x=2), trial(None, 0.2, x=3)]
    assert HELD.next(trials, math.inf) == {"rate": 0.1, "x": 2}


def test_configurations_are_compared_at_one_rate_at_a_time():
    trials = [trial(0.9, 0.1, x=1), trial(0.5, 0.2, x=2), trial(0.7, 0.2, x=3)]
    assert HELD.next(trials, math.inf) == {"rate": 0.1, "x": 3}
    trials.append(trial(0.95, 0.1, x=3))
    assert HELD.next(trials, math.inf) == {"rate": 0.05, "x": 3}


def test_the_rate_is_halved_again_only_while_that_helps():
    worse = [trial(0.7, 0.2, x=2), trial(0.6, 0.1, x=2)]
    better = [trial(0.7, 0.2, x=2), trial(0.8, 0.1, x=2)]
    assert HELD.next(worse, math.inf) is None
    assert HELD.next(better, math.inf) == {"rate": 0.05, "x": 2}


def test_what_would_take_too_long_is_not_begun():
    assert HELD.next([trial(0.7, 0.2, x=2)], -1.0) is None


def test_the_rate_never_leaves_the_space():
    assert HELD.next([trial(0.7, 0.08, x=2)], math.inf) == {"rate": 0.05, "x": 2}
    assert HELD.next([trial(0.7, 0.05, x=2)], math.inf) is None


def test_it_is_due_in_the_last_share_of_trials_or_of_time():
    now = time.monotonic()
    assert not HELD.is_due(6, 10, now, math.inf)
    assert HELD.is_due(7, 10, now, math.inf)
    assert not HELD.is_due(7, None, now - 50, now + 50)
    assert HELD.is_due(7, None, now - 80, now + 20)


@pytest.mark.parametrize("sampler", ["grid", optuna.samplers.RandomSampler(0)])
def test_a_grid_and_a_sampler_of_ones_own_choose_the_rate_themselves(sampler):
    space = tf.load_recipe("lightgbm").space_for("binary").bind(100, 5, categorical=False)
    growth = Growth(schedule="lockstep", unit="rounds", per="learning_rate", hold=0.2, last=8)
    assert Refinement.of(growth, space, sampler) is None
    assert Refinement.of(growth, space, "tpe").hold == 0.2


def test_a_rate_to_hold_needs_its_parameter():
    with pytest.raises(tf.RecipeError, match="hold is a value of `per`"):
        RECIPE.replace(growth={"hold": 0.1})


def test_defaults_keep_their_rate_and_the_search_holds_it():
    frame = table(120)
    recipe = tf.load_recipe("lightgbm").replace(growth={"last": 4}, pruner="none")
    result = tf.tune(frame, target(frame, "binary"), recipe, cv=2, n_trials=12)
    rates = [t.params["learning_rate"] for t in result.study.trials]
    assert rates[0] == 0.1
    assert set(rates[:7]) == {0.1}
    assert min(rates) < 0.1


def test_a_recipe_without_a_rate_to_hold_searches_everything():
    assert RECIPE.growth.hold is None
    assert tf.tune(*rows(), "knn", n_trials=2).best_score
