"""Several processes on one study, which share nothing but its storage: the totals are exact."""

from __future__ import annotations

import gc
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from callers import CALL, PATHS, SHELL, TRIALS, call, check, finish, python, table
from postgresql import Server, serving
from sklearn.model_selection import KFold

from tuneflow.models import pipeline as engines

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


@pytest.fixture(autouse=True)
def double(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    monkeypatch.setenv("PYTHONPATH", PATHS)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield
    gc.collect()  # connections are closed here, where their warnings are ignored


# ---------- a database ----------


def may_make_networks() -> bool:
    """Whether this is root, in a system that lets it."""
    name = f"tuneflow-{os.getpid()}"
    made = subprocess.run(["ip", "netns", "add", name], capture_output=True)
    subprocess.run(["ip", "netns", "del", name], capture_output=True)
    return not made.returncode


@contextmanager
def network(name: str, number: int) -> Iterator[str]:
    """A network of its own, joined to this one by a line; gives this one's address on it."""
    near, far = f"10.213.{number}.1", f"10.213.{number}.2"
    inside = ["ip", "netns", "exec", name]
    commands = [
        ["ip", "netns", "add", name],
        ["ip", "link", "add", f"tf{number}", "type", "veth", "peer", "eth0", "netns", name],
        ["ip", "address", "add", f"{near}/24", "dev", f"tf{number}"],
        ["ip", "link", "set", f"tf{number}", "up"],
        [*inside, "ip", "address", "add", f"{far}/24", "dev", "eth0"],
        [*inside, "ip", "link", "set", "eth0", "up"],
        [*inside, "ip", "link", "set", "lo", "up"],
    ]
    try:
        for command in commands:
            subprocess.run(command, check=True, capture_output=True)
        yield near
    finally:
        subprocess.run(["ip", "netns", "del", name], check=True, capture_output=True)


@contextmanager
def database(*addresses: str) -> Iterator[list[str]]:
    """A server that listens on these addresses, without a socket for anybody; a URL for each."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = Server(*addresses, port=port)
    with (server.folder / "data" / "pg_hba.conf").open("a") as file:
        file.write("host all all 10.213.0.0/16 trust\n")
    with serving(server):
        yield [f"postgresql://postgres@{at}:{port}/postgres" for at in addresses]


@pytest.mark.skipif(not may_make_networks(), reason="networks of one's own need root and ip")
def test_two_networks_that_share_nothing_but_a_database_bring_an_exact_total():
    with (
        network("tuneflow-1", 1) as one,
        network("tuneflow-2", 2) as two,
        database(one, two) as urls,
    ):
        spaces = [["ip", "netns", "exec", name] for name in ("tuneflow-1", "tuneflow-2")]
        calls = zip(urls, spaces, strict=True)
        finish(*[python(CALL, url, TRIALS, inside=inside) for url, inside in calls])
        check(urls[0])
        stranger = f"import socket; socket.create_connection(({two!r}, 9), 2)"
        apart = python(stranger, inside=spaces[0])
        assert "unreachable" in apart.communicate()[1]  # the two do not see each other's line


def test_two_processes_that_share_nothing_but_a_database_bring_an_exact_total():
    with database("127.0.0.1") as (url,):
        finish(*[python(CALL, url, TRIALS) for _ in range(2)])
        check(url)


def test_two_callers_on_one_sqlite_file_bring_an_exact_total(tmp_path):
    finish(*[python(CALL, tmp_path / "a.db", TRIALS) for _ in range(2)])
    check(tmp_path / "a.db")


# ---------- a caller that serves its storage ----------


@contextmanager
def served(storage: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    process = python(SHELL, "serve", storage, "--port", port)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if process.poll() is not None or not probe.connect_ex(("127.0.0.1", port)):
                    break
            time.sleep(0.1)
        yield f"grpc://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGINT)
        assert "not encrypted" in process.communicate(timeout=30)[1]


def worker(storage, data: Path, *more: str) -> subprocess.Popen[str]:
    words = [storage, "--study", "double", "--data", data, "-y", "y", *more]
    return python(SHELL, "worker", *words)


@pytest.fixture
def data(tmp_path):
    """The table as everybody has it."""
    path = tmp_path / "table.csv"
    table().to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["a.journal", "a.db"])
def test_workers_reach_a_storage_that_is_served_and_bring_an_exact_total(name, data, tmp_path):
    call(tmp_path / name, 4)
    with served(tmp_path / name) as url:
        said = finish(*[worker(url, data, "--trials", str(TRIALS)) for _ in range(2)])
    assert all("trials of this worker:" in out for out in said)
    check(tmp_path / name, callers=3)


def test_a_worker_runs_as_many_trials_as_the_study_was_begun_for(data, tmp_path):
    begun = python(CALL, tmp_path / "a.journal", TRIALS)
    while not (tmp_path / "a.journal").exists() or b"complete" not in read(tmp_path):
        assert begun.poll() is None
        time.sleep(0.05)
    finish(begun, worker(tmp_path / "a.journal", data))
    check(tmp_path / "a.journal")


def read(folder: Path) -> bytes:
    return (folder / "a.journal").read_bytes()


def refused(process: subprocess.Popen[str]) -> str:
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 2, said
    return said


def test_a_worker_with_another_table_is_refused(data, tmp_path):
    call(tmp_path / "a.journal", 4)
    other = table().assign(x=np.arange(40)[::-1] / 2)
    other.to_csv(tmp_path / "other.csv", index=False)
    said = refused(worker(tmp_path / "a.journal", tmp_path / "other.csv"))
    assert "is about something else" in said
    assert "data: " in said
    check(tmp_path / "a.journal", 4, callers=1)


def test_a_worker_is_told_that_folds_of_a_splitter_are_not_in_the_ledger(data, tmp_path):
    call(tmp_path / "a.journal", 4, cv=KFold(3))
    said = refused(worker(tmp_path / "a.journal", data))
    assert "its folds were given as a splitter" in said
    assert "Repeat the call of tune() here" in said


def test_a_worker_is_told_which_studies_there_are(data, tmp_path):
    call(tmp_path / "a.journal", 4, study_name="doubles")
    said = refused(worker(tmp_path / "a.journal", data))
    assert "Did you mean 'doubles'?" in said
