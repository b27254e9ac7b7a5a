"""A study in MySQL, or in MariaDB, which speaks the same language: Debian's server, by a URL."""

from __future__ import annotations

import gc
import time

import pytest
from callers import CALL, PATHS, TRIALS, call, check, finish, python
from mysql import SERVE, mariadb

import tuneflow as tf
from tuneflow.errors import StorageError
from tuneflow.models import pipeline as engines

pytestmark = [
    pytest.mark.xdist_group("mysql"),
    pytest.mark.skipif(SERVE is None, reason="no MariaDB server: apt-get install mariadb-server"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(autouse=True)
def double(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    monkeypatch.setenv("PYTHONPATH", PATHS)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    gc.collect()  # connections are closed here, where their warnings are ignored


@pytest.fixture(scope="module")
def url():
    with mariadb() as url:
        yield url


def test_two_callers_that_make_the_tables_at_once_bring_an_exact_total(url):
    finish(*[python(CALL, url, TRIALS) for _ in range(2)])
    check(url)
    assert len(tf.report(url).tables["trials"]) >= TRIALS


def test_the_same_call_goes_on(url):
    before = call(url, 5, study_name="resumed").study.trials
    again = call(url, 9, study_name="resumed").study.trials
    assert again[:5] == before
    assert again == call(url, 9, study_name="resumed").study.trials
    assert [trial.state.name for trial in again] == ["COMPLETE"] * 9


def test_a_name_that_is_another_s_but_for_its_case_is_its_study(url):
    mine = call(url, 3, study_name="churn").study
    with pytest.raises(tf.StudyError, match="random_state: 0 there, 1 here"):
        call(url, 5, study_name="Churn", random_state=1)
    assert len(call(url, 5, study_name="Churn").study.trials) == 5
    assert len(mine.trials) == 5


def test_what_is_too_long_for_it_is_said_at_once(url):
    began = time.monotonic()
    with pytest.raises(StorageError, match=r"can no longer be written to it.*Data too long"):
        call(url, 3, study_name="long", fixed={"pad": "x" * 70_000})
    assert time.monotonic() - began < 30  # it was not waited for, as one that is away


def test_a_name_that_it_cannot_write_is_refused_in_its_words(url):
    with pytest.raises(tf.StudyError, match=r"cannot be opened.*Incorrect string value"):
        call(url, 3, study_name="\N{SNOWMAN}")
