"""`tuneflow report` writes a page and tables."""

from __future__ import annotations

import pytest
from studies import study
from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli import app as cli


@pytest.fixture
def storage(tmp_path):
    path = tmp_path / "churn.db"
    made = f"sqlite:///{path}"
    study(12, storage=made)
    study(9, name="older", storage=made)
    return path


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_the_shell_writes_a_page_and_all_tables(storage, tmp_path):
    out, tables = tmp_path / "new" / "page.html", tmp_path / "tables"
    done = run("report", storage, "--study", "churn", "--out", out, "--tables", tables)
    assert done.exit_code == 0, done.output
    assert "churn: Trial" in done.output
    assert "1 more in the storage" in done.output
    assert "<h1>churn</h1>" in out.read_text(encoding="utf-8")
    assert {path.name for path in tables.iterdir()} == {
        f"{name}.csv" for name in tf.report(storage).tables
    }


def test_tables_come_as_parquet_too(storage, tmp_path):
    import pandas as pd

    done = run(
        "report", storage, "--out", tmp_path / "p.md", "--tables", tmp_path, "--format", "parquet"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "p.md").read_text(encoding="utf-8").startswith("# ")
    for name, frame in tf.report(storage).tables.items():
        assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == len(frame)


def test_the_shell_refuses_what_is_not_there(storage, tmp_path):
    done = run("report", tmp_path / "no.db", "--out", tmp_path / "page.html")
    assert done.exit_code == 2
    assert "there is no file" in done.output
    done = run("report", storage, "--study", "chrun", "--out", tmp_path / "page.html")
    assert done.exit_code == 2
    assert "Did you mean 'churn'" in done.output
    assert not (tmp_path / "page.html").exists()
