"""How several recipes share a budget: rounds of equal size, fewer recipes in each."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import optuna
import pytest
from tables import table, target

import tuneflow as tf
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import write_trial_record
from tuneflow.study.budget import Budget
from tuneflow.study.loop import RunOptions
from tuneflow.study.plan import Settings, make_plan
from tuneflow.tuning import halving
from tuneflow.tuning.halving import Candidate, halve, rounds


@pytest.mark.parametrize("recipes", [1, 2, 3, 4, 5, 8])
@pytest.mark.parametrize("n_trials", [8, 9, 20, 50, 333])
def test_the_trials_of_all_rounds_add_up_and_every_round_gets_about_the_same(recipes, n_trials):
    plan = rounds(recipes, n_trials)
    assert plan[0] == (recipes, 1 if recipes > 1 else n_trials)
    spent, before = [], [0] * recipes
    for count, total in plan:
        before = before[:count]
        assert all(total >= known for known in before)
        spent.append(sum(total - known for known in before))
        before = [total] * count
    assert sum(spent) == n_trials
    if n_trials >= 10 * recipes:
        later = [sum(spent[:2]), *spent[2:]]
        assert max(later) - min(later) <= 2 * recipes


def test_fewer_trials_than_recipes_are_refused():
    with pytest.raises(tf.SearchError, match="every recipe needs a trial; got 3 for 4 recipes"):
        rounds(4, 3)


class Spent:
    """A budget that is spent without training: each recipe's scores are known beforehand."""

    def __init__(self, scores: dict[str, list[float]]) -> None:
        self.scores = scores
        self.calls: list[tuple] = []
        self.periods: list[tuple[float, float]] = []

    def __call__(self, study, plan, options) -> str:
        name, total = study.study_name, options.budget.total
        self.calls.append((name, total))
        self.periods.append((options.budget.started, options.budget.deadline))
        for _ in range(len(study.trials), total if total is not None else len(study.trials) + 1):
            score = self.scores[name][len(study.trials)]
            trial = study.ask()
            write_trial_record(trial, TrialRecord(scores=[score] * 2))
            study.tell(trial, score)
        return ""

    def halve(self, candidates, n_trials, deadline=np.inf, favourite="") -> str:
        """Halve the candidates, with this in place of `optimize`."""
        options = RunOptions(Budget(n_trials, time.monotonic(), deadline))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(halving, "optimize", self)
            return halve(candidates, options, favourite)


def candidates(names, recipe="lightgbm"):
    frame = table(60)
    plan = make_plan(frame, target(frame, "binary"), recipe, Settings(cv=2))
    studies = [optuna.create_study(study_name=name, direction="maximize") for name in names]
    return [Candidate(study, plan) for study in studies]


CURVES = {
    "early": [0.9, *[0.9] * 99],
    "late": [0.1] * 5 + [0.95] * 95,  # shows itself when it is too late
    "steady": [0.5, 0.6, 0.7, 0.8, *[0.97] * 96],
    "bad": [0.2] * 100,
}


def test_the_defaults_of_all_come_first_and_the_better_half_goes_on():
    spent = Spent(CURVES)
    assert not spent.halve(candidates(CURVES), 60)
    assert spent.calls[:4] == [(name, 1) for name in CURVES]
    assert {name for name, total in spent.calls if total == 5} == set(CURVES)
    assert {name for name, total in spent.calls if total == 15} == {"early", "steady"}
    assert spent.calls[-1] == ("steady", 35)


def test_what_was_decided_is_decided_again_by_a_call_that_goes_on():
    first, again = Spent(CURVES), Spent(CURVES)
    mine = candidates(CURVES)
    first.halve(mine, 60)
    before = {member.study.study_name: len(member.study.trials) for member in mine}
    again.halve(mine, 60)
    assert again.calls == first.calls
    assert {m.study.study_name: len(m.study.trials) for m in mine} == before


def test_time_is_divided_like_trials_and_what_one_leaves_is_for_the_rounds_that_follow():
    spent, mine = Spent(CURVES), candidates(CURVES)
    began = time.monotonic()
    spent.halve(mine, None, began + 48)
    lengths = [end - start for start, end in spent.periods]
    defaults, first, second, last = lengths[:4], lengths[4:8], lengths[8:10], lengths[10:]
    assert defaults == pytest.approx([6.0] * 4, abs=0.5)  # half of what is left of a quarter
    assert first == pytest.approx([3.0] * 4, abs=0.5)
    assert second == pytest.approx([8.0] * 2, abs=0.5)
    assert last == pytest.approx([48.0], abs=0.5)
    assert all(end <= began + 48.5 for _, end in spent.periods)
    assert spent.periods[-1][1] == pytest.approx(began + 48, abs=0.5)


def test_a_favourite_stays_until_the_last_round():
    spent = Spent(CURVES)
    mine = candidates(CURVES)
    bad = replace(mine[-1].plan.header, recipe="bad")
    mine[-1] = replace(mine[-1], plan=replace(mine[-1].plan, header=bad))
    spent.halve(mine, 60, favourite="bad")
    assert {name for name, total in spent.calls if total == 15} == {"steady", "bad"}
    assert spent.calls[-1] == ("steady", 35)


def test_whoever_is_worse_than_every_trial_of_the_leader_gets_no_more_time():
    curves = {"leader": [0.7, 0.8, *[0.9] * 9], "near": [0.75] * 9, "hopeless": [0.1] * 9}
    spent, mine = Spent(curves), candidates(curves)
    for member in mine:
        spent(member.study, member.plan, RunOptions(Budget(3, 0.0, 1.0)))
    spent.calls.clear()
    spent.halve(mine, None, time.monotonic() + 60)
    assert [name for name, _ in spent.calls] == ["leader", "near", "leader", "near", "leader"]


def test_recipes_are_compared_on_the_folds_that_all_have_been_scored_on():
    lucky, other = candidates(["lucky", "other"])
    for member, scores in ((lucky, [0.9]), (other, [0.95, 0.1]), (other, [0.8, 0.8])):
        trial = member.study.ask()
        write_trial_record(trial, TrialRecord(scores=scores))
        member.study.tell(trial, float(np.mean(scores)))
    spent = Spent({"lucky": [0.9] * 9, "other": [0.9] * 9})
    spent.halve([lucky, other], 6)
    assert spent.calls[-1][0] == "other"


def test_a_recipe_scored_on_fewer_folds_is_behind():
    one, other = candidates(["one", "other"])
    for member, scores in ((one, [0.9]), (other, [0.5, 0.5])):
        trial = member.study.ask()
        write_trial_record(trial, TrialRecord(scores=scores))
        member.study.tell(trial, scores[0])
    assert other.standing() > one.standing()
    assert candidates(["none"])[0].standing() < one.standing()


def test_a_trial_without_scores_says_nothing_of_its_recipe():
    """Who else writes into the storage may have left an entry that holds nothing."""
    (member,) = candidates(["one"])
    trial = member.study.ask()
    write_trial_record(trial, TrialRecord(scores=[]))
    member.study.tell(trial, 1.0)
    assert member.scores() == []
    assert member.standing() == candidates(["none"])[0].standing()
