"""The table of parameters says where good values lie; importances are Optuna's, with an error."""

from __future__ import annotations

import warnings

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial
from studies import SPACES, conditional, plain, study

import tuneflow as tf
from tuneflow.reporting.tables.parameters import HALVES, MOST, MOST_IN_HALF, importances
from tuneflow.storage.study_record import read_study


def test_parameters_have_ranges_edges_and_activity():
    frame = tf.report(study(60)).tables["parameters"]
    assert set(frame.index) == set(SPACES)
    assert frame.loc["rate", ["kind", "low", "high", "log"]].tolist() == ["float", 0.01, 1.0, True]
    assert frame.loc["kind", "choices"] == "a, b, None"
    assert 0 < frame.loc["depth", "active"] < 1
    assert 0.05 < frame.loc["rate", "top_low"] <= frame.loc["rate", "top_high"] < 0.3
    assert frame.index[0] == "rate"  # the only one that matters


def test_a_best_at_an_edge_is_said_to_be():
    edge = plain(
        30, lambda trial: trial.suggest_float("x", 0, 10) + 0 * trial.suggest_int("n", 1, 2)
    )
    report = tf.report(edge)
    assert report.tables["parameters"].loc["x", "edge"] == "low"
    assert any(
        "edge of the range of" in text and "x" in text for text in report.panels[0].warnings
    )


def test_importances_find_what_matters_with_an_error_that_is_no_zero():
    def objective(trial):
        return trial.suggest_float("big", 0, 1) + 0.001 * trial.suggest_float("small", 0, 1)

    found = importances(read_study(plain(200, objective)))
    assert found.loc["big", "importance"] > 0.9 > 0.1 > found.loc["small", "importance"]
    assert found["importance"].sum() == pytest.approx(1)
    assert found["importance_top"].sum() == pytest.approx(1)
    assert 0 < found.loc["big", "importance_error"] < 0.3


def test_importances_are_those_of_optuna():
    made = plain(100, conditional)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = optuna.importance.get_param_importances(made)
    ours = importances(read_study(made))["importance"].dropna().to_dict()
    assert ours == pytest.approx(theirs)


def test_the_error_shrinks_with_more_trials():
    def objective(trial):
        return sum(trial.suggest_float(name, 0, 1) for name in "abc")

    few, many = (importances(read_study(plain(n, objective))) for n in (60, 960))
    assert many.loc["a", "importance_error"] < few.loc["a", "importance_error"]


def test_too_few_trials_have_no_importances_and_that_is_said():
    report = tf.report(study(9))
    assert report.tables["parameters"]["importance"].isna().all()
    assert "importance" not in report.figures
    assert any("too few to say what mattered" in text for text in report.panels[0].warnings)


def test_work_is_bounded_however_many_trials_there_are(monkeypatch):
    sizes = []
    evaluate = PedAnovaImportanceEvaluator.evaluate

    def counting(self, study, *args, **more):
        sizes.append(len(study.get_trials()))
        return evaluate(self, study, *args, **more)

    monkeypatch.setattr(PedAnovaImportanceEvaluator, "evaluate", counting)
    space = {"x": FloatDistribution(0, 1)}
    made = optuna.create_study()
    made.add_trials(
        create_trial(params={"x": i / 10_000}, distributions=space, value=i) for i in range(10_000)
    )
    found = importances(read_study(made))
    assert found.loc["x", "importance"] == 1
    assert max(sizes) <= MOST
    assert sum(sizes) <= 2 * (MOST + HALVES * MOST_IN_HALF)
