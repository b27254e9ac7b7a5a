"""The same report from every storage; looking at one creates, writes and locks nothing."""

from __future__ import annotations

import gc
import hashlib
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing, suppress

import optuna
import pytest
from postgresql import postgresql
from studies import study

import tuneflow as tf
from tuneflow.storage.open import open_storage
from tuneflow.storage.read_only import open_source

STORAGES = ["memory", "sqlite", "journal", "postgresql"]


@pytest.fixture(scope="module")
def server():
    with postgresql() as url:
        yield url


@pytest.fixture
def place(request, tmp_path):
    """Where a study is put, as its user would write it."""

    def place(kind):
        if kind == "postgresql":
            return request.getfixturevalue("server")
        return {"sqlite": tmp_path / "a.db", "journal": tmp_path / "a.journal"}[kind]

    yield place
    gc.collect()  # connections of Optuna's


def put(made: optuna.Study, where) -> None:
    """Copy a study into a storage, and leave it."""
    storage = open_storage(where)
    if made.study_name in optuna.get_all_study_names(storage):
        optuna.delete_study(study_name=made.study_name, storage=storage)
    optuna.copy_study(
        from_study_name=made.study_name, from_storage=made._storage, to_storage=storage
    )
    if hasattr(storage, "engine"):
        storage.engine.dispose()


def page(report, path) -> str:
    return report.save(path, plotly="cdn").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", STORAGES[1:])
@pytest.mark.parametrize("ours", [True, False])
def test_every_storage_gives_the_same_page(kind, ours, place, tmp_path):
    made = study(40, ours=ours)
    put(made, place(kind))
    there = page(tf.report(str(place(kind)), "churn"), tmp_path / "there.html")
    assert there == page(tf.report(made), tmp_path / "here.html")


def test_an_optuna_storage_is_read_as_it_is(tmp_path):
    made = study(9)
    assert page(tf.report(made._storage), tmp_path / "a") == page(tf.report(made), tmp_path / "b")


def test_of_several_studies_the_one_touched_last_is_shown(tmp_path):
    path = tmp_path / "a.db"
    put(study(9), path)
    put(study(20, name="longer"), path)
    put(study(3, name="short"), path)
    report = tf.report(path)
    assert report.record.name == "longer"
    assert report.tables["studies"].index.tolist() == ["churn", "longer", "short"]
    assert tf.report(path, "short").record.name == "short"


# ---------- looking leaves no trace ----------


def traces(folder) -> dict:
    return {
        path.name: (path.stat().st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in folder.iterdir()
    }


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_looking_changes_no_file_and_adds_none(kind, place, tmp_path):
    put(study(20), place(kind))
    before = traces(tmp_path)
    tf.report(place(kind)).to_markdown()
    gc.collect()
    assert traces(tmp_path) == before


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_can_be_read(tmp_path):
    folder = tmp_path / "locked"
    folder.mkdir()
    put(study(9), folder / "a.db")
    folder.chmod(0o500)
    try:
        assert len(tf.report(folder / "a.db").tables["trials"]) == 9
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_what_is_opened_for_reading_writes_nothing(kind, place, tmp_path):
    put(study(9), place(kind))
    before = traces(tmp_path)
    opened = open_source(place(kind)).studies()[0]
    with suppress(tf.StudyError):  # a journal refuses; of SQLite only the copy is changed
        opened.set_user_attr("mine", 1)
    assert traces(tmp_path) == before


def test_a_database_is_opened_for_reading_only(server):
    put(study(9), server)
    source = open_source(server)
    opened = source.studies(["churn"])[0]
    with pytest.raises(optuna.exceptions.StorageInternalError):
        opened.set_user_attr("mine", 1)
    source.release()


def test_a_writer_is_not_held_up_by_a_reader(tmp_path):
    """The journal mode in which Optuna makes its files lets a reader lock a writer out."""
    path = tmp_path / "plain.db"
    made = optuna.create_study(storage=f"sqlite:///{path}", study_name="plain")
    made.add_trial(study(1).trials[0])
    source = open_source(path)
    looked = source.studies()[0]
    with closing(sqlite3.connect(path, timeout=0)) as writer:
        writer.execute("BEGIN EXCLUSIVE")  # fails if anybody reads
        assert len(looked.get_trials()) == 1
        writer.commit()
    made.add_trial(study(1).trials[0])
    assert len(source.studies()[0].get_trials()) == 2


def test_trials_that_had_ended_are_not_read_again(tmp_path, monkeypatch):
    path = tmp_path / "a.db"
    put(study(20), path)
    source = open_source(path)
    before = source.studies()[0].get_trials(deepcopy=False)
    again = source.studies()[0].get_trials(deepcopy=False)
    assert all(one is other for one, other in zip(before, again, strict=True))


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_file_made_anew_is_read_anew(kind, place):
    path = place(kind)
    put(study(6), path)
    source = open_source(path)
    before = source.studies()[0].get_trials(deepcopy=False)
    for left in path.parent.iterdir():
        left.unlink()
    anew = optuna.create_study(study_name="churn", storage=(storage := open_storage(path)))
    trials = [study(9).trials[at] for at in (8, 7)]
    anew.add_trials(trials)
    assert len(before) == 6
    assert [t.params for t in source.studies()[0].trials] == [t.params for t in trials]
    if hasattr(storage, "engine"):
        storage.engine.dispose()


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_study_made_anew_is_read_anew(kind, place):
    put(study(6), place(kind))
    source = open_source(place(kind))
    source.studies()[0].get_trials(deepcopy=False)
    anew = optuna.create_study(study_name="churn")
    anew.add_trials([study(9).trials[at] for at in (8, 7)])
    put(anew, place(kind))
    assert [t.params for t in source.studies()[0].trials] == [t.params for t in anew.trials]


@pytest.mark.parametrize("kind", ["sqlite", "journal"])
def test_a_file_that_is_gone_is_said_so(kind, place):
    put(study(3), place(kind))
    source = open_source(place(kind))
    place(kind).unlink()
    with pytest.raises(tf.StudyError, match="there is no file"):
        source.studies()
    assert not place(kind).exists()


WRITER = """
import sys, time, optuna
optuna.logging.set_verbosity(optuna.logging.ERROR)
from tuneflow.storage.open import open_storage
study = optuna.create_study(storage=open_storage(sys.argv[1]), study_name="running")
study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=int(sys.argv[2]))
"""


@pytest.mark.parametrize("file", ["a.db", "a.journal"])
def test_a_study_that_another_process_is_writing_is_followed(file, tmp_path):
    path = tmp_path / file
    writer = subprocess.Popen([sys.executable, "-c", WRITER, path, "150"], stderr=subprocess.PIPE)
    counts = []
    try:
        while writer.poll() is None:
            if path.exists():
                try:
                    counts.append(len(tf.report(path).tables["trials"]))
                except tf.StudyError:  # its tables are just being made
                    assert not counts
            time.sleep(0.05)
        assert writer.returncode == 0, writer.stderr.read().decode()
    finally:
        writer.kill()
        writer.communicate()
    counts.append(len(tf.report(path).tables["trials"]))
    assert counts == sorted(counts)
    assert len(set(counts)) > 2
    assert counts[-1] == 150


# ---------- what cannot be read ----------


def test_files_that_hold_no_studies_are_refused(tmp_path):
    (tmp_path / "text.db").write_text("no database" * 100)
    (tmp_path / "text.journal").write_text("no journal\nat all\n")
    with closing(sqlite3.connect(tmp_path / "other.db")) as other:
        other.execute("CREATE TABLE t (x)")
    for name in ("text.db", "text.journal", "other.db"):
        with pytest.raises(tf.StudyError, match=r"storage: .*" + name):
            tf.report(tmp_path / name)


def test_a_storage_without_studies_says_so(tmp_path):
    open_storage(tmp_path / "a.db").engine.dispose()
    with pytest.raises(tf.StudyError, match="holds no study yet"):
        tf.report(tmp_path / "a.db")


def test_messages_tell_no_password(server):
    with pytest.raises(tf.StudyError) as error:
        tf.report("postgresql://me:hunter2@127.0.0.1:1/db")
    assert "hunter2" not in str(error.value)
