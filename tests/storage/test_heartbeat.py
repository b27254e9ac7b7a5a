"""Who is at work on a study, and which trials nobody runs any more."""

from __future__ import annotations

import os
import time

import optuna
import psutil
import pytest

from tuneflow.storage.heartbeat import TIMEOUT, Heartbeat
from tuneflow.storage.open import open_storage
from tuneflow.storage.user_attrs import CLAIM, HEARTBEAT


@pytest.fixture
def study(tmp_path):
    return optuna.create_study(storage=open_storage(tmp_path / "a.journal"))


def named(study, host, number, started, at):
    study.set_user_attr(f"{HEARTBEAT}{host}:{number}:{started}:0", at)


def test_two_calls_see_each_other_for_as_long_as_they_are_at_work(study):
    one, two = Heartbeat(study), Heartbeat(study)
    assert one.name != two.name  # also in one process
    with one.beating():
        assert two.others() == [one.name]
        with two.beating():
            assert one.others() == [two.name]
        assert not one.others()
    assert not two.others()


def test_a_process_that_is_gone_or_whose_number_another_has_now_is_not_at_work(study):
    host, number, started = Heartbeat(study).name.split(":")[:3]
    named(study, host, 2**22 + 1, started, time.time())  # beyond the largest number of a process
    named(study, host, number, "1.00", time.time())
    assert not Heartbeat(study).others()
    parent = psutil.Process(os.getppid())
    named(study, host, parent.pid, f"{parent.create_time():.2f}", time.time())
    assert len(Heartbeat(study).others()) == 1
    named(study, host, parent.pid, "a while ago", time.time())
    assert len(Heartbeat(study).others()) == 1


def test_a_clock_that_is_set_buries_nobody(study):
    host, parent = Heartbeat(study).name.split(":")[0], psutil.Process(os.getppid())
    named(study, host, parent.pid, f"{parent.create_time() + 5:.2f}", time.time())
    assert len(Heartbeat(study).others()) == 1


def test_a_process_elsewhere_is_at_work_until_it_has_been_silent_for_long(study):
    named(study, "elsewhere", 1, "1.00", time.time() - 0.9 * TIMEOUT)
    named(study, "far away", 1, "1.00", time.time() - 1.1 * TIMEOUT)
    assert [name.split(":")[0] for name in Heartbeat(study).others()] == ["elsewhere"]


@pytest.mark.parametrize("name", ["", "a", "a:b", "a:1:2", "a:b:1.00:0", ":::"])
def test_what_is_no_name_of_a_call_is_nobody(study, name):
    study.set_user_attr(HEARTBEAT + name, time.time())
    assert not Heartbeat(study).others()


@pytest.mark.parametrize("at", ["now", [], True, 0.0, float("inf"), 4e9])
def test_a_sign_that_is_no_time_or_not_of_this_time_is_none(study, at):
    named(study, "elsewhere", 1, "1.00", at)
    assert not Heartbeat(study).others()


def test_a_running_trial_is_abandoned_once_whoever_claimed_it_has_left(study):
    one, two = Heartbeat(study), Heartbeat(study)
    with one.beating(), two.beating():
        one.claim_trial(study.ask())
        assert not two.abandoned()
        assert not one.abandoned()
        assert [trial.number for trial in one.abandoned(leaving=True)] == [0]
    assert [trial.number for trial in two.abandoned()] == [0]


def test_a_trial_without_a_claim_is_abandoned_if_nobody_else_is_at_work(study):
    one, two = Heartbeat(study), Heartbeat(study)
    study.ask()
    with one.beating():
        assert [trial.number for trial in one.abandoned()] == [0]
        with two.beating():
            assert not one.abandoned()


def test_what_is_in_memory_needs_no_signs():
    study = optuna.create_study()
    heartbeat = Heartbeat(study)
    with heartbeat.beating():
        trial = study.ask()
        heartbeat.claim_trial(trial)
    assert not study.user_attrs
    assert CLAIM not in trial.user_attrs
    assert len(heartbeat.abandoned()) == 1
