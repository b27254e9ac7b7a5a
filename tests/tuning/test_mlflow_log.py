"""A result as one run of MLflow, by MLflow's own API."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from sklearn.datasets import load_iris
from sklearn.neighbors import KNeighborsClassifier

import tuneflow as tf


class Double:
    """MLflow as far as it is called: it keeps what it is told."""

    def __init__(self):
        self.params, self.metrics, self.steps, self.texts, self.tags = {}, {}, {}, {}, {}
        self.experiment = None
        self.log_params, self.log_metrics = self.params.update, self.metrics.update
        self.set_tags = self.tags.update

    def set_experiment(self, name):
        self.experiment = name

    @contextmanager
    def start_run(self, run_name):
        yield SimpleNamespace(info=SimpleNamespace(run_id=f"run of {run_name}"))

    def log_metric(self, name, value, step):
        self.steps[name, step] = value

    def log_text(self, text, name):
        self.texts[name] = text


@pytest.fixture
def result():
    return tf.tune(*load_iris(return_X_y=True), "knn", n_trials=4, cv=3, test_size=0.3)


def test_a_run_holds_parameters_scores_trials_report_and_code(result, monkeypatch):
    mlflow = Double()
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    assert tf.log_to_mlflow(result, "iris") == "run of knn"
    assert mlflow.experiment == "iris"
    assert mlflow.params == result.best_params
    assert mlflow.metrics["score"] == result.best_score
    assert mlflow.metrics["holdout"] == result.holdout.score
    assert mlflow.steps["trial_score", 0] == result.study.trials[0].value
    assert mlflow.tags["tuneflow.scoring"] == "neg_log_loss"
    assert mlflow.texts["model.py"] == result.to_python()
    assert "knn" in mlflow.texts["report.md"]


def far(one, other):
    """A distance that the test session alone knows."""
    return abs(one - other).max()


@pytest.mark.filterwarnings("ignore:.*the space is empty")
def test_a_model_that_has_no_code_is_logged_without_and_that_is_said(monkeypatch):
    mlflow = Double()
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    result = tf.tune(*load_iris(return_X_y=True), KNeighborsClassifier(metric=far), cv=2)
    monkeypatch.setattr(far, "__qualname__", "<lambda>")
    with pytest.warns(tf.TuneflowWarning, match=r"no model\.py\. .*KNeighborsClassifier\.metric"):
        tf.log_to_mlflow(result)
    assert mlflow.texts.keys() == {"report.md"}
    assert mlflow.metrics["score"] == result.best_score


def test_without_mlflow_the_extra_is_named(result, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(tf.MissingExtra, match=r"tuneflow\[mlflow\]"):
        tf.log_to_mlflow(result)


@pytest.mark.filterwarnings("ignore:The ..noload.. loader strategy:DeprecationWarning")  # its own
def test_mlflow_itself_takes_it(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # where its artifacts go
    mlflow = pytest.importorskip("mlflow", reason="the extra mlflow is not installed")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'runs.db'}")
    run = mlflow.get_run(tf.log_to_mlflow(result))
    assert run.data.metrics["score"] == pytest.approx(result.best_score)
