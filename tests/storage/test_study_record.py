"""A study read once says what its trials say."""

from __future__ import annotations

import math

import optuna
import pytest
from optuna.trial import TrialState
from scipy.stats import ttest_1samp

import tuneflow as tf
from tuneflow.storage import study_record
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import (
    corrected_interval,
    corrected_standard_error,
    is_counted,
    read_study,
)
from tuneflow.storage.user_attrs import write_trial_record

SCORES = [
    (0.9, [0.5, 0.7]),  # the defaults
    (0.1, [0.4, 0.6]),
    (0.2, [0.9]),  # on fewer folds
    (0.3, [0.6, 0.8]),
    (0.4, [0.8, 0.6]),  # as good as the one before
    (0.5, [0.7, 0.8]),
]


def study_of(scores=SCORES, direction="maximize"):
    study = optuna.create_study(direction=direction)
    for x, folds in scores:
        study.enqueue_trial({"x": x})
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        write_trial_record(trial, TrialRecord(scores=folds, seconds_fit=1.0, seconds_score=0.5))
        study.tell(trial, sum(folds) / len(folds))
    return study


def fail(study, ended, error=""):
    trial = study.ask()
    write_trial_record(trial, TrialRecord(ended=ended, error=error))
    study.tell(trial, state=TrialState.FAIL)


def test_best_defaults_and_incumbents_are_compared_on_all_folds():
    record = read_study(study_of())
    assert record.best.number == 5
    assert record.baseline.number == 0
    assert [trial.number for trial in record.incumbents] == [0, 3, 5]
    assert (record.default_score, record.best_score) == pytest.approx((0.6, 0.75))
    assert record.scores(record.best) == [0.7, 0.8]
    assert record.seconds(record.best) == 1.5


def test_less_is_better_where_a_study_minimizes():
    record = read_study(study_of(direction="minimize"))
    assert record.best.number == 1
    assert [trial.number for trial in record.incumbents] == [0, 1]
    assert record.improvement().by_fold == pytest.approx([0.1, 0.1])


def test_the_defaults_are_the_first_point_whenever_it_came_to_a_score():
    study = optuna.create_study(direction="maximize")
    for number in range(3):
        study.enqueue_trial({"x": 0.9 if number != 1 else 0.1})
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, *([number] if number else [None, TrialState.FAIL]))
    assert read_study(study).baseline.number == 2


def test_a_study_without_scores_has_neither_best_nor_improvement():
    record = read_study(optuna.create_study())
    assert record.best is record.baseline is None
    assert not record.incumbents
    assert math.isnan(record.best_score)
    assert math.isnan(record.default_score)
    assert record.improvement().by_fold == []


def test_trials_that_were_interrupted_do_not_count_and_have_no_reason():
    study = study_of(SCORES[:2])
    fail(study, "interrupted", "KeyboardInterrupt")
    fail(study, "surplus")
    fail(study, "failed", "ValueError: a\nmore")
    fail(study, "crashed", "it died")
    fail(study, "failed", "ValueError: a\nless")
    study.tell(study.ask(), state=TrialState.FAIL)  # lost with its process
    study.ask()
    record = read_study(study)
    assert [trial.number for trial in record.counted] == [0, 1, 4, 5, 6]
    assert [is_counted(trial) for trial in study.trials] == [
        trial in record.counted for trial in record.trials
    ]
    assert record.states == {"complete": 2, "fail": 6, "running": 1}
    assert record.failure_reasons() == " 2 x ValueError: a 1 x it died"


def test_every_record_is_parsed_once(monkeypatch):
    parsed = []
    real = study_record.read_trial_record
    monkeypatch.setattr(
        study_record, "read_trial_record", lambda trial: parsed.append(trial) or real(trial)
    )
    record = read_study(study_of())
    _ = record.best, record.incumbents, record.counted, record.improvement(record.incumbents[1])
    record.failure_reasons()
    assert [trial.number for trial in parsed] == list(range(6))


def test_a_study_with_several_objectives_is_refused():
    with pytest.raises(tf.StudyError, match="one objective"):
        read_study(optuna.create_study(directions=["maximize", "minimize"]))


@pytest.mark.parametrize("differences", [[0.1, 0.2, 0.0], [0.3, -0.1], [0.5] * 5])
def test_without_correction_the_interval_is_that_of_the_t_test(differences):
    interval = corrected_interval(differences, 0.0)
    if len(set(differences)) > 1:
        assert interval == pytest.approx(ttest_1samp(differences, 0).confidence_interval())
    wider = corrected_interval(differences, 0.5)
    assert wider[0] <= interval[0] <= interval[1] <= wider[1]


def test_the_corrected_variance_adds_the_ratio_of_scored_to_training_rows():
    # Nadeau and Bengio 2003: variance times (1 / k + n_test / n_train)
    assert corrected_standard_error([0.1, 0.2, 0.0], 0.5) ** 2 == pytest.approx(
        0.1**2 * (1 / 3 + 1 / 2)
    )
    assert math.isnan(corrected_standard_error([0.1], 0.5))
    assert all(map(math.isnan, corrected_interval([0.1], 0.5)))
