"""Files that commands read and write: tables, and what a result leaves in a folder."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneflow.errors import DataError, MissingExtra, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.tuning.result import Result

SEPARATORS = {".csv": ",", ".tsv": "\t"}  # also with .gz behind it
PARQUET = (".parquet", ".pq")
NO_PYARROW = "Parquet needs pyarrow, which is not installed: pip install 'tuneflow[parquet]'"
HEADER = (
    *("recipe", "task", "scoring", "direction", "sampler", "pruner"),
    *("random_state", "rows", "columns", "versions"),
)
ISO_DATE = re.compile(r"\d{4}-\d{2}")


def make_folder(path: Path | None) -> None:
    """Make a folder; commands do so first, so that no long search ends in one that cannot be."""
    if path:
        path.mkdir(parents=True, exist_ok=True)


def read_table(
    path: Path, text: Sequence[str] = (), separator: str | None = None, drop: str = ""
) -> pd.DataFrame:
    """Read a table; columns of a text file in which every value is an ISO date become dates.

    Args:
        path: A ``.csv``, ``.tsv`` (each also with ``.gz``) or ``.parquet`` file.
        text: Columns of a text file that are kept as they are written, such as ``007``.
        separator: What stands between the columns of a text file; by default that of its kind, or
            a semicolon, if the first line of a ``.csv`` file has that and no comma.
        drop: Columns to leave out, with commas.

    Raises:
        DataError: No such file, another kind of file, or one without rows.
        MissingExtra: Parquet needs pyarrow, which is not installed.
    """
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind not in (*SEPARATORS, *PARQUET):
        raise DataError(f"data: a .csv, .csv.gz, .tsv or .parquet file is needed; got {path}.")
    if not path.is_file():
        raise DataError(f"data: there is no file {path}.")
    try:
        frame = _read(path, kind, text, separator)
    except ImportError as error:
        raise MissingExtra(f"data: {NO_PYARROW}") from error
    except (ValueError, OSError, EOFError, zlib.error) as error:
        form = "Parquet" if kind in PARQUET else "a table"
        raise DataError(f"data: {path} cannot be read as {form}. {str(error).strip()}") from error
    dropped = [name.strip() for name in drop.split(",") if name.strip()]
    if unknown := [name for name in dropped if name not in frame]:
        hint = did_you_mean(unknown[0], map(str, frame))
        raise DataError(f"--drop: columns are needed; got {unknown[0]!r}. {hint}")
    frame = frame.drop(columns=dropped)
    if frame.empty:
        raise DataError(f"data: {path} needs at least one row and one column; got {frame.shape}.")
    return frame


def _read(path: Path, kind: str, text: Sequence[str], separator: str | None) -> pd.DataFrame:
    import pandas as pd

    if kind in PARQUET:
        return pd.read_parquet(path)
    kept = dict.fromkeys(text, "str")
    separator = separator or SEPARATORS[kind]
    if separator == ",":
        names = list(pd.read_csv(path, sep=separator, nrows=0))
        separator = ";" if len(names) == 1 and ";" in str(names[0]) else separator
    points = ".," if separator == ";" else "."  # where semicolons part, commas may be points
    read: Any = partial(pd.read_csv, path, sep=separator, dtype=kept, low_memory=False)
    frames = [read(decimal=point) for point in points]
    frame: pd.DataFrame = max(frames, key=lambda each: len(each.select_dtypes("number").columns))
    for name in frame.columns.difference([*text]):
        first = next(iter(frame[name].dropna()), None)
        if isinstance(first, str) and ISO_DATE.match(first):
            with suppress(ValueError):
                frame[name] = pd.to_datetime(frame[name], format="ISO8601", utc=True)
    return frame


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV or, where the name ends so, as Parquet."""
    if path.suffix not in PARQUET:
        frame.to_csv(path)
        return
    mixed = [name for name in frame.columns if frame[name].dtype == object]
    try:
        frame.astype(dict.fromkeys(mixed, "str")).to_parquet(path)  # one type a column
    except ImportError as error:
        raise MissingExtra(f"--format parquet: {NO_PYARROW}") from error


def save_result(result: Result, folder: Path) -> None:
    """Write ``model.skops``, ``trials.csv`` and ``best.json`` into a folder that exists."""
    result.save(folder / "model.skops")
    result.trials().to_csv(folder / "trials.csv")
    header = asdict(result.header)
    best = {
        **{name: header[name] for name in HEADER},
        "best_score": result.best_score,
        "default_score": None if math.isnan(result.default_score) else result.default_score,
        "params": result.best_params,
        "amount": result.refit.amount,
        "unit": result.refit.unit,
        "remarks": result.remarks,
        "study": result.study.study_name,
        "trials": len(result.study.get_trials(deepcopy=False)),
        "digests": {name: header[name] for name in ("recipe_digest", "data", "folds")},
    }
    text = json.dumps(best, indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "best.json").write_text(text + "\n", encoding="utf-8")
