"""How the columns of a table become numbers, in the words of scikit-learn, pandas and NumPy."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from tuneflow.data.schema import Column, Schema
from tuneflow.models.preprocessing import FAR, Preparation

Step: TypeAlias = tuple[str, Any]
Block: TypeAlias = tuple[str, Any, list[int]]

EPOCH = pd.Timestamp("1970-01-01", tz="UTC")
DAY = pd.Timedelta(days=1)


def steps_of(schema: Schema, preparation: Preparation) -> list[Step]:
    """Steps of a pipeline that makes of a table what a model was trained on; none are fitted."""
    columns = schema.columns
    if preparation == Preparation(None, (), ()) and all(map(_is_plain, columns)):
        return []
    blocks = (_dense if _is_dense(preparation) else _coded)(columns, schema, preparation)
    steps: list[Step] = []
    if any(block[1] != "passthrough" for block in blocks):
        steps += _by_columns(blocks, columns)
    if not _is_dense(preparation):
        steps += _ordered([at for _, _, places in blocks for at in places])
    if preparation.scale != 1.0:
        steps.append(("scale", _call(np.dot, b=1 / preparation.scale)))
    if preparation.clip:
        steps.append(("clip", _call(np.clip, a_min=-FAR, a_max=FAR)))
        steps.append(("single", _call(np.asarray, dtype="float32")))
    return steps


def _is_dense(preparation: Preparation) -> bool:
    return preparation.transformer is not None and not preparation.columns


def _call(function: Callable[..., Any], **arguments: Any) -> FunctionTransformer:
    """A step that calls a function with the table first."""
    return FunctionTransformer(function, kw_args=arguments or None)


def _coded(columns: Sequence[Column], schema: Schema, preparation: Preparation) -> list[Block]:
    """Blocks for models that take codes: numbers, levels, and columns that were empty."""
    levels = list(schema.categorical)
    hollow = [at for at in preparation.empty if at not in levels]
    numbers = [at for at in range(len(columns)) if at not in {*levels, *hollow}]
    blocks: list[Block] = [("numbers", _measured([columns[at] for at in numbers]), numbers)]
    if levels:
        chosen = [columns[at] for at in levels]
        blocks.append(("levels", _leveled(chosen, preparation.transformer), levels))
    blocks.append(("empty", _call(np.zeros_like, dtype="float64"), hollow))
    return [block for block in blocks if block[2]]


def _dense(columns: Sequence[Column], schema: Schema, preparation: Preparation) -> list[Block]:
    """Blocks for models that take numbers only: as they were fitted, but from the table itself."""
    blocks = []
    for name, transformer, places in preparation.transformer.transformers:
        chosen = [columns[at] for at in places]
        if name == "levels":
            made = _leveled(chosen, transformer)
        elif (measured := _measured(chosen)) == "passthrough":
            made = clone(transformer)
        else:
            made = make_pipeline(measured, clone(transformer))
        blocks.append((name, made, list(places)))
    return [block for block in blocks if block[2]]


def _by_columns(blocks: list[Block], columns: Sequence[Column]) -> list[Step]:
    """One step that treats columns by name, where these are texts and differ; else by place."""
    names = [column.given.name if column.given else column.name for column in columns]
    named = all(isinstance(name, str) for name in names) and len(set(names)) == len(names)
    chosen = [(k, made, [names[at] for at in at_] if named else at_) for k, made, at_ in blocks]
    before: list[Step] = []
    if not named and any(not _is_plain(column) for column in columns):
        before = [("frame", _call(pd.DataFrame)), ("types", _call(pd.DataFrame.infer_objects))]
    return [*before, ("columns", ColumnTransformer(chosen, sparse_threshold=0))]


def _ordered(order: list[int]) -> list[Step]:
    """A step that puts columns back where they were: models that draw some draw by place."""
    if order == sorted(order):
        return []
    back = [order.index(at) for at in range(len(order))]
    return [("order", ColumnTransformer([("order", "passthrough", back)]))]


def _is_plain(column: Column) -> bool:
    """Whether NumPy takes a column for finite numbers or NaN, without help."""
    given = column.given
    if column.kind != "number" or given is None or given.infinite:
        return False
    return bool(re.fullmatch(r"(u?int|float)\d+|bool", given.dtype))  # neither pandas' nor Arrow's


def _measured(columns: Sequence[Column]) -> Any:
    """Numbers, dates and durations as floats, in their order."""
    if all(map(_is_plain, columns)):
        return "passthrough"
    kinds = [("plain" if _is_plain(column) else _kind(column)) for column in columns]
    blocks = [
        (kind, _floats(kind), [at for at, other in enumerate(kinds) if other == kind])
        for kind in dict.fromkeys(kinds)
    ]
    order = [at for _, _, places in blocks for at in places]
    return make_pipeline(ColumnTransformer(blocks), *(step for _, step in _ordered(order)))


def _kind(column: Column) -> str:
    period = column.given is not None and column.given.dtype.startswith("period")
    return "period" if period else column.kind


def _floats(kind: str) -> Any:
    """What makes floats of columns of a kind: numbers, days, days since 1970."""
    since = [_call(pd.DataFrame.sub, other=EPOCH), _call(pd.DataFrame.div, other=DAY)]  # type: ignore[misc]
    dates = _call(pd.DataFrame.apply, func=pd.to_datetime, utc=True)
    stamps = _call(pd.DataFrame.apply, func=pd.Series.astype, dtype="datetime64[ns]")
    endless = {"to_replace": [math.inf, -math.inf], "value": math.nan}
    makers: dict[str, list[Any]] = {
        "date": [dates, *since],
        "period": [stamps, dates, *since],
        "duration": [_call(pd.DataFrame.apply, func=pd.to_timedelta), since[1]],
        "number": [
            _call(pd.DataFrame.apply, func=pd.to_numeric),  # NA among objects
            _call(pd.DataFrame.astype, dtype="float64"),
            _call(pd.DataFrame.replace, **endless),
        ],
    }
    return "passthrough" if kind == "plain" else make_pipeline(*makers[kind])


def _leveled(columns: Sequence[Column], encoder: Any) -> Any:
    """An encoder of levels as they stand in the table, instead of codes."""
    before, mixed = [], any(_is_mixed(column) for column in columns)
    if any(column.given and column.given.gaps for column in columns):
        before += [_call(pd.DataFrame.astype, dtype="object")]
        before += [_call(pd.DataFrame.fillna, value=math.nan)]  # None and NA are gaps, too
    if mixed:
        before += [_call(pd.DataFrame.map, func=str, na_action="ignore")]
    seen = [_seen(column, mixed) for column in columns]
    natural = all(list(levels) == sorted(levels) for levels, _ in seen)
    explicit = [[*levels, *gap] for levels, gap in seen]
    encoder = clone(encoder).set_params(categories="auto" if natural else explicit)
    return make_pipeline(*before, encoder) if before else encoder


def _is_mixed(column: Column) -> bool:
    return (
        len({isinstance(level, str) for level in column.given.seen}) > 1 if column.given else False
    )


def _seen(column: Column, as_text: bool) -> tuple[list[Any], list[float]]:
    given = column.given
    if given is None:
        return list(column.levels), []
    levels = [str(level) if as_text else level for level in given.seen]
    return levels, [math.nan] if given.gaps else []
