"""`worker`: a worker says why it ended early, and only Ctrl-C is an exit code."""

from __future__ import annotations

from pathlib import Path

import pytest
from commands import run

from tuneflow.study.optimize import INTERRUPTED


@pytest.mark.parametrize(
    ("ended_early", "code"), [(INTERRUPTED, 130), ("storage: the disk is full.", 0), ("", 0)]
)
def test_a_worker_is_interrupted_by_ctrl_c_alone(
    table: Path, monkeypatch: pytest.MonkeyPatch, ended_early: str, code: int
) -> None:
    monkeypatch.setattr("tuneflow.tuning.join.join", lambda *_, **__: ended_early)
    result = run("worker", "a.db", "--study", "mine", "--data", table, "--target", "y")
    assert (result.exit_code, result.stderr) == (
        code,
        f"note: {ended_early}\n" if ended_early else "",
    )
