"""A journal that was torn can be opened again, with every whole line."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import optuna
import pytest
from doubles import told

import tuneflow as tf
from tuneflow.storage.journal import Lock, open_journal
from tuneflow.storage.open import open_storage
from tuneflow.storage.optuna_internals import few_storage_calls


@pytest.fixture
def path(tmp_path):
    """A journal with three trials."""
    path = tmp_path / "a.journal"
    study = optuna.create_study(storage=open_journal(path), study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=3)
    return path


def read(path) -> optuna.Study:
    return optuna.load_study(storage=open_journal(path), study_name="s")


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 1.0])
def test_a_torn_last_line_is_cut_off_and_said(path, share):
    whole = path.read_bytes()
    last = whole.splitlines()[-1]
    path.write_bytes(whole + last[: int(len(last) * share)])
    before = told(optuna.load_study(storage=open_quietly(path), study_name="s"))
    assert len(before) == 3
    assert path.read_bytes() == whole
    read(path).optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert told(read(path))[:3] == before
    assert len(read(path).trials) == 4


def open_quietly(path):
    with pytest.warns(tf.TuneflowWarning, match=r"held 1 torn line\(s\).*Every whole line"):
        return open_journal(path)


def test_what_was_appended_to_a_torn_line_is_kept(path):
    whole = path.read_bytes()
    *others, torn, last = whole.splitlines(keepends=True)
    path.write_bytes(b"".join(others) + torn[: len(torn) // 2] + torn + last)
    with pytest.raises(Exception, match=r"delimiter|column"):
        optuna.storages.JournalStorage(optuna.storages.journal.JournalFileBackend(str(path)))
    open_quietly(path)
    assert path.read_bytes() == whole


@pytest.mark.filterwarnings("error")
def test_a_journal_in_order_is_not_touched(path):
    os.utime(path, (0, 0))
    read(path)
    assert path.stat().st_mtime == 0


@pytest.mark.parametrize(
    "letter", [b"a letter\nto a friend", b"a letter", b"{", b"\x00", b"\n", b"[1]\n", b"\xff\n"]
)
def test_a_file_that_is_no_journal_is_not_touched(tmp_path, letter):
    path = tmp_path / "a.journal"
    path.write_bytes(letter)
    with pytest.raises(ValueError, match="Its first line is b"):
        open_journal(path)
    assert path.read_bytes() == letter


@pytest.mark.parametrize("line", [b'{"op_code":11}', b'{"op_code":[]}', b'{"op_code":4}'])
def test_a_line_that_cannot_be_replayed_is_said(path, line):
    path.write_bytes(line + b"\n" + path.read_bytes())
    with pytest.raises(tf.StudyError, match=r"It cannot be replayed\. "):
        open_storage(path)


def test_a_journal_that_was_torn_in_its_first_line_begins_anew(tmp_path):
    path = tmp_path / "a.journal"
    path.write_bytes(b'{"op_code":0,"worker')
    open_quietly(path)
    assert path.read_bytes() == b""


DIES = """
import os, pathlib, signal, sys
from tuneflow.storage.journal import Lock
Lock(pathlib.Path(sys.argv[1])).acquire()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_the_lock_of_a_process_that_died_is_taken_over_at_once(path):
    assert subprocess.run([sys.executable, "-c", DIES, path]).returncode == -signal.SIGKILL
    assert Path(f"{path}.lock").is_symlink()
    started = time.monotonic()
    study = read(path)
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=1)
    assert time.monotonic() - started < 10  # Optuna's own lock would wait for 30
    assert not Path(f"{path}.lock").is_symlink()


def test_the_lock_of_a_living_process_is_waited_for(path):
    held, order = Lock(path), []
    held.acquire()

    def wait():
        other = Lock(path)
        other.acquire()
        order.append("taken")
        other.release()

    thread = Thread(target=wait)
    thread.start()
    time.sleep(0.8)
    order.append("released")
    held.release()
    thread.join(10)
    assert order == ["released", "taken"]


def test_the_lock_of_optuna_is_respected_and_given_up_only_after_a_while(path, monkeypatch):
    monkeypatch.setattr("tuneflow.storage.journal.GRACE", 3)
    optuna.storages.journal.JournalFileSymlinkLock(str(path)).acquire()
    started = time.monotonic()
    assert len(read(path).trials) == 3
    assert time.monotonic() - started >= 3


def test_what_one_thread_holds_back_does_not_hold_back_another(path):
    storage = open_journal(path)
    study = optuna.create_study(study_name="mine", storage=storage)
    asked: list[optuna.Trial] = []
    with few_storage_calls(study):
        study.set_user_attr("held", 1)
        thread = Thread(target=lambda: asked.append(study.ask()))
        thread.start()
        thread.join()
        assert "held" not in path.read_text()
        assert asked[0].number == 0
    again = optuna.load_study(study_name="mine", storage=open_journal(path))
    assert again.user_attrs == {"held": 1}
