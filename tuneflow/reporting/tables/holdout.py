"""What models score on held-out rows, beside what they scored in the folds."""

from __future__ import annotations

import pandas as pd

from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.records import HoldoutRecord


def holdout(record: HoldoutRecord | None) -> pd.DataFrame:
    """Score in the folds and on held-out rows, one row for each trial that was the best so far.

    Where the inner score goes on rising and the one on held-out rows falls, the search has begun
    to fit the folds: overtuning (Schneider, Bischl, Feurer 2025).

    Returns:
        A frame indexed by ``number`` with columns ``inner``, ``holdout``, ``optimism`` (inner less
        holdout) and ``overtuned`` (by how much an earlier one was better on the held-out rows);
        empty where no rows were held out.
    """
    kinds = {"number": int, "inner": float, "holdout": float}
    table = frame(record.path if record else (), kinds, "number")
    table["optimism"] = table["inner"] - table["holdout"]
    table["overtuned"] = table["holdout"].cummax() - table["holdout"]
    return table
