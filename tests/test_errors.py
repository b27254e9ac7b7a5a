"""Errors: one root, a tree that the docstring draws, and a guess at what was meant."""

from __future__ import annotations

import inspect
import re

import pytest

from tuneflow import errors
from tuneflow.errors import did_you_mean

ERRORS = {
    name: kind
    for name, kind in vars(errors).items()
    if inspect.isclass(kind) and issubclass(kind, (errors.TuneflowError, UserWarning))
}


def test_the_docstring_draws_the_tree_of_all_errors():
    tree = re.findall(
        r"^    (\W*)(Tune\w+|\w+Error|\w+Extra)(?: +\((\w+)\))?", errors.__doc__, re.M
    )
    assert {name for _, name, _ in tree} == set(ERRORS)
    for branch, name, builtin in tree:
        parents = {kind.__name__ for kind in ERRORS[name].__bases__}
        assert not builtin or builtin in parents
        if branch:
            assert ("StudyError" if branch.startswith("│") else "TuneflowError") in parents


@pytest.mark.parametrize("name", sorted(set(ERRORS) - {"TuneflowWarning"}))
def test_every_error_comes_from_one_root(name):
    assert issubclass(ERRORS[name], errors.TuneflowError)


@pytest.mark.parametrize(
    ("word", "names", "message"),
    [
        ("tpee", ["random", "tpe"], "Did you mean 'tpe'? Known: random, tpe."),
        ("LIGHTGBM", ["LightGBM"], "Did you mean 'LightGBM'? Known: LightGBM."),
        ("qqqq", ["random", "tpe"], "Known: random, tpe."),
        ("a", [], "Known: ."),
        ("tpe", iter(["tpe", "TPE"]), "Did you mean 'tpe'? Known: tpe, TPE."),
    ],
)
def test_a_word_is_guessed_whatever_its_case(word, names, message):
    assert did_you_mean(word, names) == message
