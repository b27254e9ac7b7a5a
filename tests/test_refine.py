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


def test_the_best_configuration_comes_next_at_a_quarter_of_its_rate():
    trials = [trial(0.5, 0.2, x=1), trial(0.7, 0.2, x=2), trial(None, 0.2, x=3)]
    assert HELD.next(trials, math.inf) == {"rate": 0.05, "x": 2}


def test_configurations_are_compared_at_the_rate_that_was_held():
    trials = [trial(0.9, 0.3, x=1), trial(0.5, 0.2, x=2), trial(0.7, 0.2, x=3)]
    assert HELD.next(trials, math.inf) == {"rate": 0.05, "x": 3}


def test_the_best_few_are_tried_each_once_however_they_ended():
    trials = [trial(0.1 * x, 0.2, x=x) for x in range(6)]
    for x in (5, 4):
        assert HELD.next(trials, math.inf) == {"rate": 0.05, "x": x}
        trials.append(trial(None if x == 5 else 0.9, 0.05, x=x))
    assert HELD.next(trials, math.inf) is None
    trials.append(trial(0.7, 0.2, x=6))  # a new best comes to its turn too
    assert HELD.next(trials, math.inf) == {"rate": 0.05, "x": 6}


def test_half_the_rate_will_do_where_time_is_short(monkeypatch):
    monkeypatch.setattr("tuneflow.refine._cost", lambda trial: 10.0)
    best = [trial(0.7, 0.2, x=2)]
    assert HELD.next(best, 41.0) == {"rate": 0.05, "x": 2}
    assert HELD.next(best, 39.0) == {"rate": 0.1, "x": 2}
    assert HELD.next(best, 19.0) is None
    assert HELD.next([*best, trial(0.8, 0.1, x=2)], 41.0) is None  # once is enough


def test_what_would_take_too_long_is_not_begun():
    assert HELD.next([trial(0.7, 0.2, x=2)], -1.0) is None


def test_the_rate_never_leaves_the_space():
    near = Refinement("rate", hold=0.06, low=0.05, share=0.3)
    assert near.next([trial(0.7, 0.06, x=2)], math.inf) == {"rate": 0.05, "x": 2}
    lowest = Refinement("rate", hold=0.05, low=0.05, share=0.3)
    assert lowest.next([trial(0.7, 0.05, x=2)], math.inf) is None


def test_it_is_due_for_the_last_few_trials_or_in_the_last_share_of_the_time():
    now = time.monotonic()
    assert not HELD.is_due(18, 20, now, math.inf)
    assert HELD.is_due(19, 20, now, math.inf)
    assert not HELD.is_due(97, 100, now, math.inf)
    assert HELD.is_due(98, 100, now, math.inf)
    assert not HELD.is_due(2, 3, now, math.inf)  # too few to give any up
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
    assert set(rates[:11]) == {0.1}
    assert rates[11:] == [0.025]


def test_what_is_tried_at_a_lower_rate_is_never_given_up():
    frame = table(120)
    recipe = tf.load_recipe("lightgbm").replace(growth={"last": 16, "prune_from": 1})
    result = tf.tune(frame, target(frame, "binary"), recipe, cv=2, n_trials=20)
    trials = result.study.get_trials(deepcopy=False)
    assert State.PRUNED in {t.state for t in trials}
    assert {t.state for t in trials if t.params["learning_rate"] < 0.1} == {State.COMPLETE}


def test_a_recipe_without_a_rate_to_hold_searches_everything():
    assert RECIPE.growth.hold is None
    assert tf.tune(*rows(), "knn", n_trials=2).best_score
