"""One file that opens offline: small, always the same, and nothing in it but what it should be."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

import optuna
import pytest
from sklearn.datasets import load_diabetes
from studies import STUDIES, plain, study
from typer.testing import CliRunner

import tuneflow as tf
from tuneflow.cli import app as cli
from tuneflow.reporting.figures import style
from tuneflow.reporting.page import display, markup
from tuneflow.reporting.page.display import framed
from tuneflow.reporting.page.document import LIBRARY

MARKUP = "<script>alert(1)</script>"
SECRETS = ["hunter2", "/home/me", "me@", "C:\\Users"]


class Page(HTMLParser):
    """What stands in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.ids, self.headings, self.plots, self.grids = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        if tag in ("h1", "h2", "h3"):
            self.headings.append(int(tag[1]))
        if found.get("class") == "plot":
            self.plots.append((json.loads(found["data-spec"]), found["aria-label"]))
        if "data-rows" in found:
            self.grids.append(json.loads(found["data-rows"]))


def saved(report, tmp_path, plotly="directory"):
    return report.save(tmp_path / "page.html", plotly=plotly).read_text(encoding="utf-8")


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


def test_thinning_keeps_the_first_the_last_and_the_extremes():
    frame = tf.report(plain(500, lambda trial: (trial.number * 7919) % 501)).tables["trials"]
    kept = style.thin(frame, "score", 20)
    assert len(kept) <= 20
    assert {0, 499, frame["score"].idxmax(), frame["score"].idxmin()} <= set(kept.index)


def test_the_full_table_of_trials_is_there_once(tmp_path):
    found = Page(saved(tf.report(study(60)), tmp_path))
    grids = [grid for grid in found.grids if "kind" in grid["columns"]]
    assert len(grids) == 1
    columns = [column["at"] if isinstance(column, dict) else column for column in grids[0]["data"]]
    assert [len(column) for column in columns] == [60] * len(grids[0]["columns"])


# ---------- what figures show ----------


def test_pruned_failed_and_complete_trials_differ_in_colour_and_shape():
    spec = tf.report(study(60)).drawings["history"].spec
    marks = [trace["marker"] for trace in spec["data"] if trace["mode"] == "markers"]
    assert len(marks) == 3
    for part in ("color", "symbol"):
        assert len({mark[part] for mark in marks}) == 3
    assert spec["layout"]["annotations"][0]["text"] == "defaults"


def test_log_parameters_have_log_axes_and_shaded_edges():
    report = tf.report(study(60))
    rate, leaves, kind = (report.drawings[f"slice:{n}"].spec for n in ("rate", "leaves", "kind"))
    assert rate["layout"]["xaxis"]["type"] == "log"
    assert "type" not in leaves["layout"]["xaxis"]
    assert [shape["x0"] for shape in leaves["layout"]["shapes"]] == [2, 64 - 62 * 0.05]
    assert rate["layout"]["shapes"][0]["x1"] == pytest.approx(0.01 * 100**0.05)
    assert kind["layout"]["xaxis"]["ticktext"] == ["a", "b", "None"]


def test_inactive_trials_are_shown_as_inactive():
    report = tf.report(study(60))
    frame = report.tables["trials"].query("state == 'complete'")
    traces = {trace["name"]: trace for trace in report.drawings["slice:depth"].spec["data"]}
    assert len(traces["inactive"]["x"]) == frame["depth"].isna().sum()
    assert traces["inactive"]["xaxis"] == "x2"


def test_curves_end_where_trials_were_pruned():
    report = tf.report(study(60))
    traces = report.drawings["curves"].spec["data"]
    ends = next(t for t in traces if t["name"] == "pruned" and t["mode"] == "markers")
    pruned = report.tables["trials"].query("state == 'pruned'")
    assert sorted(ends["customdata"]) == sorted(pruned.index)
    assert set(ends["x"]) == {4}


@pytest.mark.parametrize(
    "recipe", ["knn", "svm"]
)  # in turn from the first fold on, or after a few
def test_curves_over_folds_can_be_written(recipe, tmp_path):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    report = tf.tune(X, y, recipe, n_trials=6, pruner="none").report()
    plots = Page(saved(report, tmp_path)).plots
    assert [
        words for _, words in plots if words.startswith("Learning curves of 6 trials by folds")
    ]


def test_the_contour_is_about_the_two_most_important_only():
    report = tf.report(study(60))
    first, second = report.tables["parameters"].index[:2]
    layout = report.drawings["contour"].spec["layout"]
    assert layout["xaxis"]["title"]["text"] == first
    assert layout["yaxis"]["title"]["text"] == second


# ---------- names are text ----------


def hostile(trial: optuna.Trial) -> float:
    x = trial.suggest_float(MARKUP, 0, 1)
    kinds = [MARKUP, "/home/me/data.csv", "sqlite://me:hunter2@host/x", "' onload='a", "%{x}"]
    trial.suggest_categorical("kind", kinds)
    trial.report(x, 1)
    trial.report(x, 2)
    return x


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


def test_markdown_makes_nothing_of_names():
    text = tf.report(plain(3, hostile, study_name="# a | <b>")).to_markdown()
    assert text.startswith("# \\# a \\| \\<b\\>\n")


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


def test_attributes_and_texts_are_escaped_where_they_become_text():
    shown = markup.html(markup.node("p", "<b>&", title="'<\"&"))
    assert shown == "<p title='&#39;&lt;\"&amp;'>&lt;b&gt;&amp;</p>"


# ---------- the shell ----------


@pytest.fixture
def storage(tmp_path):
    path = tmp_path / "churn.db"
    made = f"sqlite:///{path}"
    study(12, storage=made)
    study(9, name="older", storage=made)
    return path


def run(*words):
    return CliRunner().invoke(cli.app, [str(word) for word in words])


def test_the_shell_writes_a_page_and_all_tables(storage, tmp_path):
    out, tables = tmp_path / "new" / "page.html", tmp_path / "tables"
    done = run("report", storage, "--study", "churn", "--out", out, "--tables", tables)
    assert done.exit_code == 0, done.output
    assert "churn: Trial" in done.output
    assert "1 more in the storage" in done.output
    assert "<h1>churn</h1>" in out.read_text(encoding="utf-8")
    assert {path.name for path in tables.iterdir()} == {
        f"{name}.csv" for name in tf.report(storage).tables
    }


def test_tables_come_as_parquet_too(storage, tmp_path):
    import pandas as pd

    done = run(
        "report", storage, "--out", tmp_path / "p.md", "--tables", tmp_path, "--format", "parquet"
    )
    assert done.exit_code == 0, done.output
    assert (tmp_path / "p.md").read_text(encoding="utf-8").startswith("# ")
    for name, frame in tf.report(storage).tables.items():
        assert len(pd.read_parquet(tmp_path / f"{name}.parquet")) == len(frame)


def test_the_shell_refuses_what_is_not_there(storage, tmp_path):
    done = run("report", tmp_path / "no.db", "--out", tmp_path / "page.html")
    assert done.exit_code == 2
    assert "there is no file" in done.output
    done = run("report", storage, "--study", "chrun", "--out", tmp_path / "page.html")
    assert done.exit_code == 2
    assert "Did you mean 'churn'" in done.output
    assert not (tmp_path / "page.html").exists()
