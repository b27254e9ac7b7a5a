"""Importances are Optuna's, with a standard error."""

from __future__ import annotations

import warnings

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.importance import PedAnovaImportanceEvaluator
from optuna.trial import create_trial
from studies import conditional, plain, study

import tuneflow as tf
from tuneflow.reporting.tables.importance import HALVES, MOST, MOST_IN_HALF, importances
from tuneflow.storage.study_record import read_study


def test_importances_find_what_matters_with_an_error_that_is_no_zero():
    def objective(trial):
        return trial.suggest_float("big", 0, 1) + 0.001 * trial.suggest_float("small", 0, 1)

    found = importances(read_study(plain(200, objective)))
    assert found["big"].importance > 0.9 > 0.1 > found["small"].importance
    assert sum(one.importance for one in found.values()) == pytest.approx(1)
    assert sum(one.importance_top for one in found.values()) == pytest.approx(1)
    assert 0 < found["big"].importance_error < 0.3


def test_importances_are_those_of_optuna():
    made = plain(100, conditional)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = optuna.importance.get_param_importances(made)
    ours = {name: one.importance for name, one in importances(read_study(made)).items()}
    assert ours == pytest.approx(theirs)


def test_the_error_shrinks_with_more_trials():
    def objective(trial):
        return sum(trial.suggest_float(name, 0, 1) for name in "abc")

    few, many = (importances(read_study(plain(n, objective))) for n in (60, 960))
    assert many["a"].importance_error < few["a"].importance_error


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
    assert found["x"].importance == 1
    assert max(sizes) <= MOST
    assert sum(sizes) <= 2 * (MOST + HALVES * MOST_IN_HALF)
