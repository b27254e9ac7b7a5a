"""Draws follow from the seed of the study and the number of the trial."""

from __future__ import annotations

from itertools import product

import optuna
import pytest
from strategies import SPACES, run, search

from tuneflow.search.samplers import SAMPLERS


@pytest.mark.parametrize(("word", "space"), list(product(SAMPLERS, SPACES)))
def test_proposals_follow_from_the_seed_and_the_number_of_the_trial(word, space):
    trials = 4 if word == "gp" else 12
    first, again, other = (
        run(search(word, space=space, seed=s), space, trials) for s in (1, 1, 2)
    )
    assert first == again
    assert first != other
    assert len({params["x"] for params in first}) > 1


@pytest.mark.parametrize("word", SAMPLERS)
def test_a_study_that_is_resumed_goes_on_as_it_would_have(word):
    def xs(stops):
        study, strategy = optuna.create_study(), search(word)
        for number in range(12 if word != "gp" else 4):
            if number in stops:
                study.sampler = strategy.make_sampler()
            trial = study.ask()
            study.tell(trial, SPACES["conditions"].suggest(trial)["x"])
        return [trial.params for trial in study.trials]

    assert xs({0}) == xs({0, 2, 3, 11})


@pytest.mark.parametrize("word", [word for word in SAMPLERS if word != "qmc"])
def test_no_two_trials_draw_alike_though_none_knows_of_another(word):
    study, strategy = optuna.create_study(), search(word)
    xs = []
    for _ in range(5):
        study.sampler = strategy.make_sampler()  # as in a process of its own
        xs.append(SPACES["conditions"].suggest(study.ask())["x"])
    assert len(set(xs)) == 5
