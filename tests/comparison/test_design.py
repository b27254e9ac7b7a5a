"""Which runs a comparison has, before any of them is made."""

from __future__ import annotations

import pytest

import tuneflow as tf
from tuneflow.comparison.contenders import Contender
from tuneflow.comparison.design import Design, parse_seeds, parse_tables
from tuneflow.study.plan import Settings
from tuneflow.study.workers.workers import Workers

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
