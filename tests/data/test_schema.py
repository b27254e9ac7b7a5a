"""Columns of every type become the right numbers, alone and among others."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

import tuneflow as tf
from tuneflow.data.dataset import Data

NAN = float("nan")
LABELS = ["a", "b", "a", "b"]
DAYS = pd.to_datetime(["2020-01-01", None, "2020-01-02", "2020-01-03"])


def objects(*values):
    return pd.Series(list(values), dtype=object)


def of(column):
    return Data.of(pd.DataFrame({"c": column}), LABELS)


NUMBERS = {
    "integers": ([1, 2, 3, 4], [1, 2, 3, 4]),
    "booleans": ([True, False, True, True], [1, 0, 1, 1]),
    "nullable integers": (pd.array([1, None, 3, 4], dtype="Int64"), [1, NAN, 3, 4]),
    "nullable booleans": (pd.array([True, None, False, True], dtype="boolean"), [1, NAN, 0, 1]),
    "sparse": (pd.arrays.SparseArray([0, 0, 1, 2]), [0, 0, 1, 2]),
    "booleans as objects": (objects(True, None, False, True), [1, NAN, 0, 1]),
    "numbers as objects": (objects(1, pd.NA, 2.5, None), [1, NAN, 2.5, NAN]),
    "decimals": (objects(Decimal("1.5"), None, Decimal(2), Decimal(3)), [1.5, NAN, 2, 3]),
    "a constant": ([7, 7, 7, 7], [7, 7, 7, 7]),
    "only gaps": ([NAN] * 4, [NAN] * 4),
    "only None": (objects(None, None, None, None), [NAN] * 4),
}
DATES = {
    "naive": (DAYS, [18262, NAN, 18263, 18264]),
    "with a time zone": (
        DAYS.tz_localize("Europe/Berlin"),
        [18262 - 1 / 24, NAN, 18263 - 1 / 24, 18264 - 1 / 24],
    ),
    "Python dates": (
        objects(dt.date(2020, 1, 1), None, dt.date(2020, 1, 2), dt.date(2020, 1, 3)),
        [18262, NAN, 18263, 18264],
    ),
    "periods": (
        pd.PeriodIndex(["2020-01", None, "2020-03", "2020-04"], freq="M"),
        [18262, NAN, 18322, 18353],
    ),
    "the end of time": (
        np.array(["9999-12-31", "NaT", "0001-01-01", "1970-01-01"], "datetime64[s]"),
        [2932896, NAN, -719162, 0],
    ),
    "only gaps": ([pd.NaT] * 4, [NAN] * 4),
}
DURATIONS = {
    "timedeltas": (pd.to_timedelta(["1D", None, "12h", "2D"]), [1, NAN, 0.5, 2]),
    "Python timedeltas": (
        objects(dt.timedelta(1), None, dt.timedelta(hours=12), dt.timedelta(2)),
        [1, NAN, 0.5, 2],
    ),
    "hours of the day": (
        objects(dt.time(1), None, dt.time(2), dt.time(1)),
        [1 / 24, NAN, 2 / 24, 1 / 24],
    ),
}
CATEGORIES = {
    "text": (["x", None, "y", "x"], [0, NAN, 1, 0]),
    "nullable text": (pd.array(["x", None, "y", "x"], dtype="string"), [0, NAN, 1, 0]),
    "ordered": (
        pd.Categorical(["x", None, "y", "x"], ["y", "x", "z"], ordered=True),
        [1, NAN, 0, 1],
    ),
    "whole numbers": (pd.Categorical([2, None, 1, 2]), [1, NAN, 0, 1]),
    "a mixture": (objects(1, "x", None, 2.5), [0, 2, NAN, 1]),
    "words for gaps are words": (["", "nan", "None", "x"], [0, 2, 1, 3]),
    "bytes": (objects(b"x", None, b"y", b"x"), [0, NAN, 1, 0]),
}
KINDS = {"number": NUMBERS, "date": DATES, "duration": DURATIONS, "category": CATEGORIES}
COLUMNS = [
    pytest.param(kind, *case, id=f"{kind}-{name}")
    for kind, cases in KINDS.items()
    for name, case in cases.items()
]


@pytest.mark.parametrize(("kind", "column", "numbers"), COLUMNS)
def test_a_column_is_recognised_and_its_gaps_are_kept(kind, column, numbers):
    data = of(column)
    assert data.schema.columns[0].kind == kind
    assert data.schema.categorical == ((0,) if kind == "category" else ())
    np.testing.assert_allclose(data.X[:, 0], numbers, rtol=0, atol=1e-9)


@pytest.mark.parametrize(("kind", "column", "numbers"), COLUMNS)
def test_a_row_is_encoded_alone_as_it_is_among_others(kind, column, numbers):
    frame = pd.DataFrame({"c": column})
    encoder = Data.of(frame, LABELS).encoder
    alone = [encoder.transform(frame.iloc[[i]])[0, 0] for i in range(4)]
    np.testing.assert_allclose(alone, numbers, rtol=0, atol=1e-9)


def test_infinite_values_are_taken_as_gaps_and_that_is_said():
    with pytest.warns(tf.TuneflowWarning, match=r"'c': 2 infinite values are taken as gaps"):
        data = of([1.0, np.inf, -np.inf, 2.0])
    np.testing.assert_array_equal(data.X[:, 0], [1, NAN, NAN, 2])


@pytest.mark.parametrize(
    ("cells", "law"),
    [
        ([1j, 2, 3, 4], "complex"),
        ([[1], [2], [3], [1]], "one value"),
        ([{}, {}, {}, {}], "one value"),
        ([Decimal(1), Decimal("sNaN"), Decimal(2), Decimal(3)], "InvalidOperation"),
    ],
)
def test_a_column_that_holds_no_values_is_refused_by_name(cells, law):
    with pytest.raises(tf.DataError, match=f"column 'c': .*{law}"):
        of(pd.Series(cells))
