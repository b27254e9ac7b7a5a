"""Words become Optuna's samplers, fresh for every study, and say what they cannot model."""

from __future__ import annotations

from itertools import product

import optuna
import pytest
from strategies import KIND, SPACES, N, run, search

import tuneflow as tf
from tuneflow.recipe.space import Space
from tuneflow.search import samplers
from tuneflow.search.samplers import SAMPLERS
from tuneflow.search.strategy import SearchStrategy

INDEPENDENT = {
    "grid": {},
    "random": {},
    "tpe": {},
    "bohb": {},
    "nsga2": {"conditions": ("deep",)},
    "gp": {"conditions": ("deep",)},
    "qmc": {"choices": ("kind",), "conditions": ("kind", "deep")},
    "cmaes": {"choices": ("kind",), "conditions": ("kind", "deep")},
    "gradient": {"numbers": ("n",), "choices": ("kind",), "conditions": ("kind", "deep")},
}


def test_every_sampler_has_a_line_in_the_table_of_this_test():
    assert set(INDEPENDENT) == set(SAMPLERS)


@pytest.mark.parametrize(("word", "space"), list(product(SAMPLERS, SPACES)))
def test_what_a_sampler_does_not_model_is_said(word, space):
    strategy = search(word, space=space)
    independent = INDEPENDENT[word].get(space, ())
    assert strategy.sampler == word
    assert strategy.independent == independent
    assert strategy.modelled_share(SPACES[space]) == pytest.approx(
        1 - len(independent) / len(SPACES[space].params)
    )
    named = [", ".join(independent) in note for note in strategy.notes]
    assert named == [True] * bool(independent)


@pytest.mark.parametrize("word", ["nsga2", "cmaes", "gp"])
def test_what_is_said_to_be_drawn_is_not_in_the_space_that_the_sampler_models(word):
    study, strategy = optuna.create_study(), search(word)
    for x, kind in ((0.1, "a"), (0.2, "b"), (0.3, "a")):
        study.enqueue_trial({"x": x, "kind": kind, "deep": 3})
        trial = study.ask()
        study.tell(trial, SPACES["conditions"].suggest(trial)["x"])
    study.sampler = strategy.make_sampler()
    trial = study.ask()
    modelled = set(trial.relative_params) | set(
        study.sampler.infer_relative_search_space(study, study.trials[-1])
    )
    assert not modelled & set(strategy.independent)


def test_qmc_is_one_sequence_a_study_scrambled_by_its_seed():
    firsts = {
        seed: run(search("qmc", space="numbers", seed=seed), "numbers", 9) for seed in (0, 1)
    }
    xs = [params["x"] for params in firsts[0][1:]]
    assert firsts[0] != firsts[1]
    assert all(any(low <= x < low + 0.25 for x in xs) for low in (0, 0.25, 0.5, 0.75))


def test_conditions_are_modelled_jointly_where_there_are_some():
    assert search("tpe", space="conditions").make_sampler().sampler._group
    assert not search("tpe", space="numbers").make_sampler().sampler._group


def test_a_sampler_object_is_copied_for_every_study():
    mine = optuna.samplers.TPESampler(seed=3)
    one, other = search(mine), search(mine)
    assert one.sampler == "TPESampler"
    assert len({id(strategy.make_sampler()) for strategy in (one, other)} | {id(mine)}) == 3
    assert one.make_sampler() is one.make_sampler()  # it may keep state from trial to trial


def test_a_package_that_is_not_installed_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(samplers, "find_spec", lambda name: None)
    with pytest.raises(tf.MissingExtra, match=r"needs torch, .* pip install 'tuneflow\[gp\]'"):
        search("gp")


def test_gradient_asked_of_a_space_without_gradients_is_refused_with_what_has_some():
    blind = Space({"n": N, "kind": KIND})
    with pytest.raises(tf.SearchError, match=r"got \['n', 'kind'\].* elastic_net, kernel_ridge"):
        SearchStrategy.of("gradient", "none", blind, (), 0)


@pytest.mark.parametrize(
    ("sampler", "message"),
    [
        ("tep", "Did you mean 'tpe'"),
        ("TPE", "Did you mean 'tpe'"),
        (3, "a word or an Optuna sampler is needed; got 3"),
        (optuna.samplers.TPESampler, "an Optuna sampler is needed; got <class"),
    ],
)
def test_what_is_no_sampler_is_refused_with_a_hint(sampler, message):
    with pytest.raises(tf.SearchError, match=message):
        search(sampler)


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
