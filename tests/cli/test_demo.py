"""`demo`: a leaderboard that says what was done."""

from __future__ import annotations

from pathlib import Path

import optuna
import pandas as pd
import pytest
from commands import run

from tuneflow.cli import demo


def test_the_demo_reports_what_it_did(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "RECIPES", ("elastic_net", "knn"))
    result = run("demo", "--trials", "2", "--seconds", "60", "--out", tmp_path)
    assert result.exit_code == 0, result.output
    board = pd.read_csv(tmp_path / "leaderboard.csv")
    assert set(board["recipe"]) == {"elastic_net", "knn"}
    assert board["tuned"].is_monotonic_decreasing
    assert (board["trials"] == 2).all()
    for name in board["recipe"]:
        trials = pd.read_csv(tmp_path / f"trials-{name}.csv")
        best = board.set_index("recipe").loc[name, "tuned"]
        assert best == pytest.approx(trials["score"].max(), abs=1e-4)
    report = (tmp_path / "report.md").read_text()
    assert "tuneflow demo --seed 0 --trials 2 --seconds 60" in report
    assert optuna.__version__ in report


def test_the_verdict_is_honest_when_nothing_improved() -> None:
    cells = {
        "recipe": "knn",
        "tuned": 0.5,
        "improvement": 0.0,
        "test tuned": 0.4,
        "test defaults": 0.4,
    }
    result = demo.verdict(pd.DataFrame([cells]))
    assert "for 0 of 1 recipes, and on the rows held out for 0" in result
