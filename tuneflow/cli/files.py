"""What lies on disk: a table from a file, and what a result leaves in a folder."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneflow.errors import DataError, MissingExtra

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.tuning.result import Result

SEPARATORS = {".csv": ",", ".tsv": "\t"}  # also with .gz behind it
PARQUET = (".parquet", ".pq")
ISO_DATE = re.compile(r"\d{4}-\d{2}")


def read_table(path: Path, text: Sequence[str] = ()) -> pd.DataFrame:
    """Read a table; columns of a text file in which every value is an ISO date become dates.

    Args:
        path: A ``.csv``, ``.tsv`` (each also with ``.gz``) or ``.parquet`` file.
        text: Columns of a text file that are kept as they are written, such as ``007``.

    Raises:
        DataError: No such file, another kind of file, or one without rows.
        MissingExtra: Parquet needs pyarrow, which is not installed.
    """
    kind = Path(path.name.lower().removesuffix(".gz")).suffix
    if kind not in (*SEPARATORS, *PARQUET):
        raise DataError(f"data: a .csv, .csv.gz, .tsv or .parquet file is needed; got {path}.")
    if not path.is_file():
        raise DataError(f"data: there is no file {path}.")
    frame = _parquet(path) if kind in PARQUET else _text(path, SEPARATORS[kind], text)
    if frame.empty:
        raise DataError(f"data: {path} needs at least one row and one column; got {frame.shape}.")
    return frame


def save_result(result: Result, folder: Path) -> None:
    """Write ``model.skops``, ``trials.csv`` and ``best.json`` into a folder that exists."""
    result.save(folder / "model.skops")
    result.trials().to_csv(folder / "trials.csv")
    text = json.dumps(_best(result), indent=2, ensure_ascii=False, allow_nan=False)
    (folder / "best.json").write_text(text + "\n", encoding="utf-8")


def _parquet(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except ImportError as error:
        raise MissingExtra(
            "data: Parquet needs pyarrow, which is not installed. "
            "Install it: pip install 'tuneflow[parquet]'"
        ) from error
    except (ValueError, OSError) as error:
        raise DataError(f"data: {path} cannot be read as Parquet. {error}") from error


def _text(path: Path, separator: str, text: Sequence[str]) -> pd.DataFrame:
    import pandas as pd

    try:
        frame = pd.read_csv(
            path, sep=separator, dtype=dict.fromkeys(text, "str"), low_memory=False
        )
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise DataError(f"data: {path} cannot be read as a table. {str(error).strip()}") from error
    for name in frame.columns:
        if name not in text:
            frame[name] = _dated(frame[name])
    return frame


def _dated(values: pd.Series) -> pd.Series:
    import pandas as pd

    first = next(iter(values.dropna()), None)
    if not isinstance(first, str) or not ISO_DATE.match(first):
        return values
    try:
        return pd.to_datetime(values, format="ISO8601", utc=True)
    except ValueError:
        return values


def _best(result: Result) -> dict[str, Any]:
    from tuneflow.storage.records import read_header

    header = read_header(result.study)
    told = asdict(header) if header else {}
    return {
        **{key: told.get(key) for key in ("recipe", "task", "scoring", "direction")},
        "best_score": result.best_score,
        "default_score": None if math.isnan(result.default_score) else result.default_score,
        "params": result.best_params,
        "amount": result.model.amount,
        "unit": result.model.unit,
        "remarks": result.remarks,
        "study": result.study.study_name,
        "trials": len(result.study.get_trials(deepcopy=False)),
        **{key: told.get(key) for key in ("sampler", "pruner", "random_state", "rows", "columns")},
        "digests": {key: told.get(key) for key in ("recipe_digest", "data", "folds")},
        "versions": told.get("versions"),
    }
