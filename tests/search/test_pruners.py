"""Words become Optuna's pruners, with options, fresh for every study."""

from __future__ import annotations

import warnings
from itertools import product

import optuna
import pytest
from strategies import search

import tuneflow as tf
from tuneflow.search.pruners import PRUNERS


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
