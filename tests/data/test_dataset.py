"""Whatever a person has in a frame becomes numbers, or an error that says which column."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy import sparse
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.data.dataset import Data
from tuneflow.data.encoder import UNKNOWN
from tuneflow.data.target import MOST_CLASSES

NAN = float("nan")
LABELS = ["a", "b", "a", "b"]
DAYS = pd.to_datetime(["2020-01-01", None, "2020-01-02", "2020-01-03"])


def objects(*values):
    return pd.Series(list(values), dtype=object)


def encoded(column, later):
    """The column `later`, encoded by what was learned from `column`."""
    encoder = Data.of(pd.DataFrame({"c": column}), LABELS).encoder
    return encoder.transform(pd.DataFrame({"c": later}))[:, 0].tolist()


# ---------- what tables become ----------


@pytest.mark.parametrize(
    "X",
    [
        [[1, 0], [0, 2], [3, 0], [0, 4]],
        np.array([[1, 0], [0, 2], [3, 0], [0, 4]], dtype="float32"),
        sparse.csr_array([[1, 0], [0, 2], [3, 0], [0, 4]]),
        sparse.coo_matrix([[1, 0], [0, 2], [3, 0], [0, 4]]),
        {"a": [1, 0, 3, 0], "b": [0, 2, 0, 4]},
        np.array([["1", 0], [0, 2], [3, 0], [0, 4]], dtype=object),
        pd.DataFrame([[1, 0], [0, 2], [3, 0], [0, 4]], columns=["a", "a"]),
        pd.DataFrame([[1, 0], [0, 2], [3, 0], [0, 4]], columns=[3, "3"]),
    ],
    ids=["lists", "array", "csr", "coo", "dict", "objects", "twice a name", "3 and '3'"],
)
def test_anything_with_rows_and_columns_is_a_table(X):
    data = Data.of(X, LABELS)
    assert data.X.shape == (4, 2)
    assert data.X.dtype == float
    np.testing.assert_array_equal(data.encoder.transform(X), data.X)


def test_lists_of_strings_and_numbers_keep_their_kinds():
    data = Data.of([["x", 1], ["y", 2], [None, 3], ["x", None]], LABELS)
    assert [column.kind for column in data.schema.columns] == ["category", "number"]


@pytest.mark.parametrize("X", ["abc", 3, np.zeros((4, 1, 2)), [], pd.DataFrame(index=range(4))])
def test_what_is_no_table_is_refused(X):
    with pytest.raises(tf.DataError):
        Data.of(X, LABELS if len(np.shape(X)) else "y")


def test_a_single_row_or_an_empty_frame_is_refused():
    with pytest.raises(tf.DataError, match="at least two different values"):
        Data.of([[1.0]], ["a"])
    with pytest.raises(tf.DataError, match="at least"):
        Data.of(pd.DataFrame({"a": []}), [])


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_frames_of_other_libraries_are_read(library):
    frames = pytest.importorskip(library)
    make = frames.DataFrame if library == "polars" else frames.table
    data = Data.of(
        make({"a": [1, 2], "b": ["x", None], "day": [dt.date(1970, 1, 2), None]}), [0, 1]
    )
    in_order = data.X[:, np.argsort(data.encoder.order)]
    np.testing.assert_array_equal(in_order, [[1, 0, 1], [2, NAN, NAN]])


# ---------- what targets become ----------


@pytest.mark.parametrize(
    ("y", "task", "classes"),
    [
        ([True, False, True], "binary", [False, True]),
        (pd.array([True, False, True], dtype="boolean"), "binary", [False, True]),
        ([0.0, 1.0, 0.0], "binary", [0, 1]),
        (pd.Series(["b", "a", "b"], dtype="string"), "binary", ["a", "b"]),
        (pd.Categorical(["b", "a", "b"], ["b", "a", "c"]), "binary", ["a", "b"]),
        (pd.Series([3, 1, 2], dtype="Int64"), "multiclass", [1, 2, 3]),
        (pd.DataFrame({"only": ["x", "y", "x"]}), "binary", ["x", "y"]),
        (np.array([[1], [2], [1]]), "binary", [1, 2]),
        (range(MOST_CLASSES), "multiclass", list(range(MOST_CLASSES))),
        (range(MOST_CLASSES + 1), "regression", []),
        ([0.1, 0.2, 3.0], "regression", []),
        (pd.Series([0.1, 0.2, 3.0], dtype="Float64"), "regression", []),
        (objects(0.1, 0.2, 3.0), "regression", []),
    ],
    ids=str,
)
def test_the_task_follows_from_the_target(y, task, classes):
    y = list(y) if isinstance(y, range) else y
    data = Data.of(np.arange(len(y)).reshape(-1, 1), y)
    assert data.task == task
    assert data.classes.tolist() == classes
    assert data.labels().tolist() == np.asarray(y).ravel().tolist()


def test_the_recipe_decides_where_the_target_leaves_it_open():
    assert Data.of([[1], [2], [3]], [1, 2, 3], ["regression"]).task == "regression"
    many = list(range(30))
    assert Data.of([[i] for i in many], many, ["binary", "multiclass"]).task == "multiclass"
    with pytest.raises(tf.DataError, match=r"for regression; got a target .* for binary"):
        Data.of([[1], [2]], ["a", "b"], ["regression"])


@pytest.mark.parametrize("task", TASKS)
def test_a_column_may_be_the_target_and_the_index_means_nothing(task):
    frame = table(60)
    y = target(frame, task)
    named = Data.of(frame.assign(y=y), "y")
    shuffled = Data.of(frame, y.set_axis(y.index[::-1]))  # rows belong together by position
    np.testing.assert_array_equal(named.X, shuffled.X)
    np.testing.assert_array_equal(named.labels(), shuffled.labels())
    assert named.digest() == shuffled.digest()


@pytest.mark.parametrize(
    "y",
    [
        *([[1], [2, 3]], objects([1], [2]), [[1, 2], [3, 4]], None, 1.5),
        objects(Decimal(1), Decimal("sNaN")),
    ],
)
def test_what_is_no_target_is_refused(y):
    with pytest.raises(tf.DataError, match=r"^y: "):
        Data.of([[1], [2]], y)


@pytest.mark.parametrize(
    "y", [[1.5, np.inf], objects(1.5, -np.inf), [None, "a"], pd.array([1, pd.NA])]
)
def test_gaps_in_the_target_are_counted(y):
    with pytest.raises(tf.DataError, match="1 of 2 rows without one"):
        Data.of([[1], [2]], y)


# ---------- new rows ----------


def test_columns_are_found_by_name_and_strangers_are_left_out():
    frame = table(60)
    encoder = Data.of(frame, target(frame, "binary")).encoder
    turned = frame[frame.columns[::-1]].assign(stranger=1)
    np.testing.assert_array_equal(encoder.transform(turned), encoder.transform(frame))


def test_a_missing_column_is_named_with_a_guess():
    encoder = Data.of(pd.DataFrame({"age": [1, 2], "city": ["x", "y"]}), [0, 1]).encoder
    with pytest.raises(tf.DataError, match=r"\['city'\] are missing. Did you mean 'citty'"):
        encoder.transform(pd.DataFrame({"age": [1], "citty": ["x"]}))


def test_names_that_occur_twice_are_taken_by_position_or_refused():
    X = pd.DataFrame([[1, "x"], [2, "y"]], columns=["a", "a"])
    encoder = Data.of(X, [0, 1]).encoder
    np.testing.assert_array_equal(encoder.transform(X), [[1, 0], [2, 1]])
    with pytest.raises(tf.DataError, match="twice"):
        encoder.transform(X.assign(b=1))


@pytest.mark.parametrize(
    ("column", "later", "codes"),
    [
        (["x", None, "x", "y"], ["z", "y", None], [UNKNOWN, 1, NAN]),
        (["x", "y", "x", "y"], ["z", "y", None], [UNKNOWN, 1, UNKNOWN]),  # the first gap is new
        (["x", "y", "x", "y"], pd.Categorical(["y", "x"], ["y", "x"]), [1, 0]),
        (pd.Categorical([1, None, 1, 2]), [1.0, NAN, 3.0], [0, NAN, UNKNOWN]),  # a gap made floats
        (pd.Categorical([1, 2, 1, 2]), ["1", "2"], [0, 1]),
        ([1.0, 2.0, 3.0, 4.0], ["1.5", None], [1.5, NAN]),
        ([1.0, 2.0, 3.0, 4.0], [None, None], [NAN, NAN]),
        ([1.0, 2.0, 3.0, 4.0], pd.to_datetime([None, None]), [NAN, NAN]),
        ([True, False, True, True], objects(True, None), [1, NAN]),
        (DAYS, ["2020-01-01", "2020-01-02T12:00Z", None], [18262, 18263.5, NAN]),
        (DAYS, DAYS[:1].tz_localize("UTC"), [18262]),
        (DAYS, [NAN, NAN], [NAN, NAN]),
        (DAYS, [], []),
    ],
)
def test_the_same_things_said_otherwise_are_the_same_numbers(column, later, codes):
    np.testing.assert_array_equal(encoded(column, later), codes)


@pytest.mark.parametrize(
    ("column", "later"),
    [
        ([1.0, 2.0, 3.0, 4.0], ["high", "low"]),
        ([1.0, 2.0, 3.0, 4.0], DAYS),
        ([1.0, 2.0, 3.0, 4.0], pd.to_timedelta([1, 2])),
        ([1.0, 2.0, 3.0, 4.0], [1j, 2]),
        ([1.0, 2.0, 3.0, 4.0], objects([1], [2])),
        ([True, False, True, True], ["yes", "no"]),
        (DAYS, [1.5, 2.0]),
        (DAYS, pd.Categorical([1, 2])),
        (DAYS, pd.to_timedelta([1, 2])),
        (DAYS, ["31.12.2020", "1.1.2021"]),  # day or month first: not to be guessed
        (pd.to_timedelta([1, 2, 3, 4]), DAYS),
        (["x", "y", "x", "y"], objects([1], [2])),
    ],
)
def test_another_kind_of_value_is_refused_by_the_name_of_its_column(column, later):
    with pytest.raises(tf.DataError, match="column 'c': its kind is"):
        encoded(column, later)


# ---------- fingerprints ----------


def test_the_digest_follows_every_value_every_name_and_the_target():
    frame = pd.DataFrame({"a": [1.0, 2.0, NAN, 4.0], "b": ["x", "y", None, "x"]})
    same = {Data.of(frame.copy(), LABELS).digest() for _ in range(2)}
    changed = [
        Data.of(frame.replace(4.0, 5.0), LABELS),
        Data.of(frame.fillna({"a": 0.0}), LABELS),
        Data.of(frame.replace("y", "z"), LABELS),
        Data.of(frame.rename(columns={"a": "A"}), LABELS),
        Data.of(frame, ["a", "b", "b", "b"]),
        Data.of(frame, ["a", "c", "a", "c"]),
    ]
    assert len(same | {data.digest() for data in changed}) == 1 + len(changed)


def test_an_array_with_more_columns_than_in_training_is_refused():
    encoder = Data.of(np.zeros((9, 3)), np.arange(9.0)).encoder
    assert encoder.transform(np.zeros((2, 3))).shape == (2, 3)
    with pytest.raises(tf.DataError, match="an array of 3 columns is needed; got 5"):
        encoder.transform(np.zeros((2, 5)))


@pytest.mark.parametrize("kind", [object, pd.ArrowDtype(pa.decimal128(10, 2))])
def test_decimals_are_numbers_as_columns_and_as_targets(kind):
    values = [Decimal(at) / 4 for at in range(20)]
    found = Data.of(pd.DataFrame({"a": pd.Series([None, *values[1:]], dtype=kind)}), values)
    assert found.task == "regression"
    assert np.isnan(found.X[0, 0])
    np.testing.assert_array_equal(found.X[1:, 0], found.y[1:])
    assert Data.of(np.arange(20), pd.Series(values, dtype=kind)).y[3] == 0.75


def test_numbers_of_which_one_is_text_are_no_classes():
    y = [f"{at}.5" for at in range(99)] + ["?"]
    with pytest.raises(tf.DataError, match="got 100 different ones in 100 rows"):
        Data.of(np.arange(100), y)
