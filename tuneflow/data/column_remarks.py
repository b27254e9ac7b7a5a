"""What a person should know of single columns: constant ones, names of rows, and the target."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from tuneflow.data.dataset import Data
from tuneflow.data.types import FloatArray

FEW_ROWS = 50  # in which every text may well be another one
LOOKED_AT = 5000  # rows; a column is looked at whole if it gives the target away in these


def column_remarks(data: Data) -> Iterator[str]:
    """Remarks on columns that cannot help, and on those that help too much."""
    rows, columns = data.X.shape[0], [data.schema.columns[at] for at in data.encoder.order]
    for at, column in enumerate(columns):
        values = data.X[:, at]
        known = values[np.isfinite(values)]
        if not len(known) or known.min() == known.max():
            yield f"column {column.name!r} has one value, and tells nothing."
        elif column.kind == "category" and rows > FEW_ROWS and len(column.levels) > 0.95 * rows:
            yield f"column {column.name!r} names single rows, and tells nothing of others."
        elif all(_gives_away(values[:n], data, n) for n in (min(rows, LOOKED_AT), rows)):
            yield (
                f"column {column.name!r} gives the target away by itself: leave it out, if it is "
                "not known when the model is used."
            )


def _gives_away(values: FloatArray, data: Data, rows: int) -> bool:
    """Whether a column is the target, or says it without exception."""
    y = data.y[:rows].astype(float)
    if data.task == "regression":
        is_known = np.isfinite(values)
        spread = values[is_known].std() * y[is_known].std() if is_known.sum() > 2 else 0.0
        return bool(spread and abs(np.corrcoef(values[is_known], y[is_known])[0, 1]) > 1 - 1e-9)
    by_value = pd.Series(y).groupby(values, dropna=False)
    if by_value.ngroups <= rows / 2:
        return bool((by_value.max() == by_value.min()).all())
    ends = pd.Series(values).groupby(y).agg(["min", "max"]).sort_values("min")
    return bool((ends["max"].to_numpy()[:-1] < ends["min"].to_numpy()[1:]).all())
