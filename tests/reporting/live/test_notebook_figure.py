"""A figure below a notebook's cell that follows a study."""

from __future__ import annotations

import nbformat
import pytest
from doubles import rows
from nbclient import NotebookClient

import tuneflow as tf

CODE = """
import tuneflow as tf
from sklearn.datasets import load_iris
X, y = load_iris(return_X_y=True)
tf.tune(X, y, "knn", n_trials=6, progress="live");
"""


def test_a_figure_below_the_cell_follows_the_study_to_its_end():
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CODE)])
    NotebookClient(book, timeout=120).execute()
    shown = [o["data"] for o in book.cells[0].outputs if o["output_type"] == "display_data"]
    drawn = [data for data in shown if "application/vnd.plotly.v1+json" in data]
    assert len(drawn) == 1  # updated, not repeated
    traces = drawn[0]["application/vnd.plotly.v1+json"]["data"]
    numbers = {x for trace in traces if trace["name"] != "best so far" for x in trace["x"]}
    assert {0, 1, 2, 3, 4, 5} <= numbers


def test_outside_a_notebook_live_is_refused_before_the_first_trial():
    with pytest.raises(tf.SearchError, match="needs a notebook"):
        tf.tune(*rows(), "knn", progress="live")
