"""Rows to a frame whose columns and kinds are the same whatever the rows are."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import pandas as pd

Tables: TypeAlias = Mapping[str, pd.DataFrame]


def frame(
    rows: Iterable[Any],
    kinds: Mapping[str, Any],
    index: str | None = None,
    untyped: Iterable[str] = (),
) -> pd.DataFrame:
    """A frame of rows, which are tuples in the order of the columns, or dictionaries; a text that
    is not in a dictionary is empty.

    Args:
        rows: The rows; there may be none.
        kinds: The columns in order, each with its kind.
        index: The column that becomes the index.
        untyped: Columns after these whose kind pandas shall find.

    >>> frame([("a", 1)], {"name": "str", "trials": int}, index="name").to_dict()
    {'trials': {'a': 1}}
    """
    table = pd.DataFrame(list(rows), columns=[*kinds, *untyped])
    texts = [name for name, kind in kinds.items() if kind == "str"]
    table[texts] = table[texts].astype(object).fillna("")
    table = table.astype(kinds)
    return table.set_index(index) if index else table
