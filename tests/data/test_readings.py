"""Columns are read as what they say, in tables now and later; what was read is said."""

import numpy as np
import pandas as pd
import pytest

import tuneflow as tf
from tuneflow.data.encoder import Encoder

R = np.random.default_rng(0)
X = pd.DataFrame(R.normal(size=(120, 2)), columns=["a", "b"])
Y = pd.Series((X.a + 0.5 * X.b + 0.5 * R.normal(size=120) > 0).astype(int))
K = {"n_trials": 2, "cv": 3, "progress": False}
DAYS = pd.date_range("2020-01-01", periods=120)


def kind_of(values):
    with np.errstate(all="ignore"):
        result = tf.tune(X[["b"]].assign(z=values), Y, "lightgbm", **K)
    return result.refit.schema.columns[1].kind, result


def text_of(form):
    return [form.format(value * 1e4) for value in X.a]


@pytest.mark.parametrize(
    "values",
    [
        text_of("{:.3f}"),
        text_of("{:,.1f}"),
        text_of("{:.1f}%"),
        text_of(" {:.2e} "),
        text_of("${:,.2f}"),
        [text.replace(".", ",") for text in text_of("{:.2f} €")],
        [text.translate(str.maketrans(",.", ".,")) for text in text_of("{:,.2f}")],
        np.array([*X.a[:60], *map(str, X.a[60:])], dtype=object),
        [*text_of("{:.3f}")[:110], *["?", "n/a", ""] * 3, "NA"],
    ],
    ids=[
        "text",
        "thousands",
        "per cent",
        "exponents",
        "money",
        "commas",
        "points",
        "mixture",
        "gaps",
    ],
)
@pytest.mark.filterwarnings("ignore:column 'z'")
def test_text_that_says_numbers_is_read_as_numbers(values):
    kind, result = kind_of(values)
    assert kind == "number"
    expected = tf.tune(X[["b"]].assign(z=X.a), Y, "lightgbm", **K)
    assert result.best_score > 0.8
    assert abs(result.best_score - expected.best_score) < 0.1


def numbers_of(values):
    """What the encoder makes of a column."""
    frame = pd.DataFrame({"z": values})
    encoder, matrix = Encoder.fit(frame)
    np.testing.assert_array_equal(encoder.transform(frame), matrix)
    return encoder.schema.columns[0].kind, matrix[:, 0]


@pytest.mark.parametrize(
    "form",
    [
        *("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y"),
        *("%d %b %Y", "%B %d, %Y", "%d-%b-%Y", "%m/%d/%y", "%d.%m.%y", "%m/%d/%Y %H:%M"),
        "%m/%d/%Y %I:%M %p",
    ],
)
def test_text_that_says_dates_is_read_as_dates(form):
    kind, numbers = numbers_of([*DAYS.strftime(form), None])
    assert kind == "date"
    expected = (DAYS - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    np.testing.assert_array_equal(numbers, [*expected, np.nan])


HOURS = pd.to_timedelta(R.integers(0, 24 * 60, 120), unit="min")


@pytest.mark.parametrize(
    "cells",
    [
        [str(hours).removeprefix("0 days ")[:5] for hours in HOURS],
        [str(hours) for hours in HOURS],
        [(pd.Timestamp("2020-01-01") + hours).time() for hours in HOURS],
        HOURS,
    ],
    ids=["hours and minutes", "text", "times of day", "durations"],
)
def test_durations_and_times_of_day_are_read_as_durations(cells):
    kind, numbers = numbers_of(pd.Series(cells))
    assert kind == "duration"
    np.testing.assert_allclose(numbers, HOURS / pd.Timedelta(days=1), rtol=1e-12)


def test_periods_are_dates_and_years_are_numbers():
    months = pd.period_range("2000-01", periods=120, freq="M")
    expected = (months.to_timestamp() - pd.Timestamp("1970-01-01")) / pd.Timedelta(days=1)
    for cells in (months, months.astype(str)):
        kind, numbers = numbers_of(cells)
        assert kind == "date"
        np.testing.assert_array_equal(numbers, expected)
    for cells in (months.year, months.year.astype(str)):
        kind, numbers = numbers_of(cells)
        assert kind == "number"
        np.testing.assert_array_equal(numbers, months.year)


def test_odd_cells_are_gaps_and_are_named_in_one_remark():
    cells = text_of("{:.3f}")
    cells[3] = "broken"
    with pytest.warns(tf.TuneflowWarning, match="99.2% of its cells are numbers.*'broken'"):
        kind, result = kind_of(cells)
    assert kind == "number"
    assert sum("'broken'" in remark for remark in result.remarks) == 1


def test_below_the_limit_a_warning_says_that_it_is_a_category():
    cells = text_of("{:.3f}")
    cells[::4] = ["broken"] * 30
    with pytest.warns(tf.TuneflowWarning, match="75.0% of its cells are numbers; it is taken for"):
        assert kind_of(cells)[0] == "category"


@pytest.mark.parametrize(
    "values",
    [
        [f"{i:03d}" for i in range(120)],
        [f"{i:04d}" for i in range(120)],
        np.where(X.a > 0, "high", "low"),
        pd.Categorical(np.where(X.a > 0, "1", "2")),
        [f"row {i}" for i in range(120)],
        [b"\x80", b"1"] * 60,
    ],
    ids=["codes", "years of four digits", "words", "categories", "names", "bytes"],
)
def test_other_text_stays_text(values):
    assert kind_of(values)[0] == "category"


@pytest.mark.filterwarnings("ignore:column 'z'")
def test_new_tables_are_read_in_the_same_way_by_every_form_of_the_model(tmp_path):
    table = X[["b"]].assign(z=text_of("{:,.1f}"), d=DAYS.strftime("%d.%m.%Y"))
    table["t"] = DAYS.strftime("%H:%M")
    result = tf.tune(table, Y, "lightgbm", **K)
    loaded = tf.load(result.save(tmp_path / "a.skops"))
    code: dict = {}
    exec(result.to_python(), code)
    expected = result.predict_proba(table)
    for model in (result.model, loaded, code["fit"](table, Y)):
        np.testing.assert_allclose(model.predict_proba(table), expected, atol=1e-9)
    as_numbers = table.assign(z=X.a.round(5) * 1e4)
    np.testing.assert_allclose(
        result.predict_proba(as_numbers), result.model.predict_proba(as_numbers)
    )


def test_the_result_counts_its_columns():
    table = X.assign(c=np.where(X.a > 1, "u", "v"), d=DAYS)
    text = repr(tf.tune(table, Y, "knn", **K))
    assert "columns  2 numbers, 1 category, 1 date" in text


@pytest.mark.parametrize(
    ("column", "remark"),
    [
        (np.ones(120), "has one value"),
        ([f"row {i}" for i in range(120)], "names single rows"),
        (Y.to_numpy(), "gives the target away"),
        (np.where(Y == 1, "will pay", "will not"), "gives the target away"),
        (Y + 0.1 * R.uniform(size=120), "gives the target away"),
    ],
    ids=["constant", "id", "target", "text", "sorted"],
)
def test_columns_that_help_too_little_or_too_much_are_named(column, remark):
    result = tf.tune(X.assign(z=column), Y, "knn", **K)
    assert [r for r in result.remarks if r.startswith("column 'z'") and remark in r]
    assert not [r for r in tf.tune(X, Y, "knn", **K).remarks if r.startswith("column")]


def test_a_column_that_is_the_target_of_a_regression_is_named():
    result = tf.tune(X.assign(z=3 * X.a - 1), X.a, "knn", **K)
    assert any("'z' gives the target away" in remark for remark in result.remarks)
