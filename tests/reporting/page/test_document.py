"""One file that opens offline: small, always the same, and nothing in it but what it should be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import pytest
from pages import MARKUP, Page, hostile, saved
from studies import STUDIES, plain, study

import tuneflow as tf
from tuneflow.reporting.figures import style
from tuneflow.reporting.page import document as display
from tuneflow.reporting.page.document import LIBRARY, framed

SECRETS = ["hunter2", "/home/me", "me@", "C:\\Users"]


@pytest.fixture(params=STUDIES)
def page(request, tmp_path):
    return saved(tf.report(STUDIES[request.param]()), tmp_path)


# ---------- laws over all kinds of studies ----------


def test_every_figure_has_words_and_a_table_behind_it(page):
    found = Page(page)
    for spec, alt in found.plots:
        assert alt
        assert spec["data"] is not None
    figures = sum(tag == "figure" for tag, _ in found.tags)
    assert figures == len(found.plots)
    for section in re.split(r"<section", page)[1:]:
        if "<figure" in section:
            assert "<details><summary>Table: " in section


def test_headings_landmarks_and_anchors_are_whole(page):
    found = Page(page)
    tags = [tag for tag, _ in found.tags]
    assert found.headings[0] == 1
    assert set(found.headings[1:]) == {2}
    assert {"header", "nav", "main"} <= set(tags)
    assert len(found.ids) == len(set(found.ids))
    links = [attrs["href"] for tag, attrs in found.tags if tag == "a"]
    assert {link.removeprefix("#") for link in links} <= set(found.ids)
    labels = [attrs.get("aria-labelledby") for tag, attrs in found.tags if tag == "section"]
    assert set(labels) <= set(found.ids)


def test_nothing_is_loaded_from_outside(page):
    for _, attrs in Page(page).tags:
        for key in ("src", "href"):
            assert attrs.get(key, "#").startswith(("#", LIBRARY))


# ---------- the file ----------


def test_the_same_study_gives_the_same_bytes(tmp_path):
    one, two = (saved(tf.report(study(60)), tmp_path, "inline") for _ in range(2))
    assert one == two


def test_plotly_is_in_the_page_once_beside_it_or_on_the_web(tmp_path):
    report = tf.report(study(9))
    inline = saved(report, tmp_path / "a", "inline")
    assert inline.count("plotly.js v") == 1
    assert not (tmp_path / "a" / LIBRARY).exists()
    beside = saved(report, tmp_path / "b", "directory")
    assert len(beside) < 200_000
    assert (tmp_path / "b" / LIBRARY).stat().st_size > 4e6
    web = saved(report, tmp_path / "c", "cdn")
    assert re.search(r'src="https://cdn.plot.ly/plotly-[\d.]+min.js" integrity="sha256-', web)


@pytest.mark.slow
def test_ten_thousand_trials_fit_into_eight_megabytes_and_say_what_is_drawn(tmp_path):
    def objective(trial):
        numbers = [trial.suggest_float(f"parameter_{i}", 1e-3, 1, log=i % 2) for i in range(12)]
        return sum(numbers) + numbers[0] * numbers[1]

    report = tf.report(plain(10_000, objective))
    path = report.save(tmp_path / "page.html")
    assert path.stat().st_size < 8e6
    for drawing in report.drawings.values():
        for trace in drawing.spec["data"]:
            assert len(trace.get("x", ())) <= style.MOST
    note = report.drawings["history"].note
    drawn = int(note.partition(" of 10,000 trials are drawn")[0].replace(",", ""))
    assert 1_990 < drawn <= style.MOST
    best = report.record.best
    assert best.number in report.drawings["history"].spec["data"][0]["customdata"]


def test_the_full_table_of_trials_is_there_once(tmp_path):
    found = Page(saved(tf.report(study(60)), tmp_path))
    grids = [grid for grid in found.grids if "kind" in grid["columns"]]
    assert len(grids) == 1
    columns = [column["at"] if isinstance(column, dict) else column for column in grids[0]["data"]]
    assert [len(column) for column in columns] == [60] * len(grids[0]["columns"])


# ---------- names are text ----------


def test_names_from_storage_stay_text(tmp_path):
    page = saved(tf.report(plain(40, hostile, study_name=MARKUP)), tmp_path)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert [tag for tag, _ in Page(page).tags].count("script") == 2  # plotly.js and the page's own
    assert not any(key.startswith("on") for _, attrs in Page(page).tags for key in attrs)
    for spec, _ in Page(page).plots:
        if spec["data"][0]["type"] != "parcoords":  # takes ticks as they are; seen in a browser
            assert "<script>" not in json.dumps(spec)


def test_no_credentials_and_no_absolute_paths_reach_the_page(tmp_path):
    made = plain(40, hostile, study_name="postgresql://me:hunter2@host/db")
    report = tf.report(made)
    for text in (saved(report, tmp_path), report.to_markdown()):
        for secret in SECRETS:
            assert secret not in text


def test_no_other_script_may_run_in_the_page(tmp_path):
    for plotly in ("inline", "directory", "cdn"):
        page = saved(tf.report(study(3)), tmp_path, plotly)
        policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)[1]
        scripts = policy.partition("script-src")[2]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in scripts
        assert "sha256-" in scripts


def test_a_page_in_a_notebook_is_apart_from_the_notebook():
    frame = framed('<p title="a">\'</p>')
    assert 'sandbox="allow-scripts"' in frame
    assert "<p title" not in frame


def test_a_report_is_shown_in_the_browser_or_below_the_cell(monkeypatch):
    opened, below = [], []
    monkeypatch.setattr("webbrowser.open", opened.append)
    report = tf.report(study(3))
    monkeypatch.setattr(display, "notebook_shell", lambda: None)
    report.show()
    path = Path(unquote(urlsplit(opened[0]).path))
    assert "<h1>churn</h1>" in path.read_text(encoding="utf-8")
    path.unlink()
    shell = SimpleNamespace(display_pub=SimpleNamespace(publish=below.append))
    monkeypatch.setattr(display, "notebook_shell", lambda: shell)
    report.show()
    assert below[0]["text/html"].startswith("<iframe")
