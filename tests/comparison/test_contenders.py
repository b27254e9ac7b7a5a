"""Words, objects and mixtures become named contenders."""

from __future__ import annotations

import optuna
import pytest

import tuneflow as tf
from tuneflow.comparison.contenders import (
    Contender,
    Design,
    parse_contenders,
    parse_seeds,
    parse_tables,
)
from tuneflow.study.plan import Settings
from tuneflow.study.workers.workers import Workers

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


PAIR = ([[1.0]], [1.0])


def design(tables):
    both = [Contender(name, tf.load_recipe("knn")) for name in "ab"]
    return Design("cmp", tables, both, range(2), Settings(), 5, None, Workers())


def test_cells_go_seed_by_seed_table_by_table_and_contender_by_contender():
    names = [design({"": ()}).study_name(cell) for cell in design({"": ()}).cells]
    assert names == ["cmp / a / 0", "cmp / b / 0", "cmp / a / 1", "cmp / b / 1"]
    suite = design({"x": (), "y": ()})
    names = [suite.study_name(cell) for cell in suite.cells][:4]
    assert names == ["cmp / x / a / 0", "cmp / x / b / 0", "cmp / y / a / 0", "cmp / y / b / 0"]


def test_a_run_record_says_which_run_of_which_comparison_a_study_is():
    record = design({"x": ()}).run_record(design({"x": ()}).cells[1])
    assert (record.comparison, record.table, record.contender, record.seed) == ("cmp", "x", "b", 0)
    assert (record.n_trials, record.timeout, record.state) == (5, None, "open")


def test_seeds_begin_with_the_random_state():
    assert list(parse_seeds(3, 7)) == [7, 8, 9]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((PAIR[0], None, None), "y: a target"),
        (({}, None, None), "pairs"),
        (({"a": PAIR[0]}, None, None), "pairs"),
        (({1: PAIR}, None, None), "pairs"),
        (({"a": PAIR}, [1.0], None), "targets inside"),
        (({"a": PAIR}, None, [0]), "takes no groups"),
    ],
)
def test_tables_that_make_no_suite_are_refused(arguments, words):
    with pytest.raises(tf.DataError, match=words):
        parse_tables(*arguments)
