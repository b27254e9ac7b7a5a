"""What `parallel.py` has measured, as tables; and, calculated from it, what larger crowds need."""

from __future__ import annotations

import math

import pandas as pd
from lines import Line

WORKERS = (100, 1_000)
SECONDS = (1.0, 10.0, 60.0)  # of a trial


def processes(lines: list[Line]) -> pd.DataFrame:
    """How many times faster two processes are than one: median and all pairs, by family."""
    frame = pd.DataFrame([line for line in lines if line["mode"] == "processes"])
    if frame.empty:
        return frame
    frame["ratio"] = frame["one"] / frame["two"]
    grouped = frame.groupby("family", sort=False)
    found = grouped[["one", "two", "ratio"]].median()
    found["all pairs"] = grouped["ratio"].apply(lambda each: ", ".join(f"{r:.2f}" for r in each))
    names = {"one": "one process, s", "two": "two, s", "ratio": "times as fast"}
    return found.rename(columns=names).rename_axis("family")


def storages(lines: list[Line]) -> pd.DataFrame:
    """Trials a second by storage, for workers of one caller and for callers on one study."""
    frame = pd.DataFrame([line for line in lines if line["mode"] == "storage"])
    if frame.empty:
        return frame
    found = frame.pivot_table(index=["storage", "by"], columns="crowd", values="rate", sort=False)
    found.index = [f"{storage}, {by}" for storage, by in found.index]
    return found.rename(columns=lambda size: f"{size} at a time").rename_axis("trials a second")


def calculated(lines: list[Line]) -> pd.DataFrame:
    """How many callers it takes to keep so many workers busy, by the highest rates measured.

    A caller that serves R trials a second keeps R x d workers busy whose trials take d seconds.
    More callers do not help beyond what the storage has taken from all of them together.
    """
    frame = pd.DataFrame([line for line in lines if line["mode"] == "storage"])
    if frame.empty:
        return frame
    rows = {
        f"{storage}, {workers:,} workers": {
            f"trials of {seconds:g} s": _callers(rates, workers / seconds) for seconds in SECONDS
        }
        for storage, rates in frame.groupby("storage", sort=False)
        for workers in WORKERS
    }
    return pd.DataFrame(rows).T.rename_axis("callers needed (calculated)")


def _callers(rates: pd.DataFrame, needed: float) -> str:
    """How many callers bring so many trials a second, if the storage was seen to take them."""
    if needed > rates["rate"].max():
        return f"too many: {needed:,.0f} a second, seen {rates['rate'].max():.0f}"
    one = rates.loc[rates["by"] == "workers", "rate"].max()
    return str(math.ceil(needed / one))
