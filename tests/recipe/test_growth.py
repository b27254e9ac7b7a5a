"""Rungs: what is trained before trials are compared, and where they may be pruned."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pydantic import ValidationError

from tuneflow.recipe.growth import Growth

LOCKSTEP = {"schedule": "lockstep", "unit": "rounds"}
ROWS = {"schedule": "rows", "unit": "rows", "first": 500, "last": 1.0, "factor": 3}


@pytest.mark.parametrize(
    ("growth", "rows", "budgets"),
    [
        ({"schedule": "folds"}, 100, (1.0,)),
        ({**LOCKSTEP, "first": 1, "last": 8}, 100, (1.0, 2.0, 4.0, 8.0)),
        ({**LOCKSTEP, "first": 3, "last": 8}, 100, (4.0, 8.0)),
        (ROWS, 4500, (1 / 9, 1 / 3, 1.0)),
        (ROWS, 400, (1.0,)),
    ],
)
def test_rungs_rise_by_the_factor_and_end_at_the_last(growth, rows, budgets):
    assert Growth(**growth).budgets(rows) == pytest.approx(budgets)


def test_trials_are_pruned_between_the_first_rungs_and_the_last_each_twice_the_one_before():
    growth = Growth(**LOCKSTEP, first=1, last=10, factor=1.25, prune_from=2)
    budgets = growth.budgets(100)
    pruning = growth.pruning_budgets(budgets)
    assert 2 <= pruning[0] < 2.5
    assert pruning[-1] < budgets[-1]
    assert all(later >= 2 * earlier for earlier, later in pairwise(pruning))


def test_amounts_are_whole_and_at_least_one():
    assert Growth(**ROWS).amount(1 / 3, {}, rows=100) == 33
    assert Growth(**ROWS).amount(1e-9, {}, rows=100) == 1
    boosting = Growth(**LOCKSTEP, last=64, per="rate", leaves="leaves")
    assert boosting.amount(8, {"rate": 0.1}, rows=100) == 80
    assert boosting.amount(8, {"rate": 0.1, "leaves": 124}, rows=100) == 40
    assert boosting.amount(8, {"rate": 0.1, "leaves": 0}, rows=100) == 80  # 0: no limit


@pytest.mark.parametrize(
    ("growth", "law"),
    [
        ({**LOCKSTEP, "first": 9, "last": 8}, "first must not exceed last; got 9 > 8"),
        ({"schedule": "lockstep", "unit": "rows"}, "go together"),
        ({"schedule": "rows", "unit": "trees"}, "go together"),
        ({**ROWS, "last": 2.0}, "last is at most 1.0; got 2.0"),
        ({**LOCKSTEP, "hold": 0.1}, "hold is a value of `per`, which is missing"),
        ({"schedule": "lockstep"}, "'lockstep' needs a unit of growth"),
    ],
)
def test_growth_that_contradicts_itself_is_refused(growth, law):
    with pytest.raises(ValidationError, match=law):
        Growth(**growth)
