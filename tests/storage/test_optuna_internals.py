"""What is taken from Optuna's private parts is still there, and does what it is taken for."""

from __future__ import annotations

import inspect

import optuna
import pytest
from optuna.samplers import BaseSampler, RandomSampler
from optuna.trial import TrialState

from tuneflow.storage.open import open_storage
from tuneflow.storage.optuna_internals import (
    POINT,
    create_running_trial,
    few_storage_calls,
    grpc_server,
    names_no_parameter,
    on_stop,
    pruner_attrs,
    queued_point,
    storage_of,
    stored_trial,
    write_system_attrs,
)


class CountingSampler(RandomSampler):
    """Asks for the trials several times for every parameter."""

    def sample_independent(self, study, trial, name, distribution):
        for _ in range(3):
            study.get_trials(deepcopy=False)
            study._get_trials(deepcopy=False, use_cache=True)  # as Optuna's own samplers do
        return super().sample_independent(study, trial, name, distribution)


@pytest.fixture(params=[None, "a.db", "a.journal"])
def study(request, tmp_path):
    storage = open_storage(request.param and tmp_path / request.param)
    return optuna.create_study(storage=storage, study_name="s", sampler=RandomSampler(seed=0))


def count_calls(study, name, monkeypatch):
    storage, calls = storage_of(study), []
    real = getattr(storage, name)
    monkeypatch.setattr(
        storage, name, lambda *args, **more: calls.append(args) or real(*args, **more)
    )
    return calls


def test_the_storage_of_a_study_is_where_its_trials_are(study):
    assert storage_of(study) is study.ask().storage
    assert storage_of(study).get_all_studies()[0].study_name == "s"


def test_a_trial_is_made_with_its_attributes_and_point_in_one_write(study, monkeypatch):
    made = count_calls(study, "create_new_trial", monkeypatch)
    later = [
        count_calls(study, name, monkeypatch)
        for name in ("set_trial_user_attr", "set_trial_system_attr", "set_trial_state_values")
    ]
    trial = create_running_trial(study, {"mine": 1}, {"x": 0.25})
    assert len(made) == 1
    assert not any(later)
    assert trial.suggest_float("x", 0, 1) == 0.25
    [frozen] = study.trials
    assert (frozen.state, frozen.user_attrs) == (TrialState.RUNNING, {"mine": 1})
    assert frozen.datetime_start is not None
    assert queued_point(frozen) == {"x": 0.25}


def test_samplers_see_the_trials_that_were_there_when_a_trial_was_made(study):
    seen = []

    class Looks(RandomSampler):
        def sample_independent(self, study, *args):
            seen.append(len(study._get_trials(deepcopy=False, use_cache=True)))
            return super().sample_independent(study, *args)

    study.sampler = Looks()
    for _ in range(3):
        trial = create_running_trial(study, {}, None)
        trial.suggest_float("x", 0, 1)
        study.tell(trial, 1.0)
    assert seen == [1, 2, 3]


def test_a_point_that_was_queued_by_optuna_is_known(study):
    study.enqueue_trial({"x": 0.5})
    assert queued_point(study.trials[0]) == {"x": 0.5}
    trial = study.ask()
    assert trial.suggest_float("x", 0, 1) == 0.5
    assert queued_point(stored_trial(trial)) == {"x": 0.5}
    assert queued_point(stored_trial(study.ask())) is None


def test_notes_of_pruners_are_told_from_those_of_samplers_and_of_optuna():
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=1, multivariate=True),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=1),
    )
    for value in (1.0, 2.0):
        study.enqueue_trial({"x": value / 4})
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        trial.suggest_float("y", 0, 1)
        trial.report(value, 1)
        trial.should_prune()
        study.tell(trial, value)
    assert POINT in study.trials[1].system_attrs
    assert list(pruner_attrs(study.trials[1])) == ["completed_rung_0"]


def test_system_attributes_are_written_and_a_trial_is_read_back(study):
    trial = study.ask()
    write_system_attrs(trial, {"completed_rung_0": 0.5})
    trial.suggest_float("x", 0, 1)
    frozen = stored_trial(trial)
    assert frozen.system_attrs["completed_rung_0"] == 0.5
    assert frozen.params == trial.params


def test_trials_are_read_once_however_often_a_sampler_asks(study, monkeypatch):
    study.sampler = CountingSampler()
    reads = count_calls(study, "get_all_trials", monkeypatch)
    trial = create_running_trial(study, {}, None)
    reads.clear()
    with few_storage_calls(study):
        for name in "abc":
            trial.suggest_float(name, 0, 1)
    assert len(reads) == 1
    assert storage_of(study) is trial.storage


def test_a_journal_is_written_once_for_a_suggestion_and_once_for_an_end(tmp_path, monkeypatch):
    syncs = []
    study = optuna.create_study(storage=open_storage(tmp_path / "a.journal"))
    trial = study.ask()
    monkeypatch.setattr("os.fsync", syncs.append)
    with few_storage_calls(study):
        for name in "abc":
            trial.suggest_float(name, 0, 1)
    assert len(syncs) == 1
    with few_storage_calls(study):
        trial.set_user_attr("mine", 1)
        study.tell(trial, 0.5)
    assert len(syncs) == 2
    [frozen] = study.trials
    assert (frozen.value, frozen.user_attrs, list(frozen.params)) == (0.5, {"mine": 1}, [*"abc"])


def test_a_trial_that_another_ended_is_refused_once_and_the_study_goes_on(tmp_path):
    """Every operation of a batch is refused; the reader behind it must not meet the second."""
    path = tmp_path / "a.journal"
    mine = optuna.create_study(storage=open_storage(path), study_name="s")
    theirs = optuna.load_study(storage=open_storage(path), study_name="s")
    trial = mine.ask()
    theirs.tell(trial.number, state=TrialState.FAIL)

    def write():
        with few_storage_calls(mine):
            trial.set_user_attr("one", 1)
            trial.set_user_attr("two", 2)

    with pytest.raises(optuna.exceptions.UpdateFinishedTrialError):
        write()
    assert stored_trial(trial).state == TrialState.FAIL
    mine.tell(mine.ask(), 1.0)
    assert [t.state for t in mine.trials] == [TrialState.FAIL, TrialState.COMPLETE]


def test_a_study_may_be_stopped_outside_of_optunas_loop_within_and_not_behind(study):
    with pytest.raises(RuntimeError, match="supposed to be invoked inside"):
        study.stop()
    stops = []
    with on_stop(study, lambda: stops.append("outer")):
        with on_stop(study, lambda: stops.append("inner")):
            study.stop()
        study.stop()
    assert stops == ["inner", "outer"]
    with pytest.raises(RuntimeError):
        study.stop()


def test_samplers_that_have_run_out_stop_the_study(study):
    study.sampler, stops = optuna.samplers.GridSampler({"x": [1, 2]}), []
    with on_stop(study, lambda: stops.append(1)):
        for _ in range(2):
            trial = study.ask()
            trial.suggest_int("x", 1, 2)
            study.tell(trial, 1.0)
    assert stops


def test_the_server_of_grpc_is_made_as_ever():
    from optuna.storages._grpc.server import make_server

    assert list(inspect.signature(make_server).parameters)[:3] == ["storage", "host", "port"]


def test_the_server_of_grpc_is_made_and_does_not_run_yet():
    pytest.importorskip("grpc")
    server = grpc_server(optuna.storages.InMemoryStorage(), "127.0.0.1", 0)
    server.start()
    server.stop(None).wait()


def test_a_sampler_of_ones_own_has_the_interface_that_is_wrapped():
    methods = {name for name in vars(BaseSampler) if not name.startswith("_")}
    assert methods == {
        "after_trial",
        "before_trial",
        "infer_relative_search_space",
        "reseed_rng",
        "sample_independent",
        "sample_relative",
    }
    assert list(inspect.signature(BaseSampler.after_trial).parameters)[1:] == [
        *("study", "trial", "state", "values")
    ]


def test_a_trial_that_was_asked_to_try_no_parameter_is_known_from_others():
    study = optuna.create_study()
    asked = [create_running_trial(study, {}, point) for point in ({}, {"x": 0.5}, None)]
    assert [names_no_parameter(trial) for trial in asked] == [True, False, False]
