"""Headers say what two calls have to agree on, and which libraries wrote them."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from importlib.metadata import PackageNotFoundError

import optuna
import pytest
from storage.test_user_attrs import HEADER

import tuneflow as tf
from tuneflow.storage import records as room
from tuneflow.storage.records import Header

TOLD = {"recipe_json", "rows", "columns", "n_folds", "cv", "modelled", "notes", "versions"}
TOLD |= {"ratio", "test_size", "task_reason", "baseline", "column_digests", "row_digests"}
OTHER = {str: "other", int: 99, bool: True, float: 0.5, tuple: ("other",), dict: {"numpy": "0"}}


@pytest.mark.parametrize("name", [field.name for field in fields(Header)])
def test_headers_differ_in_what_makes_scores_comparable_and_in_nothing_else(name):
    value = getattr(HEADER, name)
    other = replace(HEADER, **{name: OTHER[type(value)]})
    differences = HEADER.differences(other)
    assert len(differences) == (name not in TOLD)
    assert all(line.startswith(f"{name}: {value!r} there") for line in differences)


def test_the_header_names_the_versions_that_wrote_it():
    assert HEADER.versions["optuna"] == optuna.__version__


def test_a_library_without_metadata_is_told_as_it_tells_itself(monkeypatch):
    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(room, "version", missing)
    monkeypatch.delitem(sys.modules, "xgboost", raising=False)
    versions = replace(HEADER, versions=room._versions()).versions
    assert versions["tuneflow"] == tf.__version__
    assert versions["xgboost"] == "unknown"
