"""Texts from a storage lose what no page may show; numbers are short."""

from __future__ import annotations

import math

import pytest

from tuneflow.reporting import format as fmt


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
    assert fmt.plain(text) == told


@pytest.mark.parametrize("seconds", [0, 0.001, 0.5, 59.9, 3599, 3600, 1e5, 1e7, math.nan])
def test_durations_have_a_unit(seconds):
    assert fmt.duration(seconds) == "n/a" or fmt.duration(seconds)[-1] in "snh"
