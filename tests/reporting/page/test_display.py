"""A page is shown where the reader is."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote, urlsplit

from studies import study

import tuneflow as tf
from tuneflow.reporting.page import display
from tuneflow.reporting.page.display import framed


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
