"""Tables in files of every kind, and files that hold none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from commands import QUICK, fail, run

from tuneflow.cli import files


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("table.csv", lambda frame, path: frame.to_csv(path, index=False)),
        ("table.csv.gz", lambda frame, path: frame.to_csv(path, index=False)),
        ("TABLE.TSV", lambda frame, path: frame.to_csv(path, index=False, sep="\t")),
        ("table.parquet", lambda frame, path: frame.to_parquet(path)),
    ],
)
def test_each_kind_of_file_gives_the_same_table(
    frame: pd.DataFrame, tmp_path: Path, name: str, write: Callable[[pd.DataFrame, Path], None]
) -> None:
    write(frame, tmp_path / name)
    read = files.read_table(tmp_path / name)
    assert list(read) == list(frame)
    assert read["y"].tolist() == frame["y"].tolist()
    assert read["since"].dt.tz_localize(None).tolist() == frame["since"].tolist()
    assert read["city"].isna().tolist() == frame["city"].isna().tolist()


def test_only_columns_of_iso_dates_become_dates(tmp_path: Path) -> None:
    path = tmp_path / "dates.csv"
    path.write_text(
        "day,moment,mixed,other\n2024-02-29,2024-01-01T10:00Z,2024-01-01,1/2/24\n,,x,\n"
    )
    read = files.read_table(path)
    kinds = {name: pd.api.types.is_datetime64_any_dtype(read[name]) for name in read}
    assert kinds == {"day": True, "moment": True, "mixed": False, "other": False}


def test_a_column_may_have_any_name(tmp_path: Path) -> None:
    (tmp_path / "names.csv").write_text("self,day\n1,2024-02-29\n")
    assert list(files.read_table(tmp_path / "names.csv")) == ["self", "day"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "there is no file"),
        ("table.xlsx", b"", ".csv, .csv.gz, .tsv or .parquet file is needed"),
        ("empty.csv", b"", "cannot be read as a table"),
        ("head.csv", b"a,y\n", "at least one row"),
        ("ragged.csv", b"a,y\n1,2\n1,2,3,4\n", "cannot be read as a table"),
        ("binary.csv", b"a,y\n\xff\xfe,\xff\n", "cannot be read as a table"),
        ("plain.csv.gz", b"a,y\n1,2\n", "cannot be read as a table"),
        ("text.parquet", b"a,y\n1,2\n", "cannot be read as Parquet"),
    ],
)
def test_a_file_that_is_no_table_is_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    result = run("tune", tmp_path / name, *QUICK)
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("error: data: ")
    assert message in result.stderr


def test_parquet_without_pyarrow_names_the_extra(
    frame: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame.to_parquet(tmp_path / "table.parquet")
    monkeypatch.setattr(pd, "read_parquet", fail(ImportError("no pyarrow")))
    result = run("tune", tmp_path / "table.parquet", *QUICK)
    assert result.exit_code == 2
    assert "pip install 'tuneflow[parquet]'" in result.stderr


def test_a_table_with_mixed_cells_is_written_as_parquet(tmp_path: Path) -> None:
    frame = pd.DataFrame({"mixed": pd.Series([1, "a"], dtype=object), "number": [0.5, 1.5]})
    files.write_table(frame, tmp_path / "table.parquet")
    read = pd.read_parquet(tmp_path / "table.parquet")
    assert read["mixed"].tolist() == ["1", "a"]
    assert read["number"].tolist() == [0.5, 1.5]
