"""The rate is held in the search and lowered for the model that stays."""

from __future__ import annotations

import math

import optuna
import pytest
from doubles import RECIPE, rows
from tables import table, target

import tuneflow as tf
from tuneflow.recipe.growth import Growth
from tuneflow.search.learning_rate import LearningRateSchedule
from tuneflow.storage.records import TrialRecord
from tuneflow.study.budget import Budget
from tuneflow.study.plan import Settings, make_plan

RATE = LearningRateSchedule("rate", search_rate=0.2, refit_rate=0.05)


def test_the_refit_takes_a_quarter_of_the_rate():
    assert RATE.lower({"rate": 0.2, "x": 1}, seconds=9.0, left=math.inf) == {
        "rate": 0.05,
        "x": 1,
    }


@pytest.mark.parametrize(
    ("leaves", "rounds"), [(31, 80), (8, 157), (124, 40), (0, 80), (None, 80)]
)
def test_a_rung_has_more_rounds_for_small_trees(leaves, rounds):
    growth = Growth(schedule="lockstep", unit="rounds", last=64, per="rate", leaves="leaves")
    assert growth.amount(8, {"rate": 0.1, "leaves": leaves}, rows=100) == rounds


def test_leaves_that_depend_on_a_choice_not_taken_change_no_rung():
    growth = Growth(schedule="lockstep", unit="rounds", last=64, leaves="leaves")
    assert growth.amount(8, {}, rows=100) == 8


def test_small_trees_of_a_lower_rate_still_take_as_many_more_rounds():
    growth, point = tf.load_recipe("lightgbm").growth, {"learning_rate": 0.1, "num_leaves": 5}
    low = growth.amount(20, {**point, "learning_rate": 0.025}, rows=100)
    assert low == pytest.approx(4 * growth.amount(20, point, rows=100), abs=2)


def test_as_low_as_time_allows():
    point = {"rate": 0.2, "x": 1}
    assert RATE.lower(point, 10.0, 41.0)["rate"] == 0.05
    assert RATE.lower(point, 10.0, 39.0)["rate"] == 0.1
    assert RATE.lower(point, 10.0, 19.0)["rate"] == 0.2
    assert RATE.lower(point, 10.0, -5.0)["rate"] == 0.2


def test_a_rate_that_a_person_chose_stays():
    assert RATE.lower({"rate": 0.3, "x": 1}, 1.0, math.inf) == {"rate": 0.3, "x": 1}


def test_the_rate_never_leaves_the_space():
    space = tf.load_recipe("lightgbm").space_for("binary").bind(100, 5, categorical=False)
    low = space.params["learning_rate"].low
    growth = Growth(schedule="lockstep", unit="rounds", per="learning_rate", hold=0.006, last=8)
    assert LearningRateSchedule.of(growth, space, "tpe").refit_rate == low
    lowest = growth.model_copy(update={"hold": 0.001})
    assert LearningRateSchedule.of(lowest, space, "tpe").search_rate == low


@pytest.mark.parametrize("sampler", ["grid", optuna.samplers.RandomSampler(0)])
def test_a_grid_and_a_sampler_of_ones_own_choose_the_rate_themselves(sampler):
    space = tf.load_recipe("lightgbm").space_for("binary").bind(100, 5, categorical=False)
    growth = Growth(schedule="lockstep", unit="rounds", per="learning_rate", hold=0.2, last=8)
    assert LearningRateSchedule.of(growth, space, sampler) is None
    assert LearningRateSchedule.of(growth, space, "tpe") == LearningRateSchedule(
        "learning_rate", 0.2, 0.05
    )


def test_a_rate_to_hold_needs_its_parameter():
    with pytest.raises(tf.RecipeError, match="hold is a value of `per`"):
        RECIPE.replace(growth={"hold": 0.1})


def test_the_search_holds_the_rate_and_the_model_has_a_lower_one_with_more_rounds():
    frame = table(120)
    recipe = tf.load_recipe("lightgbm").replace(growth={"last": 4}, pruner="none")
    result = tf.tune(frame, target(frame, "binary"), recipe, cv=2, n_trials=12)
    assert {t.params["learning_rate"] for t in result.study.trials[1:]} == {0.1}
    assert result.best_params["learning_rate"] == 0.025
    spent = result.trials().loc[result.best_trial.number, "budget"]
    assert result.model[-1].n_estimators_ == result.refit.amount
    assert abs(result.refit.amount - 4 * spent) <= 2  # rounded, once for each
    assert any(
        "learning_rate is 0.1 in the search, and 0.025 in the refit" in r for r in result.remarks
    )


def test_a_share_of_one_refits_what_was_scored():
    frame = table(120)
    recipe = tf.load_recipe("lightgbm").replace(growth={"last": 4, "refit": 1.0})
    result = tf.tune(frame, target(frame, "binary"), recipe, cv=2, n_trials=2)
    assert result.best_params["learning_rate"] == 0.1
    assert not any("in the refit" in remark for remark in result.remarks)


def test_a_call_that_goes_on_makes_the_study_that_one_call_makes(tmp_path):
    frame, recipe = table(120), tf.load_recipe("lightgbm").replace(growth={"last": 4})
    y, more = target(frame, "binary"), {"cv": 2, "storage": tmp_path / "a.journal"}
    tf.tune(frame, y, recipe, n_trials=8, **more)
    resumed = tf.tune(frame, y, recipe, n_trials=14, **more)
    whole = tf.tune(frame, y, recipe, n_trials=14, cv=2)
    assert [t.params for t in resumed.study.trials] == [t.params for t in whole.study.trials]


def test_the_refit_is_expected_to_take_a_folds_time_on_all_rows():
    frame = table(120)
    settings = Settings(cv=3)
    plan = make_plan(frame, target(frame, "binary"), "lightgbm", settings)
    assert plan.refit_seconds(TrialRecord(scores=[0.5] * 3, seconds_fit=6.0)) == pytest.approx(3.0)
    assert plan.refit_seconds(TrialRecord()) == 0.0
    forest = make_plan(frame, target(frame, "binary"), "random_forest", settings)
    final = forest.evaluation.growth.final
    entry = TrialRecord(scores=[0.5] * 3, seconds_fit=6.0, amount=final // 2)
    assert forest.refit_seconds(entry) == pytest.approx(6.0)


def test_trials_end_so_early_that_the_refit_ends_in_time():
    budget = Budget(None, started=100.0, deadline=200.0)
    assert budget.until(12.0) == 188.0
    assert budget.until(50.0) == 170.0  # it has a part of the time at most
    assert Budget(None, started=100.0, deadline=math.inf).until(12.0) == math.inf


def test_a_recipe_without_a_rate_to_hold_searches_everything():
    assert RECIPE.growth.hold is None
    assert tf.tune(*rows(), "knn", n_trials=2).best_score


def test_a_report_tells_what_the_best_have_in_common_of_what_was_not_held():
    frame = table(120)
    recipe = tf.load_recipe("lightgbm").replace(growth={"last": 4}, pruner="none")
    report = tf.tune(frame, target(frame, "binary"), recipe, cv=2, n_trials=12).report()
    (said,) = [panel.note for panel in report.panels if "The best tenth" in panel.note]
    assert "learning_rate" not in said
