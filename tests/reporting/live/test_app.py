"""The live page, asked as a browser asks it: what it shows, and what it says when it cannot."""

from __future__ import annotations

import logging
import shutil
import socket
from datetime import timedelta

import optuna
import pytest
from studies import BEGUN, study

import tuneflow as tf
from tuneflow.reporting.live import app as live
from tuneflow.reporting.live.app import LiveState, StudyList
from tuneflow.reporting.report import page_of
from tuneflow.storage.read_only import open_source

LOOK = ("tick", "n_intervals", 1)
LOST = "the server\n went away"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "churn.db"


def put(path, name, *, count=3, later=0, directions=None):
    """A study that was worked on so many minutes later than others."""
    storage = optuna.storages.RDBStorage(f"sqlite:///{path}")
    made = optuna.create_study(study_name=name, storage=storage, directions=directions)
    for one in study(count).trials if directions is None else ():
        one.datetime_start = BEGUN + timedelta(minutes=later)
        one.datetime_complete = BEGUN + timedelta(minutes=later, seconds=1)
        made.add_trial(one)
    storage.engine.dispose()


def app(source, first=None):
    return live.app(LiveState(source, page_of, first))


def page(source, first=None):
    """Ask a page again and again; gives what changes, by the name of its place."""
    made = app(source, first)
    client, (output,) = made.server.test_client(), made.callback_map
    places = [place.rsplit(".", 1) for place in output.strip(".").split("...")]

    def tick(chosen=None, others=(), mark=None):
        given = [("study", "value", chosen), ("others", "value", others)]
        told = {
            "output": output,
            "outputs": [{"id": where, "property": what} for where, what in places],
            "inputs": [{"id": i, "property": p, "value": v} for i, p, v in [LOOK, *given]],
            "state": [{"id": "mark", "property": "data", "value": mark}],
            "changedPropIds": ["tick.n_intervals"],
        }
        answer = client.post("/_dash-update-component", json=told)
        assert answer.status_code == 200
        return answer.get_json()["response"]

    return tick


# ---------- which study ----------


def test_it_opens_on_the_study_that_was_touched_last(path):
    put(path, "older", later=9)
    put(path, "newer", later=1)
    told = page(open_source(path))()
    assert told["study"]["value"] == tf.report(path).record.name == "older"
    assert "older" in str(told["headline"])


def test_it_opens_on_the_study_that_was_asked_for(path):
    put(path, "older", later=9)
    put(path, "newer", later=1)
    assert page(open_source(path), "newer")()["study"]["value"] == "newer"


def test_a_page_that_was_opened_before_the_first_study_shows_it_once_it_is_there(path):
    optuna.storages.RDBStorage(f"sqlite:///{path}").engine.dispose()
    tick = page(open_source(path))
    assert tick()["status"]["children"] == "No study yet."
    put(path, "first")
    told = tick()
    assert (told["status"]["children"], told["study"]["value"]) == ("3 trials", "first")


def test_a_study_of_several_objectives_hides_no_other(path):
    put(path, "one")
    put(path, "two", directions=["minimize", "maximize"])
    tick = page(open_source(path))
    assert tick()["study"]["value"] == "one"
    told = tick("two")
    assert "one objective" in told["status"]["children"]
    assert [choice["value"] for choice in told["study"]["options"]] == ["one", "two"]


# ---------- what it says when it cannot ----------


def test_a_file_that_is_gone_is_said_and_so_is_that_it_is_back(path, tmp_path):
    put(path, "churn")
    tick = page(open_source(path))
    mark = tick("churn")["mark"]["data"]
    shutil.move(path, tmp_path / "away.db")
    assert "there is no file" in tick("churn", mark=mark)["status"]["children"]
    shutil.move(tmp_path / "away.db", path)
    assert tick("churn", mark=mark)["status"]["children"] == "3 trials"


def test_a_page_can_be_opened_while_the_file_is_gone(path):
    put(path, "churn")
    made = app(open_source(path))
    path.unlink()
    assert made.server.test_client().get("/_dash-layout").status_code == 200


def test_a_failure_nobody_foresaw_is_said_and_logged_once(monkeypatch, caplog):
    caplog.set_level(logging.ERROR, "tuneflow")
    held = StudyList((study(3),))
    tick = page(held)
    mark = tick("churn")["mark"]["data"]

    def lost(*_):
        try:
            raise OSError(LOST)
        except OSError as error:
            raise optuna.exceptions.StorageInternalError from error

    with monkeypatch.context() as patched:
        patched.setattr(StudyList, "names", lost)
        for _ in range(2):
            told = tick("churn", mark=mark)
            assert told["status"]["children"] == "OSError: the server went away"
            assert set(told) == {"status"}
    assert len(caplog.records) == 1
    assert caplog.records[0].exc_info
    assert tick("churn", mark=mark)["status"]["children"] == "3 trials"


def test_a_study_made_anew_is_drawn_anew_though_it_is_as_long(path):
    put(path, "churn")
    tick = page(open_source(path))
    mark = tick("churn")["mark"]["data"]
    path.unlink()
    put(path, "churn", later=1)
    assert "headline" in tick("churn", mark=mark)


def test_a_study_that_was_deleted_leaves_the_page_empty(path):
    put(path, "churn")
    tick = page(open_source(path))
    mark = tick("churn")["mark"]["data"]
    optuna.delete_study(study_name="churn", storage=f"sqlite:///{path}")
    told = tick("churn", mark=mark)
    assert told["status"]["children"] == "No study yet."
    assert told["live"]["children"] is None


# ---------- where it is ----------


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.1:80", "localhost", "localhost:8050"])
def test_a_browser_may_leave_the_port_out(host):
    client = app(StudyList((study(3),))).server.test_client()
    with client.get("/assets/page.css", headers={"Host": host}) as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil", "[", ""])
def test_a_foreign_name_is_refused(host):
    client = app(StudyList((study(3),))).server.test_client()
    assert client.get("/assets/page.css", headers={"Host": host}).status_code in (400, 403)


def test_a_port_in_use_is_refused_by_its_number():
    with socket.create_server((live.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(tf.StudyError, match=rf"127\.0\.0\.1:{port}"):
            tf.report(study(3)).serve(port=port, browser=False)
