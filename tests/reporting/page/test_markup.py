"""Elements become text in one place, which escapes them."""

from __future__ import annotations

from tuneflow.reporting.page import markup


def test_attributes_and_texts_are_escaped_where_they_become_text():
    shown = markup.html(markup.node("p", "<b>&", title="'<\"&"))
    assert shown == "<p title='&#39;&lt;\"&amp;'>&lt;b&gt;&amp;</p>"
