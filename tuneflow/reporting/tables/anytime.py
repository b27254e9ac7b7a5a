"""The best so far of a comparison's runs, by trials and by seconds."""

from typing import Any

import numpy as np
import pandas as pd

INSTANTS = 60  # at which curves by seconds are compared
SHORTEST = 1e-4  # of the longest run: where these begin at the earliest
QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}


def by_trial(steps: pd.DataFrame) -> pd.DataFrame:
    """Quartiles over runs: contender, at, then low, median, high of the best and of its regret."""
    at = [float(trial) for trial in range(1, int(steps["trial"].max()) + 1)] if len(steps) else []
    return _bands(steps, "trial", at)


def by_seconds(steps: pd.DataFrame) -> pd.DataFrame:
    """The same at instants, evenly spread in their logarithm, up to the end of the longest run."""
    last = float(steps["seconds"].max()) if len(steps) else 0.0
    if not last:
        return _bands(steps, "seconds", [])
    scored = steps[steps["best"].notna()].groupby(["contender", "table", "seed"])["seconds"].min()
    first = max(float(scored.groupby("contender").max().min()), SHORTEST * last)
    return _bands(steps, "seconds", np.geomspace(first, last, INSTANTS).tolist())


def _bands(steps: pd.DataFrame, by: str, at: list[float]) -> pd.DataFrame:
    """Quartiles over the runs at some points; a run that has ended keeps its last value."""
    columns = ["contender", "at", *QUARTILES, *(f"regret_{name}" for name in QUARTILES)]
    frames = [pd.DataFrame(columns=columns)] if steps.empty else []
    for contender, group in steps.groupby("contender", sort=False):
        bands: dict[str, Any] = {"contender": contender, "at": at}
        for value, prefix in (("best", ""), ("regret", "regret_")):
            runs = group.groupby([by, "table", "seed"])[value].last().unstack(["table", "seed"])
            runs = runs.ffill().reindex(pd.Index(at, dtype=float), method="ffill")
            all_known = runs.notna().all(axis=1)  # the median of a part would be another's
            for name, share in QUARTILES.items():
                quartile = runs.quantile(share, axis=1).where(all_known)
                bands[f"{prefix}{name}"] = quartile.to_numpy()
        frames.append(pd.DataFrame(bands))
    return pd.concat(frames, ignore_index=True)
