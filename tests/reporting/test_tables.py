"""A report is read from the record: tables with columns that stay, and sentences that are true."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import optuna
import pandas as pd
import plotly.graph_objects as go
import pytest
from optuna.pruners import MedianPruner
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import KFold
from studies import HEADER, SPACES, holdout, plain, study

import tuneflow as tf
from tuneflow.reporting import format as words
from tuneflow.reporting.importance import importances
from tuneflow.storage.records import (
    OUTER,
    TrialRecord,
    read_header,
    write_header,
    write_trial_record,
)
from tuneflow.storage.study_record import read_study

COLUMNS = {
    "trials": "state score rank improvement last ended error budget seconds seconds_fit seconds_score "
    "started rate leaves kind depth",
    "folds": "number fold score improvement",
    "holdout": "inner holdout optimism overtuned",
    "rungs": "number rung folds budget score",
    "best": "default best difference",
    "parameters": "kind low high log choices default best top_low top_high top_choice edge active "
    "importance importance_spread importance_top importance_top_spread",
    "cost": "trials seconds seconds_fit seconds_score seconds_other saved",
    "timeline": "number state worker start end",
    "failures": "trials first message parameters",
    "studies": "made_by recipe scoring direction best best_trial trials complete pruned fail "
    "running waiting sampler pruner updated",
    "header": "value",
}
DIRECTIONS = ["maximize", "minimize"]


def conditional(trial: optuna.Trial) -> float:
    """An objective of somebody else's, with everything that may go wrong."""
    x = trial.suggest_float("x", 1e-3, 10, log=True)
    if trial.suggest_categorical("kind", ["a", "b", None]) == "b":
        trial.suggest_int("n", 1, 4)
    if trial.number % 5 == 3:
        msg = "x is bad"
        raise ValueError(msg)
    return math.inf if trial.number % 5 == 4 else abs(x - 1)


def empty() -> optuna.Study:
    return optuna.create_study()


def waiting() -> optuna.Study:
    made = optuna.create_study()
    made.enqueue_trial({"x": 1})
    made.ask()
    return made


# Every kind of study that a storage may hold.
STUDIES = {
    "tuneflow": lambda: study(60),
    "few": lambda: study(3),
    "kept aside": lambda: holdout(60),
    "one": lambda: study(1),
    "header only": lambda: study(0),
    "plain": lambda: study(60, ours=False),
    "minimized": lambda: study(60, ours=False, direction="minimize"),
    "conditional": lambda: plain(60, conditional),
    "endless": lambda: plain(3, lambda trial: -math.inf),
    "failed": lambda: plain(3, lambda trial: math.nan),
    "no parameters": lambda: plain(12, lambda trial: trial.number),
    "fixed": lambda: plain(40, lambda trial: trial.suggest_float("x", 1, 1) + trial.number),
    "one parameter": lambda: plain(40, lambda trial: trial.suggest_int("x", 1, 9)),
    "odd names": lambda: plain(
        40, lambda t: t.suggest_float("score", 0, 1) + t.suggest_int("", 1, 3)
    ),
    "empty": empty,
    "waiting": waiting,
}


@pytest.fixture(params=STUDIES)
def any_study(request):
    return STUDIES[request.param]()


# ---------- laws over all kinds of studies ----------


def test_every_study_has_every_table_with_the_same_columns(any_study):
    tables = tf.report(any_study).tables
    assert list(tables) == list(COLUMNS)
    for name, frame in tables.items():
        wanted = COLUMNS[name].split()
        wanted = wanted[:12] if name == "trials" else wanted  # then one a parameter
        assert list(frame.columns[: len(wanted)]) == wanted
        assert not frame.columns.duplicated().any()
    assert len(tables["trials"]) == len(any_study.trials)


def test_kinds_of_columns_are_those_of_a_full_study(any_study):
    full, tables = tf.report(study(60)).tables, tf.report(any_study).tables
    for name, frame in tables.items():
        columns = COLUMNS[name].split()[:12]
        assert (
            frame[columns].dtypes.astype(str).to_dict()
            == full[name][columns].dtypes.astype(str).to_dict()
        )


def test_every_figure_is_one_that_plotly_takes(any_study):
    report = tf.report(any_study)
    for figure in report.figures.values():
        assert isinstance(figure, go.Figure)
        figure.to_json()


def test_every_panel_says_something_and_has_a_table(any_study):
    report = tf.report(any_study)
    panels = {panel.key: panel for panel in report.panels}
    assert next(iter(panels)) == "verdict"
    assert {"history", "importance", "failures", "trials", "reproduce"} <= set(panels)
    for panel in panels.values():
        assert panel.note.endswith((".", "!"))
        assert not {"nan", "None", "inf"} & set(panel.note.replace(",", " ").split())
        assert panel.table in report.tables


def test_figures_and_panels_agree(any_study):
    report = tf.report(any_study)
    drawn = [drawing.key for panel in report.panels for drawing in panel.figures]
    assert sorted(drawn) == sorted(report.figures)


def test_reading_changes_nothing(any_study):
    before = [trial.user_attrs for trial in any_study.get_trials()]
    report = tf.report(any_study)
    report.to_markdown()
    assert [trial.user_attrs for trial in any_study.get_trials()] == before


def test_a_study_is_read_once(monkeypatch):
    made, reads = study(12), []
    get = optuna.Study.get_trials
    monkeypatch.setattr(
        optuna.Study, "get_trials", lambda self, *a, **k: reads.append(1) or get(self, *a, **k)
    )
    report = tf.report(made)
    report.to_markdown()
    report.figures  # noqa: B018 -- drawn when first asked for
    assert len(reads) == 1


# ---------- tables ----------


def test_choices_that_are_none_do_not_look_inactive():
    frame = tf.report(study(40)).tables["trials"]
    assert set(frame["kind"]) == {"a", "b", "None"}
    assert (frame["depth"].notna() == (frame["kind"] == "b")).all()


def test_infinite_scores_are_shown_and_never_ranked():
    report = tf.report(plain(20, conditional))
    trials = report.tables["trials"]
    assert trials["score"].eq(math.inf).sum() == 4
    assert trials.loc[trials["score"].eq(math.inf), "rank"].isna().all()
    assert report.record.best.number == trials["score"].idxmin()
    assert "score is not finite" in report.tables["failures"].index
    assert any("not finite" in warning for warning in report.panels[0].warnings)


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_the_best_and_the_lift_follow_the_direction(direction):
    report = tf.report(study(60, ours=False, direction=direction))
    trials = report.tables["trials"]
    complete = trials[trials["state"] == "complete"]
    best = complete["score"].max() if direction == "maximize" else complete["score"].min()
    assert complete.loc[complete["rank"] == 1, "score"].tolist() == [best]
    assert report.tables["studies"].loc["churn", "best"] == best
    assert complete["improvement"].max() == abs(best - trials.loc[0, "score"])
    steps = [value for value in report.figures["history"].data[-1].y if value is not None]
    assert steps == sorted(steps, reverse=direction == "minimize")


def test_rungs_are_those_of_the_ledger_and_the_reports_of_others():
    ours, theirs = (
        tf.report(study(9)).tables["rungs"],
        tf.report(study(9, ours=False)).tables["rungs"],
    )
    first = ours[ours["number"] == 0]
    assert first["folds"].tolist() == [1, 1, 1, 3, 3, 3, 3, 3]
    assert first["budget"].tolist() == [1, 2, 4, 1, 2, 4, 8, 16]
    assert theirs["folds"].isna().all()
    assert theirs.loc[theirs["number"] == 0, "score"].tolist() == first["score"].tolist()[3:]


def test_folds_are_paired_with_the_defaults():
    folds = tf.report(study(9)).tables["folds"]
    base = folds[folds["number"] == 0]["score"].tolist()
    for _, one in folds.groupby("number"):
        expected = [
            score - base[fold] for fold, score in zip(one["fold"], one["score"], strict=True)
        ]
        assert one["improvement"].tolist() == expected


def test_parameters_tell_ranges_edges_and_activity():
    frame = tf.report(study(60)).tables["parameters"]
    assert set(frame.index) == set(SPACES)
    assert frame.loc["rate", ["kind", "low", "high", "log"]].tolist() == ["float", 0.01, 1.0, True]
    assert frame.loc["kind", "choices"] == "a, b, None"
    assert 0 < frame.loc["depth", "active"] < 1
    assert 0.05 < frame.loc["rate", "top_low"] <= frame.loc["rate", "top_high"] < 0.3
    assert frame.index[0] == "rate"  # the only one that matters


def test_a_best_at_an_edge_is_told():
    edge = plain(
        30, lambda trial: trial.suggest_float("x", 0, 10) + 0 * trial.suggest_int("n", 1, 2)
    )
    report = tf.report(edge)
    assert report.tables["parameters"].loc["x", "edge"] == "low"
    assert any(
        "edge of the range of" in text and "x" in text for text in report.panels[0].warnings
    )


def test_importances_find_what_matters_with_a_spread_that_is_no_zero():
    def objective(trial):
        return trial.suggest_float("big", 0, 1) + 0.001 * trial.suggest_float("small", 0, 1)

    found = importances(read_study(plain(200, objective)))
    assert found["big"].overall > 0.9 > 0.1 > found["small"].overall
    assert sum(one.overall for one in found.values()) == pytest.approx(1)
    assert sum(one.top for one in found.values()) == pytest.approx(1)
    assert 0 < found["big"].overall_spread < 0.3


def test_importances_are_those_of_optuna():
    made = plain(100, conditional)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = optuna.importance.get_param_importances(made)
    ours = {name: one.overall for name, one in importances(read_study(made)).items()}
    assert ours == pytest.approx(theirs)


def test_the_spread_shrinks_with_more_trials():
    def objective(trial):
        return sum(trial.suggest_float(name, 0, 1) for name in "abc")

    few, many = (importances(read_study(plain(n, objective))) for n in (60, 960))
    assert many["a"].overall_spread < few["a"].overall_spread


def test_too_few_trials_have_no_importances_and_that_is_said():
    report = tf.report(study(9))
    assert report.tables["parameters"]["importance"].isna().all()
    assert "importance" not in report.figures
    assert any("too few to say what mattered" in text for text in report.panels[0].warnings)


def test_costs_add_up_and_savings_are_estimated():
    report = tf.report(study(60))
    cost, trials = report.tables["cost"], report.tables["trials"]
    assert cost["seconds"].sum() == trials["seconds"].sum() == 60
    assert cost["trials"].sum() == 60
    parts = cost["seconds_fit"] + cost["seconds_score"] + cost["seconds_other"]
    assert np.allclose(parts, cost["seconds"])


def test_what_pruning_saved_is_the_rest_of_a_usual_trial():
    made = optuna.create_study(study_name="s")
    for seconds, state in ((10, "COMPLETE"), (4, "PRUNED"), (3, "PRUNED")):
        one = optuna.trial.create_trial(state=optuna.trial.TrialState[state], value=1.0)
        one.datetime_complete = one.datetime_start + pd.Timedelta(seconds=seconds)
        made.add_trial(one)
    assert tf.report(made).tables["cost"].loc["pruned", "saved"] == 6 + 7


def test_trials_that_ran_at_once_have_lanes_of_their_own():
    lanes = tf.report(study(20)).tables["timeline"]
    assert lanes["worker"].max() == 1
    for _, lane in lanes.groupby("worker"):
        assert (lane["start"].iloc[1:].to_numpy() >= lane["end"].iloc[:-1].to_numpy()).all()


def test_failures_are_grouped_by_the_error_inside():
    failures = tf.report(study(60)).tables["failures"]
    assert set(failures.index) == {"BoosterError", "ValueError"}
    assert failures["trials"].sum() == 60 // 7
    assert failures.loc["ValueError", "message"] == "ValueError: rate"  # its first line
    assert failures.loc["BoosterError", "parameters"].startswith("rate 0.")


def test_what_ended_a_trial_from_outside_is_told_and_only_what_was_tried_has_failed():
    made = study(6)
    before = tf.report(made)
    known = len(before.tables["failures"])
    for ended in ("timeout", "crashed", "interrupted", "surplus"):
        one = made.ask()
        write_trial_record(one, TrialRecord(ended=ended, error="its process died: SIGKILL"))
        made.tell(one, state=optuna.trial.TrialState.FAIL)
    report = tf.report(made)
    kinds = {"took too long", "its process died", "interrupted"}
    assert kinds <= set(report.tables["failures"].index)
    assert len(report.tables["failures"]) == known + 3
    failed = [text for text in report.panels[0].warnings if "failed" in text]
    assert failed == [f"{known + 2} trials of 10 failed."]


def test_the_header_says_how_to_repeat():
    report = tf.report(study(9))
    header = report.tables["header"]["value"]
    assert header["random_state"] == "7"
    assert header["version of optuna"] == "5.0.0"
    assert header["data digest"] == "d1"
    assert "random_state=7" in report.to_markdown()


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"cv": 0.3, "scoring": ["roc_auc", "accuracy"], "test_size": 0.25},
        {"sampler": "grid", "pruner": "median", "random_state": 5},
    ],
)
def test_the_call_that_it_says_makes_the_same_study(asked):
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    result = tf.tune(X[:150], y[:150], "lightgbm", n_trials=2, progress=False, **asked)
    code = tf.report(result).to_markdown().split("```python\n")[1].split("```")[0]
    again = {"X": X[:150], "y": y[:150]}
    exec(code, again)
    told, mine = read_header(again["result"].study), read_header(result.study)
    assert replace(told, versions=mine.versions) == mine
    assert len(again["result"].study.trials) == 2


def test_what_the_ledger_does_not_hold_of_a_call_is_left_open():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    more = {"sample_weight": np.ones(150), "cv": KFold(2), "pruner": MedianPruner()}
    sampler = optuna.samplers.RandomSampler(seed=1)
    result = tf.tune(X[:150], y[:150], "logistic", n_trials=1, sampler=sampler, **more)
    text = tf.report(result).to_markdown()
    for name in ("cv", "sample_weight", "sampler", "pruner"):
        assert f"    {name}=...," in text
    assert "# an object: RandomSampler" in text
    assert "# 2 folds, from a splitter, pairs or groups" in text


# ---------- the verdict ----------


def test_the_interval_is_that_of_the_corrected_paired_test():
    made = optuna.create_study(direction="maximize")
    for scores in ([0.5, 0.6, 0.7], [0.6, 0.8, 0.7]):
        one = made.ask({"x": SPACES["rate"]})
        write_trial_record(one, TrialRecord(scores=scores))
        made.tell(one, float(np.mean(scores)))
    improvement = read_study(made).improvement()
    assert improvement.by_fold == pytest.approx([0.1, 0.2, 0])
    assert improvement.mean == pytest.approx(0.1)
    assert improvement.high - improvement.mean == pytest.approx(
        4.302653 * 0.1 * math.sqrt(1 / 3 + 1 / 2)
    )


def test_rows_kept_aside_have_a_panel_a_card_and_no_advice_to_keep_some():
    report = tf.report(holdout())
    panels = {panel.key: panel for panel in report.panels}
    said = panels["holdout"].note
    assert said.startswith("roc_auc 0.8 on 50 rows kept aside (0.75 to 0.86 at 95\xa0%); 0.91 in")
    assert "these were too good, by 0.11" in said
    assert "improvement over the defaults is +0.02 (-0.01 to +0.05), so it may be chance" in said
    assert "Trial 4 was better there by 0.01" in said
    assert ("kept aside", "0.8", "0.75 to 0.86 at 95\xa0%") in panels["verdict"].cards
    assert not any("keep rows aside" in warning for warning in panels["verdict"].warnings)
    assert tf.report(study()).panels[0].warnings[-1].endswith("keep rows aside.")
    assert "holdout" not in {panel.key for panel in tf.report(study()).panels}


def test_overtuning_is_how_much_an_earlier_leader_was_better_outside():
    frame = tf.report(holdout()).tables["holdout"]
    assert frame.index.tolist() == [0, 4, 9]
    assert frame["overtuned"].round(6).tolist() == [0.0, 0.0, 0.01]
    assert frame["optimism"].round(6).tolist() == [0.07, 0.09, 0.11]


def test_an_estimate_that_is_damaged_is_none():
    made = holdout()
    made.set_user_attr(OUTER, {**made.user_attrs[OUTER], "path": "gone"})
    assert "holdout" not in {panel.key for panel in tf.report(made).panels}


def test_a_gain_that_may_be_chance_is_called_so():
    made = optuna.create_study(direction="maximize")
    for scores in ([0.5, 0.6, 0.7], [0.9, 0.5, 0.7]):
        one = made.ask({"x": SPACES["rate"]})
        write_trial_record(one, TrialRecord(scores=scores))
        made.tell(one, float(np.mean(scores)))
    report = tf.report(made)
    assert "so the improvement may be chance" in report.panels[0].note
    assert "Better on 1 of 3 folds" in report.to_markdown()


def test_defaults_that_stay_the_best_are_said_to_be():
    made = plain(1, lambda trial: 1.0)
    assert "nothing was found to be better than the first trial" in tf.report(made).panels[0].note


def test_a_study_of_others_says_what_is_left_out():
    report = tf.report(study(60, ours=False))
    assert "folds" not in report.figures
    assert any("panel on folds is left out" in text for text in report.panels[0].warnings)
    assert "curves" in report.figures  # what was reported on the way
    assert "the first trial" in report.panels[0].note
    assert "defaults" not in report.to_markdown()


def test_the_share_that_the_sampler_modelled_is_told():
    made = study(9)
    write_header(made, replace(HEADER, modelled=0.5))
    assert any("modelled 50" in text for text in tf.report(made).panels[0].warnings)


# ---------- several studies, and what is refused ----------


def test_several_studies_are_compared_and_one_is_looked_into():
    report = tf.report([study(20), study(30, name="other")], "other")
    assert report.record.name == "other"
    assert report.tables["studies"].index.tolist() == ["churn", "other"]
    assert report.panels[0].key == "studies"
    assert len(report.figures["studies"].data) == 2
    assert "is ahead" in report.panels[0].note


@pytest.mark.parametrize("differs", ["scoring", "data", "folds"])
def test_studies_about_different_things_have_no_leader(differs):
    report = tf.report([study(20), study(20, ours=False, name="other")])
    assert "none is ahead" in report.panels[0].note
    other = study(20, name="other")
    write_header(other, replace(HEADER, **{differs: "another"}))
    note = tf.report([study(20), other]).panels[0].note
    assert "not known to share metric, table and folds" in note


def test_a_study_without_a_score_cannot_be_compared():
    assert (
        "fewer than two have a score"
        in tf.report([study(20), study(0, name="new")]).panels[0].note
    )


def test_a_result_reports_on_its_study():
    from types import SimpleNamespace

    made = study(9)
    result = tf.Result(made, *[SimpleNamespace()] * 2)
    assert result.report().record.name == "churn"
    assert tf.report(result).tables["trials"].equals(result.report().tables["trials"])


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (3, "a storage is needed; got int"),
        ([], "a study is needed; got none"),
        ([3], "got a int in it"),
        ("missing.db", "there is no file missing.db"),
        ("missing.journal", "there is no file missing.journal"),
        ("sqlite:///missing.db", "there is no file missing.db"),
    ],
)
def test_what_is_no_study_is_refused(x, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(tf.StudyError, match=says):
        tf.report(x)
    assert not list(tmp_path.iterdir())


def test_an_unknown_study_is_refused_with_a_guess():
    with pytest.raises(tf.StudyError, match="Did you mean 'churn'"):
        tf.report([study(2)], "chrun")


def test_several_objectives_are_refused():
    made = optuna.create_study(directions=["minimize", "minimize"])
    with pytest.raises(tf.TuneflowError, match="about one objective; got 2"):
        tf.report(made)


# ---------- words ----------


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("postgresql+psycopg://me:pw@host:5/db", "postgresql+psycopg://…@host:5/db"),
        ("sqlite:////home/me/a.db", "sqlite:…/a.db"),
        ("no /home/me/a b", "no …/a b"),
        ("File '/home/me/x.py', line 3", "File '…/x.py', line 3"),
        (r"C:\Users\me\x.csv", r"…\x.csv"),
        ("score a/b, 1/3, and/or", "score a/b, 1/3, and/or"),
        ("https://example.org/a/b", "https://example.org/a/b"),
    ],
)
def test_texts_lose_credentials_and_absolute_paths(text, told):
    assert words.plain(text) == told


@pytest.mark.parametrize("seconds", [0, 0.001, 0.5, 59.9, 3599, 3600, 1e5, 1e7, math.nan])
def test_durations_have_a_unit(seconds):
    assert words.duration(seconds) == "n/a" or words.duration(seconds)[-1] in "snh"
