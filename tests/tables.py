"""Small tables with everything in them that real ones have."""

from __future__ import annotations

import numpy as np
import pandas as pd

TASKS = ("binary", "multiclass", "regression")


def table(rows: int = 240, seed: int = 0) -> pd.DataFrame:
    """Numbers, strings, a category, booleans, dates, gaps and a constant; odd index."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 80, rows).astype(float),
            "income": rng.lognormal(8, 1, rows),
            "city": rng.choice(["Bonn", "Köln", "Ulm", "<b>Essen</b>"], rows),
            "job": pd.Categorical(rng.choice(["a", "b", "c"], rows)),
            "member": rng.random(rows) < 0.5,
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, rows), "D"),
            "constant": 1,
            "empty": np.nan,
        },
        index=rng.permutation(rows) + 1000,
    )
    frame.loc[frame.index[::7], "income"] = np.nan
    frame.loc[frame.index[::11], "city"] = None
    return frame


def target(frame: pd.DataFrame, task: str, seed: int = 1) -> pd.Series:
    """A target that the table explains in part."""
    noise = np.random.default_rng(seed).normal(size=len(frame))
    signal = frame["age"] / 20 + 2 * (frame["city"] == "Ulm") + frame["member"] + 0.5 * noise
    if task == "regression":
        return signal * 100
    cuts = [0.5] if task == "binary" else [0.33, 0.66]
    codes = np.digitize(signal, signal.quantile(cuts))
    return pd.Series(np.array(["low", "mid", "top"])[codes], index=frame.index)
