"""A descent: from the best known, back where it got no lower, elsewhere where it ends."""

from __future__ import annotations

import math

import numpy as np
import optuna
import pytest
from tables import table, target

import tuneflow as tf
from tuneflow.recipe.space import Param, Space
from tuneflow.search.gradient import (
    SHORTEST_STEP,
    Descent,
    GradientPoint,
    GradientSampler,
    current_descent,
    unit_position,
)
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import read_trial_record, write_trial_record

SPACE = Space(
    {
        "a": Param(low=1e-4, high=1.0, log=True, default=0.1, gradient=True),
        "b": Param(low=-1.0, high=3.0, default=0.0, gradient=True),
        "n": Param(low=1, high=9, default=3),
    }
)
WIDTHS = np.array([math.log(1e4), 4.0])


def valley(a: float, b: float, n: int) -> tuple[float, np.ndarray]:
    """A skewed valley whose ground lies at a = 0.01, b = 1; in the scale of the space."""
    x, y = math.log(a / 0.01), b - 1
    slope = np.array([2 * x + 0.8 * y, 6 * y + 0.8 * x])
    return 1 + x**2 + 3 * y**2 + 0.8 * x * y + (n - 3) ** 2, slope


def point(at, loss=1.0, slope=(1.0, 0.0), n=3):
    return GradientPoint({"n": n}, dict(zip("ab", at, strict=True)), loss, np.array(slope))


def walk(trials: int, loss=valley, starts=(), pruned=lambda number: False):
    """A study that the sampler has made, with what the loss says in the ledger."""
    study = optuna.create_study()
    for point in starts:
        study.enqueue_trial(point)
    for number in range(trials):
        others = optuna.samplers.RandomSampler(seed=number)
        study.sampler = GradientSampler(SPACE, others, seed=number)
        trial = study.ask()
        values = SPACE.suggest(trial)
        if pruned(number):
            write_trial_record(trial, TrialRecord(ended="pruned"))
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            continue
        found, slope = loss(**values)
        gradient = dict(zip("ab", slope.tolist(), strict=True))
        write_trial_record(trial, TrialRecord(loss=found, gradient=gradient))
        study.tell(trial, found)
    return study


def runs(study) -> list[tuple]:
    """Runs of trials that hold the parameter without a gradient, as (value, trials)."""
    held: list[tuple] = []
    for trial in study.trials:
        if held and held[-1][0] == trial.params["n"]:
            held[-1] = (held[-1][0], held[-1][1] + 1)
        else:
            held.append((trial.params["n"], 1))
    return held


# ---------- one descent ----------


def test_a_descent_starts_from_the_best_of_the_points_that_were_queued():
    starts = [
        {"a": 1.0, "b": -1.0, "n": 3},
        {"a": 0.02, "b": 1.2, "n": 3},
        {"a": 0.5, "b": 2.0, "n": 3},
    ]
    descent = current_descent(walk(3, starts=starts).trials, SPACE)
    assert descent.best.position == pytest.approx({"a": 0.5753, "b": 0.55}, abs=1e-4)


def test_a_few_steps_find_the_ground_of_a_skewed_valley():
    study = walk(10, starts=[{"a": 0.9, "b": -0.9, "n": 3}])
    assert min(trial.value for trial in study.trials) < 1 + 1e-3


def test_a_first_step_follows_the_slope_and_is_no_longer_than_it_can_be_trusted():
    step = Descent(point((0.5, 0.5), slope=(3.0, -4.0))).step()
    assert step == pytest.approx([-0.12, 0.16])


def test_a_step_that_is_higher_is_taken_back_and_the_next_is_at_most_half_as_long():
    descent = Descent(point((0.5, 0.5)))
    first = np.linalg.norm(descent.step())
    # no curvature that would explain it
    descent.learn(point((0.3, 0.5), loss=2.0, slope=(0.9, 0.0)))
    assert descent.best.position == {"a": 0.5, "b": 0.5}
    assert np.linalg.norm(descent.step()) == pytest.approx(first / 2)


def test_a_step_that_was_pruned_or_still_runs_halves_the_next():
    descent = Descent(point((0.5, 0.5)))
    first = np.linalg.norm(descent.step())
    descent.learn(None)
    descent.learn(None)
    assert np.linalg.norm(descent.step()) == pytest.approx(first / 4)


def test_a_step_that_is_lower_is_kept_and_a_longer_one_trusted():
    descent = Descent(point((0.9, 0.5)))
    before = descent.trust_radius
    descent.learn(point((0.7, 0.5), loss=0.5, slope=(1.1, 0.0)))
    assert descent.best.loss == 0.5
    assert descent.trust_radius == pytest.approx(2 * before)


def test_two_points_on_both_sides_of_the_ground_lead_to_where_the_gradient_is_zero():
    descent = Descent(point((0.5, 0.5), slope=(1.0, 0.0)))
    descent.learn(point((0.3, 0.5), loss=1.1, slope=(-3.0, 0.0)))
    assert descent.best.coordinates + descent.step() == pytest.approx([0.45, 0.5])


def test_a_step_ends_at_the_bounds_and_one_across_them_is_none():
    inside = Descent(point((0.05, 0.5), slope=(1.0, 0.0)))
    assert inside.best.coordinates + inside.step() == pytest.approx([0.0, 0.5])
    outside = Descent(point((0.0, 1.0), slope=(1.0, -1.0)))
    assert not outside.step().any()
    assert outside.is_converged


def test_a_descent_along_a_bound_goes_on_in_the_other_parameters():
    step = Descent(point((0.0, 0.5), slope=(5.0, 1.0))).step()
    assert step == pytest.approx([0.0, -0.2])


def test_a_descent_has_converged_where_a_step_promises_next_to_nothing_or_is_too_short():
    assert Descent(point((0.5, 0.5), slope=(1e-6, 0.0))).is_converged
    assert Descent(point((0.5, 0.5)), trust_radius=SHORTEST_STEP / 2).is_converged
    assert not Descent(point((0.5, 0.5))).is_converged


# ---------- one after the other ----------


def test_the_parameters_without_gradients_are_held_in_a_descent_and_drawn_at_a_start():
    study = walk(40, starts=[{"a": 0.9, "b": -0.9, "n": 3}])
    held = runs(study)
    assert held[0][0] == 3
    assert held[0][1] > 4
    assert len({n for n, _ in held}) > 2


def test_a_start_that_was_pruned_is_followed_by_another_start():
    study = walk(6, pruned=lambda number: number < 5)
    points = [(t.params["a"], t.params["b"]) for t in study.trials]
    assert len(set(points)) == 6
    assert current_descent(study.trials[:5], SPACE) is None


def test_a_start_is_far_from_what_was_tried():
    starts = [{"a": 0.01, "b": 1.0, "n": 3}]
    study = walk(2, starts=starts)  # the ground itself: done at once
    a, b = study.trials[1].params["a"], study.trials[1].params["b"]
    assert math.hypot(math.log(a / 0.01) / WIDTHS[0], (b - 1) / WIDTHS[1]) > 0.3


def test_a_gradient_that_is_not_finite_is_no_point():
    study = walk(1, lambda **values: (1.0, np.array([math.nan, 1.0])))
    assert GradientPoint.of(study.trials[0], SPACE) is None


def test_processes_that_share_a_study_take_steps_of_different_length():
    study = walk(1, starts=[{"a": 0.9, "b": -0.9, "n": 3}])
    tried = []
    for number in (1, 2, 3):
        study.sampler = GradientSampler(SPACE, optuna.samplers.RandomSampler(0), seed=number)
        tried.append(SPACE.suggest(study.ask())["b"])  # none is told before the next is asked
    assert tried == sorted(tried, reverse=True)
    assert len(set(tried)) == 3


def test_a_killed_trial_says_nothing():
    whole, killed = (walk(1, starts=[{"a": 0.9, "b": -0.9, "n": 3}]) for _ in range(2))
    killed.tell(killed.ask(), state=optuna.trial.TrialState.FAIL)
    for study in (whole, killed):
        study.sampler = GradientSampler(SPACE, optuna.samplers.RandomSampler(0), seed=1)
    first, second = (SPACE.suggest(study.ask()) for study in (whole, killed))
    assert first == second


# ---------- in a study ----------


def test_a_descent_in_a_real_study_gets_lower_and_only_complete_trials_have_a_gradient():
    frame = table(120)
    y = target(frame, "regression")
    study = tf.tune(frame, y, "ridge", sampler="gradient", n_trials=9, cv=3).study
    entries = [read_trial_record(trial) for trial in study.trials]
    assert entries.pop(0).gradient == {}  # of the baseline
    assert all(set(entry.gradient) == {"alpha"} for entry in entries)
    assert min(entry.loss for entry in entries[3:]) < min(entry.loss for entry in entries[:3])
    other = tf.tune(frame, y, "ridge", n_trials=4, cv=3).study
    assert [read_trial_record(t).gradient for t in other.trials] == [{}] * 4


def test_no_step_is_pruned_unless_a_pruner_is_named():
    frame = table(120)
    y = target(frame, "regression")
    free, pruned = (
        tf.tune(frame, y, "ridge", sampler="gradient", pruner=pruner, n_trials=12, cv=3)
        for pruner in (None, "halving")
    )
    assert {trial.state.name for trial in free.study.trials} == {"COMPLETE"}
    assert "PRUNED" in {trial.state.name for trial in pruned.study.trials}


def test_a_gradient_that_the_estimator_does_not_have_is_refused_before_the_first_trial(frame):
    recipe = tf.load_recipe("knn").replace(
        space={"p": {"low": 1.0, "high": 2.0, "default": 2.0, "gradient": True}}
    )
    with pytest.raises(tf.RecipeError, match=r"space\.p says gradient, but .* has none in it"):
        tf.tune(frame, "y", recipe, n_trials=1, sampler="gradient")
    weighted = tf.load_recipe("logistic").replace(fixed={"class_weight": "balanced"})
    with pytest.raises(tf.RecipeError, match=r"space\.C says gradient"):
        tf.tune(frame, "y", weighted, n_trials=1, sampler="gradient")
    assert tf.tune(frame, "y", weighted, n_trials=1).best_score  # others need no gradient


@pytest.mark.parametrize(
    "line", [{"choices": [1, 2], "default": 1}, {"low": 1, "high": 3, "default": 1}]
)
def test_only_a_range_of_decimals_has_a_gradient(line):
    with pytest.raises(ValueError, match="gradient belongs to a range of decimals"):
        Param(**line, gradient=True)


def test_choices_in_place_of_a_range_take_the_gradient_away():
    recipe = tf.load_recipe("logistic").replace(
        space={"C": {"choices": [0.1, 1.0], "default": 1.0}}
    )
    assert not recipe.space["C"].gradient


def test_weights_are_refused_because_the_loss_does_not_know_them(frame):
    ones = [1.0] * len(frame)
    with pytest.raises(tf.DataError, match="a loss in which all rows count alike"):
        tf.tune(frame, "y", "logistic", n_trials=1, sampler="gradient", sample_weight=ones)


def test_a_position_is_a_share_of_the_range_on_its_own_scale():
    space = Space(
        {
            "a": Param(low=0.01, high=100.0, log=True, default=1.0, gradient=True),
            "b": Param(low=0.0, high=8.0, default=1.0, gradient=True),
        }
    )
    values = {"a": 1.0, "b": 2.0}
    position = unit_position(values, space)
    assert position == pytest.approx({"a": 0.5, "b": 0.25})
    sampler = GradientSampler(space, optuna.samplers.RandomSampler(0), seed=0)
    assert sampler._values(position) == pytest.approx(values)
