"""Executors that are there already run trials, several at a time."""

from __future__ import annotations

import os
import threading

import pytest

from tuneflow.study.workers.executors import _JoblibExecutor


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_threads_share_the_workers_of_a_backend_of_joblibs(backend):
    with _JoblibExecutor(backend, 2) as executor:
        futures = [executor.submit(os.getpid) for _ in range(8)]
        processes = {future.result(timeout=120) for future in futures}
    assert (os.getpid() in processes) == (backend == "threading")
    assert len(processes) <= 2


def test_as_many_calls_run_at_a_time_as_there_are_workers():
    both = threading.Barrier(2, timeout=60)  # broken unless two wait at it
    with _JoblibExecutor("threading", 2) as executor:
        for future in [executor.submit(both.wait) for _ in range(2)]:
            assert future.result() in (0, 1)


def test_an_error_of_a_call_is_raised_by_its_future():
    with _JoblibExecutor("threading", 1) as executor, pytest.raises(ValueError, match="invalid"):
        executor.submit(int, "x").result()
