"""Words become Optuna's classes, fresh for every study, and say what they cannot model."""

from __future__ import annotations

import warnings
from itertools import product

import optuna
import pytest

import tuneflow as tf
from tuneflow.recipe.space import Param, Space
from tuneflow.search import strategy as room
from tuneflow.search.strategy import PRUNERS, SAMPLERS, Search

X = Param(low=0.0, high=1.0, default=0.5, grid=(0.0, 1.0), gradient=True)
N = Param(low=1, high=64, log=True, default=8, grid=(4, 16))
KIND = Param(choices=("a", "b"), default="a", grid=("a", "b"))
DEEP = Param(low=1, high=5, default=2, grid=(1, 5), when={"kind": "b"})
SPACES = {
    "numbers": Space({"x": X, "n": N}),
    "choices": Space({"x": X, "kind": KIND}),
    "conditions": Space({"x": X, "kind": KIND, "deep": DEEP}),
}
#: What the literature and Optuna's manual say each sampler models; the rest it draws at random.
DRAWN = {
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


def search(sampler="random", pruner="none", space="conditions", starts=(), seed=0):
    return Search.of(sampler, pruner, SPACES[space], tuple(starts), seed)


def run(found, space, trials=12):
    """What the search's own sampler proposes, going on with another one halfway."""
    study = optuna.create_study()
    for number in range(trials):
        if number in (0, trials // 2):
            study.sampler = found.sampled()
        trial = study.ask()
        study.tell(trial, SPACES[space].suggest(trial)["x"])
    return [trial.params for trial in study.trials]


# ---------- samplers ----------


def test_every_sampler_has_a_line_in_the_table_of_this_test():
    assert set(DRAWN) == set(SAMPLERS)


@pytest.mark.parametrize(("word", "space"), list(product(SAMPLERS, SPACES)))
def test_what_a_sampler_does_not_model_is_said(word, space):
    found = search(word, space=space)
    drawn = DRAWN[word].get(space, ())
    assert found.sampler == word
    assert found.drawn == drawn
    assert found.modelled(SPACES[space]) == pytest.approx(
        1 - len(drawn) / len(SPACES[space].params)
    )
    assert [", ".join(drawn) in note for note in found.notes] == [True] * bool(drawn)


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
        study, found = optuna.create_study(), search(word)
        for number in range(12 if word != "gp" else 4):
            if number in stops:
                study.sampler = found.sampled()
            trial = study.ask()
            study.tell(trial, SPACES["conditions"].suggest(trial)["x"])
        return [trial.params for trial in study.trials]

    assert xs({0}) == xs({0, 2, 3, 11})


@pytest.mark.parametrize("word", [word for word in SAMPLERS if word != "qmc"])
def test_no_two_trials_draw_alike_though_none_knows_of_another(word):
    study, found = optuna.create_study(), search(word)
    xs = []
    for _ in range(5):
        study.sampler = found.sampled()  # as in a process of its own
        xs.append(SPACES["conditions"].suggest(study.ask())["x"])
    assert len(set(xs)) == 5


@pytest.mark.parametrize("word", ["nsga2", "cmaes", "gp"])
def test_what_is_said_to_be_drawn_is_not_in_the_space_that_the_sampler_models(word):
    study, found = optuna.create_study(), search(word)
    for x, kind in ((0.1, "a"), (0.2, "b"), (0.3, "a")):
        study.enqueue_trial({"x": x, "kind": kind, "deep": 3})
        trial = study.ask()
        study.tell(trial, SPACES["conditions"].suggest(trial)["x"])
    study.sampler = found.sampled()
    trial = study.ask()
    modelled = set(trial.relative_params) | set(
        study.sampler.infer_relative_search_space(study, study.trials[-1])
    )
    assert not modelled & set(found.drawn)


def test_qmc_is_one_sequence_a_study_scrambled_by_its_seed():
    firsts = {
        seed: run(search("qmc", space="numbers", seed=seed), "numbers", 9) for seed in (0, 1)
    }
    xs = [params["x"] for params in firsts[0][1:]]
    assert firsts[0] != firsts[1]
    assert all(any(low <= x < low + 0.25 for x in xs) for low in (0, 0.25, 0.5, 0.75))


def test_conditions_are_modelled_jointly_where_there_are_some():
    assert search("tpe", space="conditions").sampled().sampler._group
    assert not search("tpe", space="numbers").sampled().sampler._group


def test_a_sampler_object_is_copied_for_every_study():
    mine = optuna.samplers.TPESampler(seed=3)
    one, other = search(mine), search(mine)
    assert one.sampler == "TPESampler"
    assert len({id(found.sampled()) for found in (one, other)} | {id(mine)}) == 3
    assert one.sampled() is one.sampled()  # it may keep state from trial to trial


def test_a_package_that_is_not_installed_is_named_with_what_installs_it(monkeypatch):
    monkeypatch.setattr(room, "find_spec", lambda name: None)
    with pytest.raises(tf.MissingExtra, match=r"needs torch, .* pip install 'tuneflow\[gp\]'"):
        search("gp")


def test_gradient_asked_of_a_space_without_gradients_is_refused_with_what_has_some():
    blind = Space({"n": N, "kind": KIND})
    with pytest.raises(tf.SearchError, match=r"got \['n', 'kind'\].* elastic_net, kernel_ridge"):
        Search.of("gradient", "none", blind, (), 0)


# ---------- pruners ----------


@pytest.mark.parametrize(("word", "steps"), list(product(PRUNERS, [0, 1, 2, 4, 9])))
def test_every_pruner_can_be_made_for_any_number_of_decisions(word, steps):
    found = search(pruner=word)
    one, other = found.pruned(steps), found.pruned(steps)
    assert isinstance(one, optuna.pruners.BasePruner)
    assert one is not other
    assert found.pruner == word
    assert found.raw == (word == "wilcoxon")


def test_options_replace_the_defaults_of_the_word():
    made = search(pruner={"name": "median", "n_startup_trials": 9}).pruned(3)
    assert made._n_startup_trials == 9
    patient = search(pruner={"name": "patient", "patience": 3, "n_min_trials": 2}).pruned(3)
    assert (patient._patience, patient._wrapped_pruner._n_min_trials) == (3, 2)


def test_a_pruner_object_is_copied_and_wilcoxon_sees_single_folds_in_any_dress():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        mine = optuna.pruners.WilcoxonPruner()
    found = search(pruner=mine)
    assert found.pruned(3) is not mine
    assert found.raw


@pytest.mark.parametrize("pruner", ["wilcoxon", {"name": "wilcoxon", "p_threshold": 0.2}])
def test_wilcoxon_under_tpe_is_warned_of(pruner):
    assert "astray" in search("tpe", pruner).notes[-1]
    assert not search("random", pruner).notes


# ---------- points ----------


def test_the_defaults_come_first_and_no_point_comes_twice():
    starts = [{"x": 0.25}, {"kind": "b", "deep": 4}, {}, {"x": 0.25, "kind": "a"}, {"x": 0.5}]
    points = search(starts=starts).points
    assert points == (
        {"x": 0.5, "kind": "a"},
        {"x": 0.25, "kind": "a"},
        {"x": 0.5, "kind": "b", "deep": 4},
    )


def test_a_start_that_had_to_be_moved_is_told():
    found = search(starts=[{"x": 7.0, "kind": "c"}])
    assert found.points == ({"x": 0.5, "kind": "a"}, {"x": 1.0, "kind": "a"})
    assert found.clipped == (
        "start: x = 7.0 lies outside the space; 1.0 is tried.",
        "start: kind = 'c' lies outside the space; 'a' is tried.",
    )


def test_the_grid_is_all_there_is_and_starts_are_no_part_of_it():
    found = search("grid", starts=[{"x": 0.7}])
    assert found.finite
    assert len(found.points) == 1 + 2 * (1 + 2)  # the defaults; each x, alone or with two depths
    assert found.points[0] == SPACES["conditions"].defaults()
    assert {"x": 0.7, "kind": "a"} not in found.points


def test_a_space_without_parameters_has_one_point():
    found = Search.of("tpe", "none", Space({}), (), 0)
    assert found.points == ({},)
    assert found.modelled(Space({})) == 1


@pytest.mark.parametrize(
    ("sampler", "pruner", "law"),
    [
        ("tep", "none", "Did you mean 'tpe'"),
        ("TPE", "none", "Did you mean 'tpe'"),
        (3, "none", "a word or an Optuna sampler is needed; got 3"),
        (optuna.samplers.TPESampler, "none", "an Optuna sampler is needed; got <class"),
        ("tpe", "medain", "Did you mean 'median'"),
        ("tpe", 3, "a word or an Optuna pruner is needed; got 3"),
        ("tpe", {"n_startup_trials": 3}, "got None"),
        ("tpe", optuna.pruners.MedianPruner, "an Optuna pruner is needed; got <class"),
        ("tpe", {"name": "median", "n_startup": 3}, r"these options; got {'n_startup': 3}"),
        ("tpe", {"name": "percentile", "percentile": 700}, "these options"),
        ("tpe", {"name": ["median"]}, "a word or an Optuna pruner"),
    ],
)
def test_what_is_no_sampler_or_pruner_is_refused_with_a_hint(sampler, pruner, law):
    with pytest.raises(tf.SearchError, match=law):
        search(sampler, pruner)
