"""The page of a comparison: made from its frames, with everything that was asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from comparison.test_compare import double, rows, run

import tuneflow as tf
from tuneflow.reporting.comparison import by_seconds, by_trial

__all__ = ["double"]


@pytest.mark.usefixtures("double")
def test_a_page_has_all_panels_and_opens_offline(tmp_path):
    report = run(samplers=["random", "tpe", "qmc"], n_trials=5).report()
    keys = [panel.key for panel in report.panels]
    assert keys == ["verdict", "anytime", "final", "ranks", "overhead", "pairs"]
    page = report.save(tmp_path / "cmp.html", plotly="directory").read_text(encoding="utf-8")
    assert "not separable" in page
    assert all(f"id='{key}'" in page for key in keys)
    assert "not separable" in report.to_markdown()


@pytest.mark.usefixtures("double")
def test_plotly_accepts_every_figure():
    figures = run(samplers=["random", "tpe", "qmc"], n_trials=5).report().figures
    assert list(figures) == ["anytime", "anytime_seconds", "final", "critical", "overhead"]
    buttons = figures["anytime"].layout.updatemenus[0].buttons
    assert [button.label for button in buttons] == ["score", "log regret"]


@pytest.mark.usefixtures("double")
def test_notes_say_what_was_found():
    report = run(samplers=["random", "tpe", "qmc"], n_trials=5).report()
    notes = {panel.key: panel.note for panel in report.panels}
    assert notes["anytime"].startswith("Median over runs after 3 and 5 trials: random ")
    assert notes["ranks"].startswith("Mean rank over common seeds, 1 is best: ")
    assert notes["pairs"].startswith("None is separable, of 3 pairs.")


@pytest.mark.usefixtures("double")
def test_ranking_and_pairs_are_at_hand_and_other_tables_folded(tmp_path):
    page = run(n_trials=5).report().save(tmp_path / "a.html", plotly="cdn").read_text()
    sections = {part.split("'", 1)[0]: part for part in page.split("<section id='")[1:]}
    folded = {key for key, part in sections.items() if "<details>" in part}
    assert folded == {"anytime", "final", "ranks", "overhead"}
    assert all("<table" in part for part in sections.values())


@pytest.mark.usefixtures("double")
def test_a_suite_has_a_page_and_so_has_each_table(tmp_path):
    X, y = rows()
    comparison = run(X={"one": (X, y), "<two>": (X, 2 * y)}, y=None, n_seeds=1)
    pages = [comparison.report(), comparison.report("<two>")]
    first, second = (page.save(tmp_path / "a.html", plotly="cdn").read_text() for page in pages)
    assert "&lt;two&gt;" in first
    assert "Each table" in first
    assert "Each table" not in second
    assert list(pages[0].tables["each"]["table"]) == ["one", "<two>"]
    assert "<two>" not in second


@pytest.mark.usefixtures("double")
def test_report_takes_a_comparison_too(tmp_path):
    comparison = run(n_seeds=1)
    pages = [comparison.report(), tf.report(comparison)]
    first, second = (page.save(tmp_path / "a.html", plotly="cdn").read_bytes() for page in pages)
    assert first == second


@pytest.mark.usefixtures("double")
def test_what_samplers_cost_is_not_told_of_trials_side_by_side():
    found = run(n_trials=5)
    kept = found.runs["seconds_sampler"].where(found.runs["contender"] == "tpe")
    some = replace(found, runs=found.runs.assign(seconds_sampler=kept)).report()
    notes = {panel.key: panel.note for panel in some.panels}
    assert notes["overhead"].startswith("Proposing and writing takes, of a run: tpe ")
    assert "random" not in notes["overhead"]
    assert list(some.figures["overhead"].data[0].y) == ["tpe"]
    none = replace(found, runs=found.runs.assign(seconds_sampler=np.nan)).report()
    assert "overhead" not in {panel.key for panel in none.panels}


@pytest.mark.usefixtures("double")
def test_a_single_run_has_no_spread():
    report = run(n_seeds=1).report()
    [note] = [panel.note for panel in report.panels if panel.key == "final"]
    assert note.startswith("Median over runs: random ")
    assert "nan" not in note
    assert "±" not in note


@pytest.mark.usefixtures("double")
def test_ranks_and_their_critical_difference_are_of_the_same_seeds():
    found = run(samplers=["random", "tpe", "qmc"], n_seeds=3)
    seeds = found.runs["seed"]
    more = replace(found, runs=found.runs[(found.runs["contender"] != "qmc") | (seeds < 2)])
    first = replace(found, runs=found.runs[seeds < 2])
    assert more.report().ranks.equals(first.report().ranks)
    assert more.report().difference == first.report().difference
    apart = replace(found, runs=found.runs[(found.runs["contender"] != "qmc") ^ (seeds > 1)])
    assert apart.report().ranks.empty
    assert "ranks" not in {panel.key for panel in apart.report().panels}


def test_bands_are_quartiles_of_what_was_known():
    steps = pd.DataFrame(
        {
            "table": "",
            "contender": "a",
            "seed": [0, 0, 0, 1],
            "trial": [1, 2, 3, 1],
            "seconds": [1.0, 2.0, 3.0, 1.0],
            "best": [1.0, 2.0, 3.0, 5.0],
            "regret": [4.0, 3.0, 2.0, 0.0],
        }
    )
    bands = by_trial(steps)
    assert bands["median"].tolist() == [3.0, 3.5, 4.0]
    assert bands["at"].tolist() == [1, 2, 3]
    last = by_seconds(steps).iloc[-1]
    assert last["regret_median"] == 1.0
    assert np.isfinite(last["low"])


def test_a_run_without_a_score_yet_leaves_the_median_open():
    steps = pd.DataFrame(
        {
            "table": "",
            "contender": "a",
            "seed": [0, 0, 1, 1],
            "trial": [1, 2, 1, 2],
            "seconds": [1.0, 2.0, 1.0, 2.0],
            "best": [1.0, 2.0, np.nan, 4.0],
            "regret": [3.0, 2.0, np.nan, 0.0],
        }
    )
    assert by_trial(steps)["median"].isna().tolist() == [True, False]
    assert by_trial(steps)["median"].tolist()[1] == 3.0


def test_no_runs_have_no_bands():
    columns = ["table", "contender", "seed", "trial", "seconds", "best", "regret"]
    empty = pd.DataFrame(columns=columns)
    assert by_trial(empty).empty
    assert list(by_seconds(empty).columns)[:5] == ["contender", "at", "low", "median", "high"]
