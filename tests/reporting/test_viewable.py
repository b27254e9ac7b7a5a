"""A report as Markdown."""

from __future__ import annotations

from pages import hostile
from studies import plain

import tuneflow as tf


def test_markdown_makes_nothing_of_names():
    text = tf.report(plain(3, hostile, study_name="# a | <b>")).to_markdown()
    assert text.startswith("# \\# a \\| \\<b\\>\n")
