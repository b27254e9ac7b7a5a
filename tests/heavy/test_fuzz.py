"""Two thousand hostile inputs: each ends in an error of ours, or in a right result.

A result is right if it holds as many trials as were asked for, of which one at least came to a
score, and predicts every row: a label of the target, or a finite number. Warnings say what was
done differently, and are not looked at here.
"""

from __future__ import annotations

import json
import re
import warnings
from typing import Any

import numpy as np
import optuna
import pandas as pd
import pytest
from doubles import RECIPE, rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.recipe.catalogue import _folder
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.space import Param
from tuneflow.storage.study_record import is_counted
from tuneflow.storage.user_attrs import CLAIM, GOAL, HEARTBEAT, KEY, RETRY, RUN
from tuneflow.tuning.join import join

TEXTS = {file.stem: file.read_text(encoding="utf-8") for file in sorted(_folder().glob("*.toml"))}
pytestmark = pytest.mark.timeout(1800)


def cases(number: int) -> settings:
    """So many cases, the same ones every time."""
    return settings(
        max_examples=number,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def tame(monkeypatch):
    """Nothing is fitted where it is not the table that is hostile."""
    for name in engines.ENGINES:
        monkeypatch.setitem(engines.ENGINES, name, ("doubles", "Tame"))


def outcome(X, y, recipe, **more) -> tf.Result | tf.TuneflowError:
    """What `tune` gives or raises; anything else that it raises fails the test."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tf.tune(X, y, recipe, progress=False, **more)
    except tf.TuneflowError as error:
        return error


def check(result: tf.Result | tf.TuneflowError, X, y, n_trials: int) -> None:
    """An error of ours, or a right result."""
    if isinstance(result, tf.TuneflowError):
        return
    trials = result.study.get_trials(deepcopy=False)
    assert sum(map(is_counted, trials)) == n_trials
    assert np.isfinite(result.best_score)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        predicted = result.predict(X)
    assert predicted.shape == (len(X),)
    if len(result.classes_):
        assert set(predicted.tolist()) <= set(result.classes_.tolist())
    else:
        assert np.isfinite(predicted).all()


# ---------- recipes ----------

NUMBERS = st.integers(-(10**6), 10**6) | st.floats(allow_nan=True, allow_infinity=True)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=6)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=6,
)
TOML = NUMBERS.map(lambda n: "nan" if n != n else str(n)) | st.sampled_from(
    ["true", '"sqrt"', '"x"', "[]", "[1, 2.5]", "{}", "1e-300", "9223372036854775807", "0", "-1"]
)


@st.composite
def recipe_texts(draw) -> str:
    """A recipe of ours in which a few lines were changed."""
    lines = draw(st.sampled_from(sorted(TEXTS.values()))).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        deed = draw(st.sampled_from(["value", "value", "drop", "double", "swap", "text"]))
        lines[at : at + 1] = DEEDS[deed](draw, lines, at)
        lines = lines or [""]
    return "\n".join(lines)


def change_value(draw, lines: list[str], at: int) -> list[str]:
    found = list(re.finditer(r'(?<== )("[^"]*"|[-+.\w]+)', lines[at]))
    if not found:
        return [lines[at]]
    spot = draw(st.sampled_from(range(len(found))))
    start, end = found[spot].span()
    return [lines[at][:start] + draw(TOML) + lines[at][end:]]


def add_text(draw, lines: list[str], at: int) -> list[str]:
    where = draw(st.integers(0, len(lines[at])))
    return [lines[at][:where] + draw(st.text(max_size=4)) + lines[at][where:]]


DEEDS = {
    "value": change_value,
    "drop": lambda draw, lines, at: [],
    "double": lambda draw, lines, at: [lines[at], lines[at]],
    "swap": lambda draw, lines, at: [lines[draw(st.integers(0, len(lines) - 1))]],
    "text": add_text,
}
TARGETS = {
    "binary": np.tile(["no", "yes"], 10),
    "multiclass": np.tile(["a", "b", "c", "d"], 5),
    "regression": np.arange(20.0),
}
TABLE = pd.DataFrame({"x": np.arange(20.0) % 7, "c": list("abcde") * 4})


def try_recipe(make) -> None:
    """A recipe that is taken can be used for each of its tasks, with an error at the worst."""
    try:
        recipe = make()
    except tf.TuneflowError:
        return
    for task in recipe.tasks:
        check(outcome(TABLE, TARGETS[task], recipe, cv=2, n_trials=2), TABLE, TARGETS[task], 2)


@given(text=recipe_texts())
@cases(500)
def test_recipes_with_changed_lines(text, tame, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzz.toml"
    path.write_text(text, encoding="utf-8", errors="replace")
    try_recipe(lambda: tf.load_recipe(path))


@st.composite
def changes(draw) -> dict[str, Any]:
    """Changes for `replace`: some of our own, with any values in them."""
    name = draw(st.sampled_from(sorted(TEXTS)))
    recipe = tf.load_recipe(name)
    params = st.sampled_from([*recipe.space, *recipe.classification.space, "x"])
    keys = st.sampled_from([*Param.model_fields, "x"])
    change = st.dictionaries(keys, TREES, max_size=3) | TREES
    growth = st.dictionaries(st.sampled_from([*Growth.model_fields, "x"]), TREES, max_size=3)
    return {
        "name": name,
        "space": draw(st.dictionaries(params, change, max_size=2) | TREES),
        "growth": draw(growth | TREES),
        **draw(st.dictionaries(st.sampled_from([*tf.Recipe.model_fields]), TREES, max_size=1)),
    }


@given(change=changes())
@cases(300)
def test_recipes_with_changed_keys(change, tame):
    name = str(change.pop("name"))
    try_recipe(lambda: tf.load_recipe(name if name in TEXTS else "svm").replace(**change))


# ---------- tables ----------

CELLS = {
    "floats": st.floats(allow_nan=True, allow_infinity=True, width=64),
    "small": st.floats(-10, 10) | st.none(),
    "ints": st.integers(-3, 3),
    "big": st.integers(-(2**70), 2**70),
    "bools": st.booleans() | st.none(),
    "texts": st.text(max_size=4),
    "words": st.sampled_from(["a", "b", "1", "1.0", "", "nan", "2020-01-01"]) | st.none(),
    "dates": st.datetimes() | st.none(),
    "days": st.dates(),
    "spans": st.timedeltas() | st.none(),
    "bytes": st.binary(max_size=2),
    "complex": st.complex_numbers(),
    "decimals": st.decimals(allow_nan=True),
    "mixed": LEAVES,
    "lists": st.lists(st.integers(0, 2), max_size=2),
    "gaps": st.none(),
    "same": st.just(1),
}
NAMES = st.text(max_size=3) | st.integers(0, 3) | st.sampled_from(["x", "a,b", "[0]", "a<b>", ""])
DTYPES = ["object", "category", "string", None, None, None]


@st.composite
def tables(draw) -> tuple[pd.DataFrame, Any]:
    """A table and a target of mostly as many rows; both hostile, or one of them."""
    count = draw(st.sampled_from([0, 1, 2, 3, 5, 8, 12, 16, 24]))
    columns = draw(st.integers(0, 4))
    frame = pd.DataFrame(
        {at: draw(column(count)) for at in range(columns)}, index=draw(indexes(count))
    )
    frame.columns = pd.Index([draw(NAMES) for _ in range(columns)], dtype=object)
    fair = draw(st.sampled_from(["binary", "multiclass", "regression", None]))
    if fair:
        return frame, np.resize(TARGETS[fair], count)
    if columns and draw(st.booleans()):
        return frame, frame.columns[0]
    return frame, draw(column(count + draw(st.sampled_from([0, 0, 0, 1])))).to_numpy()


@st.composite
def column(draw, count: int) -> pd.Series:
    kind = draw(st.sampled_from(sorted(CELLS)))
    values = draw(st.lists(CELLS[kind], min_size=count, max_size=count))
    dtype = draw(st.sampled_from(DTYPES))
    series = pd.Series(values, dtype=object)
    try:
        return series.astype(dtype) if dtype else series.infer_objects()
    except (TypeError, ValueError, ArithmeticError):  # pandas has no such column
        return series


def indexes(count: int) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.integers(-2, 2), min_size=count, max_size=count) | st.just(
        list(range(count))
    )


@given(table=tables(), recipe=st.sampled_from(["knn", "logistic", "elastic_net", "lightgbm"]))
@cases(600)
def test_tables(table, recipe):
    X, y = table
    shorter = tf.load_recipe(recipe)
    if recipe == "lightgbm":
        shorter = shorter.replace(growth={"last": 2})
    result = outcome(X, y, shorter, cv=2, n_trials=1)
    rest = X if not isinstance(y, str | int) else X.drop(columns=X.columns[0])
    check(result, rest, y, 1)


# ---------- what lies in a storage ----------


def study_of(storage, n_trials: int = 4) -> tf.Result:
    result = outcome(*rows(), RECIPE, storage=storage, n_trials=n_trials, sampler="random")
    assert isinstance(result, tf.Result)
    return result


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The bytes of a journal in order."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Tame"))
        path = tmp_path_factory.mktemp("journal") / "a.journal"
        study_of(path)
        return path.read_bytes()


@st.composite
def damages(draw) -> Any:
    """What befalls a journal: random bytes in its place, at its end or inside, or a cut."""
    noise, at = draw(st.binary(max_size=40)), draw(st.floats(0, 1))
    kind = draw(st.sampled_from(["all", "end", "over", "inside", "cut", "line", "key"]))
    return kind, noise, at


def damaged(whole: bytes, kind: str, noise: bytes, share: float) -> bytes:
    at = int(share * len(whole))
    lines = whole.splitlines(keepends=True)
    n = int(share * (len(lines) - 1))
    return {
        "all": noise,
        "end": whole + noise,
        "over": whole[:at] + noise + whole[at + len(noise) :],
        "inside": whole[:at] + noise + whole[at:],
        "cut": whole[:at],
        "line": b"".join(lines[:n] + lines[n + 1 :]),
        "key": b"".join([*lines[:n], json.dumps({"op_code": len(noise)}).encode() + b"\n"]),
    }[kind]


@given(damage=damages())
@cases(250)
def test_journals(damage, journal, tame, tmp_path_factory):
    path = tmp_path_factory.getbasetemp() / "fuzz.journal"
    path.write_bytes(damaged(journal, *damage))
    result = outcome(*rows(), RECIPE, storage=path, n_trials=6, sampler="random")
    check(result, *rows(), 6)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=5,
)
STUDY_KEYS = [KEY, RUN, GOAL, f"{HEARTBEAT}somewhere:1:1.00:0", HEARTBEAT, f"{HEARTBEAT}a:b:c:d"]
TRIAL_KEYS = [KEY, CLAIM, RETRY, "tuneflow:other"]


@st.composite
def plantings(draw) -> Any:
    """JSON for the study and for its trials: any, or ours with parts replaced."""
    keys = st.dictionaries(st.text(max_size=4), JSON, max_size=2)
    field = st.tuples(st.integers(0, 30), JSON)
    study = st.dictionaries(st.sampled_from(STUDY_KEYS), JSON | field, max_size=2)
    trial = st.dictionaries(st.sampled_from(TRIAL_KEYS), JSON | field, max_size=2)
    return draw(study), draw(st.lists(trial, max_size=4)), draw(keys)


def planted(old: Any, new: Any) -> Any:
    """Any JSON, or what was there with one field replaced."""
    if not isinstance(new, tuple) or not isinstance(old, dict):
        return list(new) if isinstance(new, tuple) else new
    at, value = new
    return {**old, sorted(old)[at % len(old)]: value}


def plant(study: optuna.Study, planting: Any) -> None:
    on_study, on_trials, _ = planting
    for key, new in on_study.items():
        study.set_user_attr(key, planted(study.user_attrs.get(key), new))
    for trial, attrs in zip(study.get_trials(deepcopy=False), on_trials, strict=False):
        for key, new in attrs.items():
            trial.user_attrs[key] = planted(trial.user_attrs.get(key), new)


@given(planting=plantings())
@cases(350)
def test_attributes(planting, tame, tmp_path_factory):
    page = tmp_path_factory.getbasetemp() / "fuzz.html"
    storage = optuna.storages.InMemoryStorage()
    plant(study_of(storage).study, planting)
    again = outcome(*rows(), RECIPE, storage=storage, n_trials=6, sampler="random")
    if isinstance(again, tf.Result):
        assert len(again.predict(rows()[0])) == 40
        assert repr(again)
    for look in (
        lambda: tf.report(storage).save(page, plotly="cdn"),
        lambda: tf.Comparison.load(storage),
        lambda: join(storage, "double", rows(), n_trials=7, progress=False),
    ):
        quietly_or_with_words(look)


def quietly_or_with_words(look) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            look()
    except tf.TuneflowError:
        return
