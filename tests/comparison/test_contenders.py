"""Words, objects and mixtures become named contenders."""

from __future__ import annotations

import optuna
import pytest

import tuneflow as tf
from tuneflow.comparison.contenders import parse_contenders

SHARED = {"recipe": "knn", "sampler": "tpe", "pruner": None}
LISTS = dict.fromkeys(("samplers", "recipes", "pruners", "contenders"))


def parse(**lists):
    return parse_contenders(SHARED, LISTS | lists)


def test_words_files_and_objects_name_themselves():
    sampler = optuna.samplers.RandomSampler()
    assert [c.name for c in parse(samplers=["qmc", sampler])] == ["qmc", "RandomSampler"]
    assert [c.name for c in parse(recipes=["knn", tf.load_recipe("svm")])] == ["knn", "svm"]
    assert [c.name for c in parse(pruners=[{"name": "median"}, "none"])] == ["median", "none"]


def test_what_a_contender_does_not_set_is_that_of_all():
    mixture = {"a": {"sampler": "qmc"}, "b": {"recipe": "svm", "pruner": "none"}}
    a, b = parse(contenders=mixture)
    assert (a.recipe.name, a.sampler, a.pruner) == ("knn", "qmc", None)
    assert (b.recipe.name, b.sampler, b.pruner) == ("svm", "tpe", "none")


def test_a_mapping_names_the_values_of_a_list():
    first, second = parse(samplers={"early": "tpe", "late": "tpe"})
    assert (first.name, second.name) == ("early", "late")
    assert first.sampler == second.sampler == "tpe"


def test_a_misspelt_option_is_refused_with_a_guess():
    with pytest.raises(tf.SearchError, match="Did you mean 'sampler'"):
        parse(contenders={"a": {"samplr": "tpe"}})
