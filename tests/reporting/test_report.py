"""Laws over every kind of study that a storage may hold, and what `report` takes and refuses."""

from __future__ import annotations

import optuna
import plotly.graph_objects as go
import pytest
from studies import STUDIES, study

import tuneflow as tf

COLUMNS = {
    "trials": "state score rank improvement last ended error budget seconds seconds_fit "
    "seconds_score started rate leaves kind depth",
    "folds": "number fold score improvement",
    "holdout": "inner holdout optimism overtuned",
    "rungs": "number rung folds budget score",
    "best": "default best difference",
    "parameters": "kind low high log choices default best top_low top_high top_choice edge active "
    "importance importance_error importance_top importance_top_error",
    "cost": "trials seconds seconds_fit seconds_score seconds_other saved",
    "timeline": "number state worker start end",
    "failures": "trials first message parameters",
    "studies": "made_by recipe scoring direction best best_trial trials complete pruned fail "
    "running waiting sampler pruner updated",
    "header": "value",
}


@pytest.fixture(params=STUDIES)
def any_study(request):
    return STUDIES[request.param]()


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


def test_several_studies_are_compared_and_one_is_looked_into():
    report = tf.report([study(20), study(30, name="other")], "other")
    assert report.record.name == "other"
    assert report.tables["studies"].index.tolist() == ["churn", "other"]
    assert report.panels[0].key == "studies"
    assert len(report.figures["studies"].data) == 2
    assert "is ahead" in report.panels[0].note


def test_a_result_reports_on_its_study():
    from types import SimpleNamespace

    made = study(9)
    result = tf.Result(made, *[SimpleNamespace()] * 4)
    assert result.report().record.name == "churn"
    assert tf.report(result).tables["trials"].equals(result.report().tables["trials"])


@pytest.mark.parametrize(
    ("x", "says"),
    [
        (3, "a storage is needed; got int"),
        ([], "a study is needed; got none"),
        ([3], "a storage is needed; got int"),
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
