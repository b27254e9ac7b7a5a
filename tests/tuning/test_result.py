"""What a study came to, told in words, as a page and as a table; never better than it is."""

from __future__ import annotations

import math
import re
import warnings
from html.parser import HTMLParser

import numpy as np
import optuna
import pandas as pd
import pytest
from doubles import RECIPE, Counting, rows

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.reporting.tables.trials import trials
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import read_study
from tuneflow.storage.user_attrs import read_trial_record, write_trial_record

OWN = ["state", "score", "rank", "improvement", "last", "ended", "error", "budget"]
SECONDS = ["seconds", "seconds_fit", "seconds_score"]


@pytest.fixture
def run(monkeypatch):
    """Tune the double."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))

    def run(n_trials=12, recipe=RECIPE, **more):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tf.TuneflowWarning)
            more = {"sampler": "random", **more}
            return tf.tune(*rows(), recipe, n_trials=n_trials, **more)

    return run


def fail_if(monkeypatch, wanted, error):
    def on_grow(values):
        if wanted(values):
            raise error

    monkeypatch.setattr(Counting, "on_grow", staticmethod(on_grow))


# ---------- the numbers ----------


def test_best_and_lift_are_those_of_the_trials(run):
    result = run()
    table = result.trials()
    best = table["score"].idxmax()
    assert result.best_trial.number == best
    assert result.best_score == table.loc[best, "score"] == table["score"].max()
    assert result.default_score == table.loc[0, "score"]
    assert (
        result.improvement
        == result.best_score - result.default_score
        == table.loc[best, "improvement"]
    )
    assert result.best_params == result.best_trial.params
    assert result.predict(np.zeros((3, 1))).shape == (3,)


def test_nothing_better_than_the_defaults_is_said_and_they_are_kept(run):
    result = run(8, RECIPE.replace(space={"x": {"low": 0.9, "high": 1.0}}))
    assert result.best_trial.number == 0
    assert result.improvement == 0
    assert "nothing was better than the defaults, so these were refitted" in repr(result)


def test_the_best_is_never_one_that_was_pruned_or_scored_on_fewer_folds():
    study = optuna.create_study(direction="maximize")
    for value, folds in ((0.5, 5), (0.9, 2), (0.7, 5), (0.7, 5)):
        trial = study.ask()
        write_trial_record(trial, TrialRecord(scores=[value] * folds))
        study.tell(trial, value)
    pruned = study.ask()
    pruned.report(2.0, 1)
    study.tell(pruned, state=optuna.trial.TrialState.PRUNED)
    assert read_study(study).best.number == 2  # and the first of equals


def test_defaults_that_failed_end_the_search_and_have_no_score_later(run, monkeypatch, tmp_path):
    fail_if(monkeypatch, lambda values: values["x"] == 0.9, ValueError("no"))
    with pytest.raises(tf.NoTrialError, match=r"1 x ValueError: no Double with the library's"):
        run(6, storage=tmp_path / "a.journal")
    result = run(6, storage=tmp_path / "a.journal")
    assert math.isnan(result.default_score)
    assert math.isnan(result.improvement)
    assert result.trials()["improvement"].isna().all()
    assert "defaults nan, improvement +nan" in repr(result)


def test_defaults_that_were_interrupted_and_ran_later_are_the_defaults(run, monkeypatch, tmp_path):
    fail_if(monkeypatch, lambda values: values["x"] == 0.9, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        run(6, storage=tmp_path / "a.journal")
    monkeypatch.setattr(Counting, "on_grow", staticmethod(lambda values: None))
    result = run(6, storage=tmp_path / "a.journal")
    again = result.trials().query("x == 0.9 and state == 'complete'")
    assert len(again) == 1
    assert result.default_score == again["score"].item() == result.record.default_score
    assert result.trials().loc[result.best_trial.number, "improvement"] == result.improvement


# ---------- the table ----------


def test_the_table_has_the_same_columns_and_kinds_for_every_study(run, monkeypatch):
    fail_if(monkeypatch, lambda values: values["x"] < 0.2, ValueError("too small"))
    table = run(40, pruner="median").trials()
    assert list(table.columns) == [*OWN, *SECONDS, "started", "x", "kind", "n"]
    assert list(table.index) == list(range(40))
    assert table.index.name == "number"
    assert set(table["state"]) == {"complete", "pruned", "fail"}
    for name in ("state", "ended", "error", "kind"):
        assert pd.api.types.is_string_dtype(table[name])
    for name in ("score", "improvement", "last", *SECONDS, "x", "n"):
        assert table[name].dtype == float
    assert table["rank"].dtype == "Int64"
    assert pd.api.types.is_integer_dtype(table["budget"])


def test_only_complete_trials_have_score_rank_and_lift(run, monkeypatch):
    fail_if(monkeypatch, lambda values: values["x"] < 0.2, ValueError("too small"))
    table = run(40, pruner="median").trials()
    complete = table["state"] == "complete"
    for name in ("score", "rank", "improvement"):
        assert (table[name].notna() == complete).all()
    assert table.loc[table["state"] == "pruned", "last"].notna().all()
    assert (table["error"].str.contains("too small") == (table["state"] == "fail")).all()
    assert set(table.loc[complete, "ended"]) == {"complete"}
    assert (table["n"].notna() == (table["kind"] == "b")).all()  # not active, therefore missing


def test_ranks_begin_at_one_and_equals_share_one(run):
    table = run(40).trials()
    complete = table.dropna(subset="score")
    for _, trial in complete.iterrows():
        assert trial["rank"] == 1 + (complete["score"] > trial["score"]).sum()


@pytest.mark.parametrize(("direction", "better"), [("maximize", 1), ("minimize", -1)])
def test_lift_is_positive_where_a_study_of_any_direction_got_better(direction, better):
    study = optuna.create_study(direction=direction)
    study.optimize(lambda trial: 5 + better * trial.number, n_trials=3)
    table = trials(read_study(study))
    assert table["improvement"].tolist() == [0, 1, 2]
    assert table["rank"].tolist() == [3, 2, 1]


def test_studies_that_tuneflow_did_not_make_have_a_table_too():
    study = optuna.create_study()
    assert list(trials(read_study(study)).columns) == [*OWN, *SECONDS, "started"]
    assert len(trials(read_study(study))) == 0
    study.enqueue_trial({"score": 0.5})
    study.ask()
    study.ask()
    study.tell(1, None, state=optuna.trial.TrialState.FAIL)
    study.enqueue_trial({})
    table = trials(read_study(study))
    assert table["state"].tolist() == ["running", "fail", "waiting"]
    assert table["rank"].isna().all()


def test_a_parameter_with_the_name_of_a_column_does_not_hide_it():
    study = optuna.create_study()
    study.optimize(lambda t: t.suggest_float("score", 0, 1) + t.suggest_float("<b>", 0, 1), 2)
    table = trials(read_study(study))
    assert table["score"].tolist() == [trial.value for trial in study.trials]
    assert table["param:score"].tolist() == [trial.params["score"] for trial in study.trials]
    assert "<b>" in table


# ---------- in words, and as a page ----------


def test_the_text_says_what_was_tuned_how_and_what_it_came_to(run):
    result = run()
    shown = repr(result)
    assert shown.startswith("Double, regression: neg_root_mean_squared_error ")
    assert "12 complete; sampler random, pruner none" in shown
    assert f"trial {result.best_trial.number}: x {result.best_params['x']:.4g}" in shown
    assert "(40 rows x 1 columns)" in shown
    for score in read_trial_record(result.best_trial).scores:
        assert f"{score:.4g}" in shown


class Tags(HTMLParser):
    """The tags of a page."""

    def __init__(self, page):
        super().__init__()
        self.found, self.text = set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found |= {tag, *(f"{tag} {name}" for name, _ in attrs)}

    def handle_data(self, data):
        self.text += data


def test_names_from_data_recipes_and_errors_are_text_on_a_page_and_never_html(run, monkeypatch):
    evil = "<script>alert('&\"')</script><img src=x onerror=alert(1)>"
    fail_if(monkeypatch, lambda values: values["kind"] == evil, ValueError(evil))
    kind = {"choices": ["a", evil], "default": "a"}
    result = run(12, RECIPE.replace(title=evil, space={"kind": kind, "n": None}))
    page = Tags(result._repr_html_())
    assert page.found <= {"p", "table", "tr", "th", "td"}
    assert page.text.count("<script>alert('&\"')</script>") == 2  # in the title and the reason
    plain = re.sub(r"\s+", "", repr(result))
    assert re.sub(r"\s+", "", page.text) == plain
