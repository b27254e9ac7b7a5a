"""Points are tried in order, each once; what has to be said is said before the first trial."""

from __future__ import annotations

import warnings
from itertools import product

import optuna
import pytest
from doubles import RECIPE, rows
from sklearn.datasets import load_diabetes
from strategies import SPACES, search

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.recipe.space import Space
from tuneflow.search.strategy import PRUNERS, SearchStrategy, StoppingRule
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import KEY

DIABETES = load_diabetes(return_X_y=True, as_frame=True)


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


def test_the_grid_is_all_there_is_but_for_starting_points():
    strategy = search("grid", starts=[{"x": 0.7}])
    assert strategy.is_finite
    # the defaults; the starting point; each x, alone or with two depths
    assert len(strategy.initial_points) == 1 + 1 + 2 * (1 + 2)
    assert strategy.initial_points[0] == SPACES["conditions"].defaults()
    assert strategy.initial_points[1] == {"x": 0.7, "kind": "a"}


def test_a_space_without_parameters_has_one_point():
    strategy = SearchStrategy.of("tpe", "none", Space({}), ({},), 0)
    assert strategy.initial_points == ({},)
    assert strategy.modelled_share(Space({})) == 1


@pytest.mark.parametrize(("word", "steps"), list(product(PRUNERS, [0, 1, 2, 4, 9])))
def test_every_pruner_can_be_made_for_any_number_of_decisions(word, steps):
    strategy = search(pruner=word)
    one, other = strategy.make_pruner(steps), strategy.make_pruner(steps)
    assert isinstance(one, optuna.pruners.BasePruner)
    assert one is not other
    assert strategy.pruner == word
    assert strategy.scores_each_fold == (word == "wilcoxon")


def test_options_replace_the_defaults_of_the_word():
    made = search(pruner={"name": "median", "n_startup_trials": 9}).make_pruner(3)
    assert made._n_startup_trials == 9
    patient = search(pruner={"name": "patient", "patience": 3, "n_min_trials": 2}).make_pruner(3)
    assert (patient._patience, patient._wrapped_pruner._n_min_trials) == (3, 2)


def test_a_pruner_object_is_copied_and_wilcoxon_sees_single_folds_in_any_dress():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        mine = optuna.pruners.WilcoxonPruner()
    strategy = search(pruner=mine)
    assert strategy.make_pruner(3) is not mine
    assert strategy.scores_each_fold


@pytest.mark.parametrize(
    ("pruner", "message"),
    [
        ("medain", "Did you mean 'median'"),
        (3, "a word or an Optuna pruner is needed; got 3"),
        ({"n_startup_trials": 3}, "got None"),
        (optuna.pruners.MedianPruner, "an Optuna pruner is needed; got <class"),
        ({"name": "median", "n_startup": 3}, r"these options; got {'n_startup': 3}"),
        ({"name": "percentile", "percentile": 700}, "these options"),
        ({"name": ["median"]}, "a word or an Optuna pruner"),
    ],
)
def test_what_is_no_pruner_is_refused_with_a_hint(pruner, message):
    with pytest.raises(tf.SearchError, match=message):
        search("tpe", pruner)


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


def trial(*scores):
    """A trial with these scores of its folds; without any, one that was pruned."""
    state = optuna.trial.TrialState.COMPLETE if scores else optuna.trial.TrialState.PRUNED
    mean = sum(scores) / len(scores) if scores else None
    attrs = {KEY: vars(TrialRecord(scores=list(scores)))}
    return optuna.trial.create_trial(state=state, value=mean, user_attrs=attrs)


def test_patience_counts_trials_since_the_best_pruned_ones_too():
    rule = StoppingRule.of(3, 0.25)
    some = [trial(0.1, 0.2), trial(0.3, 0.4), trial(), trial(0.2, 0.2)]
    assert not rule.is_due(some)
    assert rule.is_due([*some, trial()])
    assert not rule.is_due([*some, trial(0.5, 0.5), trial()])
    assert not rule.is_due([trial()] * 9)
    assert not rule.is_due([])


def test_noise_ends_what_has_gained_less_than_it_and_nothing_else():
    rule = StoppingRule.of("noise", 0.25)
    early = [trial(0.50, 0.60, 0.55), trial(0.58, 0.61, 0.66)] + [trial(0.4, 0.4, 0.4)] * 17
    assert not rule.is_due(early)
    assert rule.is_due([*early, trial(0.4, 0.4, 0.4)])
    assert rule.is_due([*early, trial(0.581, 0.611, 0.661)])
    assert not rule.is_due([*early, trial(0.88, 0.91, 0.96)])


@pytest.mark.parametrize("wrong", [0, -3, True, 2.5, "soon"])
def test_another_rule_is_refused(wrong):
    with pytest.raises(tf.SearchError, match="stop: a number of trials, or 'noise'"):
        tf.tune(*DIABETES, "elastic_net", stop=wrong)


@pytest.mark.usefixtures("double")
def test_a_study_ends_when_patience_does_and_says_so():
    result = tf.tune(*rows(), RECIPE, sampler="random", n_trials=300, stop=5)
    trials = result.study.trials
    assert len(trials) < 300
    assert len(trials) - 1 - result.best_trial.number == 5
    assert any("ended early" in remark for remark in result.remarks)


@pytest.mark.usefixtures("double")
def test_it_is_off_by_default():
    assert len(tf.tune(*rows(), RECIPE, sampler="random", n_trials=30).study.trials) == 30


@pytest.mark.usefixtures("double")
def test_the_same_call_does_no_more(tmp_path):
    more = {"storage": tmp_path / "a.journal", "sampler": "random", "n_trials": 300, "stop": 5}
    first, again = (tf.tune(*rows(), RECIPE, **more) for _ in range(2))
    assert len(first.study.trials) == len(again.study.trials)


def test_noise_ends_a_search_on_a_small_table():
    result = tf.tune(*DIABETES, "elastic_net", n_trials=60, cv=3, stop="noise")
    assert 20 <= len(result.study.trials) < 60
