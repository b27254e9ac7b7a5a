"""Several metrics: the first is optimised, all are recorded."""

from __future__ import annotations

import numpy as np
import optuna
import pytest
from sklearn.metrics import accuracy_score
from tables import table, target

import tuneflow as tf
from tuneflow.storage.user_attrs import read_header, read_trial_record

ALL = ["roc_auc", "accuracy", "neg_log_loss"]


def tuned(scoring, **more):
    X, y = table(), target(table(), "binary")
    return tf.tune(X, y, **{"recipe": "logistic", "n_trials": 4, "cv": 3, **more}, scoring=scoring)


def test_the_first_alone_decides():
    one, several = tuned("roc_auc"), tuned(ALL)
    assert [t.value for t in one.study.trials] == [t.value for t in several.study.trials]
    assert read_header(several.study).scoring == "roc_auc"
    assert read_header(several.study).also == ("accuracy", "neg_log_loss")


@pytest.mark.parametrize("recipe", ["logistic", "lightgbm"])
def test_all_are_recorded_for_each_fold_at_the_best_rung(recipe):
    several = tuned(ALL, recipe=recipe, n_trials=3)
    entry = read_trial_record(several.best_trial)
    alone = read_trial_record(tuned("roc_auc", recipe=recipe, n_trials=3).best_trial)
    assert entry.scores == alone.scores
    assert set(entry.also) == {"accuracy", "neg_log_loss"}
    assert all(len(scores) == 3 for scores in entry.also.values())
    assert all(-1 < s < 0 for s in entry.also["neg_log_loss"])


def test_they_are_shown_beside_the_score():
    frame = tuned(ALL).trials()
    assert {"metric:accuracy", "metric:neg_log_loss"} <= set(frame.columns)
    assert frame["metric:accuracy"].between(0, 1).all()
    assert "accuracy 0." in repr(tuned(ALL))


def test_a_callable_may_be_one_of_them():
    def mine(estimator, X, y):
        return accuracy_score(y, estimator.predict(X))

    entry = read_trial_record(tuned(["accuracy", mine]).best_trial)
    np.testing.assert_allclose(entry.also["mine"], entry.scores)


@pytest.mark.parametrize("wrong", [[], ["roc_auc", "roc_auc"]])
def test_an_empty_list_and_a_metric_twice_are_refused(wrong):
    with pytest.raises(tf.ScoringError, match="scoring: "):
        tuned(wrong)


def test_each_of_them_has_to_fit_the_task():
    with pytest.raises(tf.ScoringError, match="'r2'"):
        tuned(["roc_auc", "r2"])


def test_a_study_without_a_metric_is_another_study(tmp_path):
    tuned(ALL, storage=tmp_path / "a.db")
    with pytest.raises(tf.StudyError, match="also: "):
        tuned("roc_auc", storage=tmp_path / "a.db")


def test_a_fold_on_which_one_of_them_has_no_score_loses_nothing_else():
    X, y = table(), target(table(), "binary")
    positive = np.flatnonzero(y == y.iloc[0])
    rest = np.setdiff1d(np.arange(len(y)), positive[:20])
    pairs = [(rest[::2], rest[1::2]), (rest, positive[:20])]  # the second scores a single class
    found = tf.tune(X, y, "logistic", n_trials=3, cv=pairs, scoring=["neg_log_loss", "roc_auc"])
    for trial in found.study.trials:
        entry = read_trial_record(trial)
        assert len(entry.scores) == 2
        assert np.isfinite(entry.also["roc_auc"][0])
        assert np.isnan(entry.also["roc_auc"][1])


def test_one_that_refuses_predictions_has_no_score_and_stops_nothing():
    def refuses(estimator, X, y):
        if len(set(estimator.predict(X))) > 1:  # not yet, when the metric is looked at
            msg = "these are not for me"
            raise ValueError(msg)
        return 0.0

    entry = read_trial_record(tuned(["roc_auc", refuses]).best_trial)
    assert np.isnan(entry.also["refuses"]).all()


def test_where_the_first_refuses_predictions_the_trial_has_failed_and_the_search_goes_on():
    chance = np.random.default_rng(0)
    X, y = chance.normal(size=(400, 2)), chance.poisson(0.4, 400) / 2
    more = {"n_trials": 12, "scoring": "neg_mean_poisson_deviance", "test_size": 0.25}
    study = optuna.create_study(direction="maximize")
    more["storage"], more["study_name"] = study._storage, "deviance"
    with pytest.raises(tf.NoTrialError, match="TransformedTargetRegressor"):
        tf.tune(X, y, "knn", **more)
    found = tf.tune(X, y, "knn", **more)  # goes on without a baseline
    states = {trial.state.name for trial in found.study.trials}
    assert states == {"COMPLETE", "FAIL"}
    failed = [read_trial_record(t).error for t in found.study.trials if t.state.name == "FAIL"]
    assert all("neg_mean_poisson_deviance failed on fold" in error for error in failed)
    assert found.study.trials[0].state.name == "FAIL"
    assert np.isnan(found.holdout.default)  # the defaults have no score to compare with
    assert np.isfinite(found.holdout.score)
    assert "The defaults came to no score" in found.report().to_markdown()
