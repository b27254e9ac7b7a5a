"""Words become storages; what is written into one is there for the next who opens it."""

from __future__ import annotations

import gc
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import warnings
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import optuna
import pytest
from doubles import RECIPE, Counting, rows, told
from optuna.storages.journal import JournalFileBackend
from optuna.storages.journal._base import BaseJournalSnapshot
from optuna.trial import TrialState
from postgresql import postgresql
from sqlalchemy import text

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.search.samplers import SAMPLERS
from tuneflow.storage import open as room
from tuneflow.storage.optuna_internals import few_storage_calls
from tuneflow.storage.user_attrs import CLAIM, read_header, read_trial_record
from tuneflow.tuning import tune as study


@pytest.fixture(scope="module")
def server():
    """A PostgreSQL server; its URL."""
    with postgresql() as url:
        yield url


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """What is opened in a test, by `tune` too; all of it is closed in the end."""
    opened = []

    def opening(where):
        opened.append(room.open_storage(where))
        return opened[-1]

    monkeypatch.setattr(study, "open_storage", opening)
    yield opening
    for storage in opened:
        if isinstance(storage, optuna.storages.RDBStorage):
            storage.remove_session()
            storage.engine.dispose()


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))


def run(storage, n_trials, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        recipe = more.pop("recipe", RECIPE)
        return tf.tune(*rows(), recipe, n_trials=n_trials, storage=storage, **more).study


# ---------- words ----------


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("{}/a.db", optuna.storages.RDBStorage),
        ("{}/no ending, 50%25", optuna.storages.RDBStorage),
        ("sqlite:///{}/a.db", optuna.storages.RDBStorage),
        ("sqlite:///{}/a.journal", optuna.storages.RDBStorage),  # the URL says so
        ("{}/a.journal", optuna.storages.JournalStorage),
        ("{}/a.log", optuna.storages.JournalStorage),
    ],
)
def test_a_file_is_a_storage_of_the_kind_that_its_ending_says(word, kind, opened, tmp_path):
    word = word.format(tmp_path)
    optuna.create_study(storage=opened(word), study_name="s")
    made = {path.name.removesuffix("-wal").removesuffix("-shm") for path in tmp_path.iterdir()}
    assert made == {Path(word).name}
    again = opened(word if "://" in word else Path(word))
    assert isinstance(again, kind)
    assert optuna.get_all_study_names(again) == ["s"]


def test_nothing_is_memory_and_a_storage_is_handed_back(opened):
    memory = opened(None)
    assert isinstance(memory, optuna.storages.InMemoryStorage)
    assert opened(memory) is memory


@pytest.mark.parametrize(
    ("word", "error", "law"),
    [
        ("", tf.StudyError, "a file in a folder that exists"),
        ("/nowhere/a.db", tf.StudyError, "a folder that exists"),
        (3, tf.StudyError, "a file name, a URL or an Optuna storage is needed; got 3"),
        ("foo://x/y", tf.StudyError, "foo://x/y cannot be opened"),
        ("sqlite://", tf.StudyError, "a file in a folder that exists"),
        ("postgresql://me:secret@[x/y", tf.StudyError, "malformed"),
        ("postgresql://me:secret@localhost:1/x", tf.StudyError, "localhost/x cannot be opened"),
        ("postgres://localhost:1/x?password=secret", tf.StudyError, "cannot be opened"),
        ("mysql://me:secret@localhost:1/x", tf.MissingExtra, "mysql://localhost/x needs"),
        ("redis://:secret@localhost:1/0", tf.MissingExtra, "redis://localhost/0 needs"),
    ],
)
def test_what_cannot_be_opened_is_refused_and_no_password_is_told(
    word, error, law, opened, monkeypatch
):
    for driver in ("pymysql", "redis"):
        monkeypatch.setitem(sys.modules, driver, None)  # as if it were not installed
    with pytest.raises(error, match=law) as caught:
        opened(word)
    assert "secret" not in str(caught.value)


class Redis(JournalFileBackend, BaseJournalSnapshot):
    """What stands behind ``redis://``, with a snapshot that somebody has planted."""

    def __init__(self, url):
        super().__init__(url.removeprefix("redis://"))

    def load_snapshot(self):
        return b"cos\nabort\n(tR."  # unpickled, it ends the process

    def save_snapshot(self, snapshot):
        raise NotImplementedError


def test_nothing_is_unpickled_from_redis(opened, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "redis", SimpleNamespace(RedisError=OSError))
    monkeypatch.setattr(optuna.storages.journal, "JournalRedisBackend", Redis)
    study = optuna.create_study(storage=opened(f"redis://{tmp_path}/logs"), study_name="s")
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=120)
    again = optuna.load_study(storage=opened(f"redis://{tmp_path}/logs"), study_name="s")
    assert told(again) == told(study)


# ---------- SQLite ----------


def test_sqlite_lets_others_read_while_one_writes(opened, tmp_path):
    storage = opened(tmp_path / "a.db")
    optuna.create_study(storage=storage, study_name="s")
    with storage.engine.connect() as writer:
        writer.execute(text("BEGIN IMMEDIATE"))
        writer.execute(text("UPDATE studies SET study_name = 't'"))
        with sqlite3.connect(f"file:{tmp_path / 'a.db'}?mode=ro", uri=True, timeout=0) as reader:
            assert reader.execute("SELECT study_name FROM studies").fetchall() == [("s",)]
        reader.close()
        writer.rollback()


def test_every_connection_to_sqlite_waits_for_others_and_leaves_safety_to_the_log(
    opened, tmp_path
):
    storage = opened(tmp_path / "a.db")
    for _ in range(2):
        with storage.engine.connect() as connection:
            told = [
                connection.execute(text(f"PRAGMA {name}")).scalar()
                for name in ("journal_mode", "synchronous", "busy_timeout")
            ]
        assert told == ["wal", 1, 60_000]
        storage.engine.dispose()


def test_opening_sqlite_waits_for_another_that_is_just_writing_its_first_page(opened, tmp_path):
    other = sqlite3.connect(tmp_path / "a.db", isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")  # SQLite by itself would not wait for this one
    done = threading.Timer(0.5, other.rollback)
    done.start()
    storage = opened(tmp_path / "a.db")
    done.join()
    other.close()
    assert storage.get_all_studies() == []


def test_a_sqlite_file_that_stays_locked_is_refused_and_named(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "SECONDS_TO_WAIT", 0.2)
    with closing(sqlite3.connect(tmp_path / "a.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(tf.StudyError, match=r"a\.db is not a SQLite .* database is locked"):
            room.open_storage(tmp_path / "a.db")


def test_a_database_that_holds_other_things_keeps_them(opened, tmp_path):
    with sqlite3.connect(tmp_path / "a.db") as mine:
        mine.execute("CREATE TABLE mine AS SELECT 42 AS x")
    mine.close()
    opened(tmp_path / "a.db")
    with sqlite3.connect(tmp_path / "a.db") as mine:
        assert mine.execute("SELECT x FROM mine").fetchall() == [(42,)]
        tables = mine.execute("SELECT name FROM sqlite_master").fetchall()
    mine.close()
    assert not [name for (name,) in tables if "tuneflow" in name]


# ---------- the same study, wherever it lies ----------


@pytest.fixture(params=["a.db", "a.journal", "postgresql"])
def storage(request, tmp_path):
    """Where to write, in every kind of storage that a file or a server makes."""
    if request.param == "postgresql":
        return request.getfixturevalue("server")
    return tmp_path / request.param


@pytest.mark.usefixtures("double")
def test_a_study_that_is_resumed_goes_on_as_it_would_have_in_memory(storage):
    whole = told(run(None, 9, study_name="resumed"))
    run(storage, 4, study_name="resumed")
    assert told(run(storage, 9, study_name="resumed")) == whole
    assert told(run(storage, 9, study_name="resumed")) == whole  # and there is nothing left to do


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("sampler", sorted(SAMPLERS))
def test_every_sampler_chooses_as_it_would_in_memory(sampler, tmp_path):
    here = told(run(None, 16, sampler=sampler))
    assert told(run(tmp_path / "a.db", 16, sampler=sampler)) == here


@pytest.mark.usefixtures("double")
def test_a_suggestion_reads_the_trials_once(storage, opened, monkeypatch):
    run(storage, 12, study_name="read once")  # beyond the points that no sampler chooses
    kind = type(optuna.load_study(study_name="read once", storage=opened(storage))._storage)
    looks, real = [], kind.get_all_trials

    def look(self, *args, **kwargs):
        looks.append(1)
        return real(self, *args, **kwargs)

    monkeypatch.setattr(kind, "get_all_trials", look)
    run(storage, 12, study_name="read once")
    without = len(looks)
    run(storage, 15, study_name="read once")
    assert len(looks) - 2 * without <= 3


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("directions", [["minimize"], ["maximize", "maximize"]])
def test_a_study_that_does_not_maximize_one_score_is_refused(directions, storage, opened):
    there = {"study_name": "other way", "storage": opened(storage)}
    optuna.create_study(directions=directions, load_if_exists=True, **there)
    with pytest.raises(tf.StudyError, match=f"maximizes is needed.*got {', '.join(directions)}"):
        run(storage, 3, study_name="other way")
    optuna.delete_study(**there)


def test_a_trial_that_another_has_told_stays_as_told_and_the_call_goes_on(
    storage, opened, monkeypatch
):
    there = opened(storage)

    def on_grow(values):
        study = optuna.load_study(study_name="robbed", storage=there)
        running = study.get_trials(states=[TrialState.RUNNING])
        if [trial.number for trial in running] == [3]:
            study.tell(3, state=TrialState.FAIL)

    mine = type("Mine", (Counting,), {"on_grow": staticmethod(on_grow)})
    monkeypatch.setattr(sys.modules["doubles"], "Mine", mine, raising=False)
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Mine"))
    study = run(storage, 6, study_name="robbed", recipe=RECIPE.replace(pruner="median"))
    assert study.trials[3].state == TrialState.FAIL
    assert sum(trial.state.is_finished() for trial in study.trials) == len(study.trials)


@pytest.mark.usefixtures("double")
def test_a_grid_that_has_run_out_is_no_error_when_lost_trials_are_told(tmp_path, opened):
    grid = optuna.samplers.GridSampler({"x": [0.2, 0.4], "kind": ["a"]})
    run(tmp_path / "a.db", 2, sampler=grid, study_name="grid")
    other = optuna.load_study(study_name="grid", storage=opened(tmp_path / "a.db"), sampler=grid)
    for _ in range(2):  # trials of a call that was killed
        other.ask()
    study = run(tmp_path / "a.db", 3, sampler=grid, study_name="grid")
    assert not study.get_trials(states=[TrialState.RUNNING])


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("call", ["report", "should_prune"])
def test_a_storage_that_is_away_while_a_trial_climbs_is_waited_for(call, monkeypatch):
    real, calls = getattr(optuna.Trial, call), []

    def away_at_first(trial, *args):
        calls.append(args)
        if len(calls) == 5:
            msg = "the server has gone away"
            raise optuna.exceptions.StorageInternalError(msg)
        return real(trial, *args)

    monkeypatch.setattr(optuna.Trial, call, away_at_first)
    study = run(None, 4, recipe=RECIPE.replace(pruner="median"))
    assert len(calls) > 5
    assert {trial.state.name for trial in study.trials} <= {"COMPLETE", "PRUNED"}


def test_a_look_sees_the_trials_that_were_there_and_ends_with_an_error():
    study = optuna.create_study()
    study.add_trial(optuna.create_trial(value=0.5))  # a baseline outside of the space

    def made(value):
        x = {"x": optuna.distributions.FloatDistribution(0, 1)}
        return optuna.create_trial(value=value, params={"x": 0.5}, distributions=x)

    study.add_trial(made(1.0))

    def look():
        with few_storage_calls(study):
            seen.append([trial.value for trial in study.get_trials(states=[TrialState.COMPLETE])])
            study.trials[0].set_user_attr("mine", 1)  # a copy, as ever
            study.add_trial(made(2.0))
            seen.extend([study.get_trials(states=[TrialState.RUNNING]), study.trials])
            raise ZeroDivisionError

    seen = []
    with pytest.raises(ZeroDivisionError):
        look()
    complete, running, every = seen
    assert complete == [1.0]
    assert not running
    assert [(trial.value, trial.user_attrs) for trial in every] == [(1.0, {})]
    assert [trial.value for trial in study.trials] == [0.5, 1.0, 2.0]


@pytest.mark.usefixtures("double")
def test_header_and_entries_are_the_same_for_whoever_loads_the_study(storage, opened):
    mine = run(storage, 3, study_name="ä 'quoted' <b>")
    theirs = optuna.load_study(study_name="ä 'quoted' <b>", storage=opened(storage))
    assert read_header(theirs) == read_header(mine)
    assert [read_trial_record(t) for t in theirs.trials] == [
        read_trial_record(t) for t in mine.trials
    ]
    assert told(theirs) == told(mine)


@pytest.mark.usefixtures("double")
def test_a_study_about_something_else_is_refused_everywhere(storage):
    before = told(run(storage, 3, study_name="refused"))
    with pytest.raises(tf.StudyError, match="random_state: 0 there, 1 here"):
        run(storage, 5, study_name="refused", random_state=1)
    assert told(run(storage, 3, study_name="refused")) == before


OTHER = """
import pathlib, sys; sys.path.insert(0, {tests!r})
from storage.test_open import run_slowly
pathlib.Path({ready!r}).touch()
for storage in {storages!r}:
    run_slowly(storage)
"""


def run_slowly(storage):
    """Sixteen trials that take long enough to meet those of another process."""
    engines.ENGINES["lightgbm"] = ("doubles", "Counting")
    Counting.on_grow = staticmethod(lambda values: time.sleep(0.004))
    return run(storage, 16, study_name="shared", sampler="random")


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of a database that another one made first
def test_two_processes_share_a_study_without_losing_a_trial(server, double, tmp_path, monkeypatch):
    monkeypatch.setattr(Counting, "on_grow", Counting.on_grow)  # to be put back
    storages = [str(tmp_path / "a.db"), str(tmp_path / "a.journal"), server]
    ready = tmp_path / "ready"
    told = {"tests": str(Path(__file__).parents[1]), "ready": str(ready), "storages": storages}
    other = subprocess.Popen([sys.executable, "-c", OTHER.format(**told)])
    while not ready.exists() and other.poll() is None:
        time.sleep(0.01)
    studies = [run_slowly(storage) for storage in storages]
    assert other.wait(120) == 0
    for mine in studies:
        trials = mine.get_trials()
        assert [trial.number for trial in trials] == list(range(len(trials)))
        ends = [read_trial_record(trial).ended for trial in trials]
        assert ends.count("complete") == 16  # exactly, whoever ran them
        assert set(ends) <= {"complete", "surplus"}
        assert len({trial.user_attrs[CLAIM] for trial in trials}) == 2  # both have worked
    gc.collect()


HOST = "127.0.0.1"


def free_port():
    with socket.create_server((HOST, 0)) as taken:
        return taken.getsockname()[1]


@pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")
def test_a_study_that_is_served_is_found_by_others(tmp_path):
    pytest.importorskip("grpc")
    port, path = free_port(), tmp_path / "a.db"
    server = room.serve_storage(path, HOST, port)
    try:
        study = optuna.create_study(
            storage=room.open_storage(f"grpc://{HOST}:{port}"), study_name="s"
        )
        study.tell(study.ask(), 1.0)
    finally:
        server.stop(None).wait()
    assert optuna.load_study(study_name="s", storage=room.open_storage(path)).best_value == 1.0


def test_a_port_that_is_taken_is_refused(tmp_path):
    pytest.importorskip("grpc")
    with (
        socket.create_server((HOST, 0)) as taken,
        pytest.raises(tf.StudyError, match=r"serve: 127.0.0.1:\d+ cannot be used"),
    ):
        room.serve_storage(tmp_path / "a.journal", HOST, taken.getsockname()[1])


def test_without_grpc_the_extra_is_named(tmp_path, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("optuna.storages._grpc")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "optuna.storages._grpc.server", None)
    with pytest.raises(tf.MissingExtra, match=r"pip install 'tuneflow\[grpc\]'"):
        room.serve_storage(tmp_path / "a.journal", HOST, 1)
