"""Databases that go away and disks that are full: what was finished is there, and it goes on."""

from __future__ import annotations

import gc
import shutil
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from doubles import RECIPE, rows
from postgresql import Server, serving

import tuneflow as tf
from tuneflow.errors import StorageError
from tuneflow.models import pipeline as engines
from tuneflow.storage import retry as steady
from tuneflow.storage.user_attrs import read_trial_record

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")  # connections that were cut


@pytest.fixture(autouse=True)
def double(monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))
    yield
    gc.collect()  # connections are closed here, where their warnings are ignored


def run(storage, n_trials: int, **more) -> tf.Result:
    """A call whose recipe takes some room."""
    recipe = RECIPE.replace(fixed={"takes": 0.002, "pad": "x" * 400})
    more = {"sampler": "random", "progress": False, **more}
    return tf.tune(*rows(), recipe, n_trials=n_trials, storage=storage, **more)


def check(result: tf.Result, n_trials: int) -> None:
    """Exactly so many have come to an end, and nothing is left running."""
    trials = result.study.get_trials(deepcopy=False)
    assert not [trial for trial in trials if not trial.state.is_finished()]
    ended = [entry.ended for trial in trials if (entry := read_trial_record(trial))]
    assert ended.count("complete") == n_trials


# ---------- a database that goes away ----------


@pytest.fixture
def server() -> Iterator[Server]:
    with serving(Server()) as server:
        yield server


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_database_that_is_away_for_ten_seconds_is_waited_for(server, n_jobs):
    back = threading.Timer(10, server.start)

    def stop(study, trial):
        if trial.number == 20:
            server.stop()
            back.start()

    began = time.monotonic()
    with pytest.warns(tf.TuneflowWarning, match=r"cannot be reached; waiting for it"):
        result = run(server.url, 40, callbacks=[stop], n_jobs=n_jobs)
    back.join()
    assert time.monotonic() - began > 10
    assert not result.remarks or "storage" not in str(result.remarks)
    check(result, 40)


@pytest.mark.parametrize("n_jobs", [1, 2])
@pytest.mark.filterwarnings("ignore:storage. it cannot be reached:tuneflow.TuneflowWarning")
def test_a_database_that_is_gone_is_said_and_the_same_call_finishes_the_rest(
    server, n_jobs, monkeypatch
):
    monkeypatch.setattr(steady, "SECONDS_TO_WAIT", 2)

    def stop(study, trial):
        if trial.number == 20:
            server.stop()

    said = r"storage: trials can no longer be written to it.*mend the storage, and the same call"
    with pytest.raises(StorageError, match=said):
        run(server.url, 40, callbacks=[stop], n_jobs=n_jobs)
    server.start()
    result = run(server.url, 40, n_jobs=n_jobs)
    assert [t.state.name for t in result.study.trials[:21]] == ["COMPLETE"] * 21
    check(result, 40)


# ---------- a full disk ----------


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """A disk of that size, in memory; only root may make one, and not everywhere."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("a disk of one's own needs root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.mark.parametrize("name", ["a.db", "a.journal"])
@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_full_disk_ends_the_search_with_what_was_found_and_room_lets_it_go_on(
    name, n_jobs, tmp_path
):
    with disk(tmp_path / "disk", "4m") as small:
        heap = small / "heap"
        heap.write_bytes(bytes(2_000_000))

        def fill(study, trial):
            if trial.number == 20:  # to the last byte
                with suppress(OSError), (small / "rest").open("wb", 0) as file:
                    while file.write(bytes(512)):
                        pass

        with pytest.warns(tf.TuneflowWarning, match=r"trials can no longer be written"):
            result = run(small / name, 400, callbacks=[fill], n_jobs=n_jobs)
        assert "What was finished is still there" in str(result.remarks)
        assert len(result.study.trials) > 20
        assert len(result.predict(rows()[0])) == 40
        found = {t.number: t.value for t in result.study.trials if t.value is not None}
        heap.unlink()
        (small / "rest").unlink()
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "storage: .* held 1 torn", tf.TuneflowWarning)
            again = run(small / name, len(found) + 20, n_jobs=n_jobs)
        check(again, len(found) + 20)
        assert {n: again.study.trials[n].value for n in found} == found
        shutil.copy(small / name, tmp_path)  # it can be read to its end
