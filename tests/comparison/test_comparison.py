"""What a comparison says of its runs: remarks, a table, curves, and a suite's rank over tables."""

from __future__ import annotations

import warnings

import numpy as np
import optuna
import pytest
from comparison.test_compare import double, run
from doubles import RECIPE, rows

import tuneflow as tf

__all__ = ["double"]


@pytest.mark.usefixtures("double")
def test_samplers_without_variance_are_said_to_be_so():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        qmc = optuna.samplers.QMCSampler(warn_independent_sampling=False)
    halves = [(np.arange(20), np.arange(20, 40)), (np.arange(20, 40), np.arange(20))]
    comparison = run(
        samplers={"grid": "grid", "qmc": qmc, "random": "random"}, cv=halves, n_trials=20
    )
    remarks = "\n".join(comparison.remarks)
    assert "sampler of grid tries the same points" in remarks
    assert "grid has no variance between its 2 seeds" in remarks
    assert "sampler of random" not in remarks


@pytest.mark.usefixtures("double")
def test_qmc_that_is_not_scrambled_is_said_to_try_the_same_points():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        qmc = optuna.samplers.QMCSampler()
    recipe = RECIPE.replace(space={"kind": None, "n": None}, fixed={"kind": "a"})
    both = {"plain": qmc, "scrambled": "qmc"}
    mixture = {name: {"recipe": recipe, "sampler": sampler} for name, sampler in both.items()}
    remarks = "\n".join(run(contenders=mixture, n_trials=9).remarks)
    assert "sampler of plain tries the same points" in remarks
    assert "sampler of scrambled" not in remarks


@pytest.mark.usefixtures("double")
def test_the_table_and_the_curves_have_what_was_asked_for():
    comparison = run(n_trials=6)
    table, curves = comparison.table(), comparison.curves()
    assert list(table.columns) == [
        *("runs", "failed", "mean", "median", "spread", "rank", "wins", "trials_to_improvement"),
        *("trials_to_best", "trials", "seconds", "seconds_sampler", "modelled"),
    ]
    assert (table["seconds_sampler"] <= table["seconds"]).all()
    assert table["wins"].sum() == 2
    assert len(curves) == 2 * 2 * 6
    last = curves.groupby(["contender", "seed"])["best"].last()
    scores = comparison.runs.set_index(["contender", "seed"])["score"]
    assert last.sort_index().equals(scores.sort_index().rename("best"))
    assert curves.groupby(["contender", "seed"])["seconds"].is_monotonic_increasing.all()


@pytest.mark.usefixtures("double")
def test_a_suite_ranks_over_tables():
    X, y = rows()
    suite = {"one": (X, y), "two": (X, 2 * y), "three": (X, 3 * y)}
    comparison = run(X=suite, y=None, n_seeds=1)
    assert "over 3 tables: " in comparison.verdict
    assert comparison.verdict.count("\n") == 3
    assert comparison.table()["mean"].max() <= 1
    assert (comparison.table("two")["median"] < 0).all()
    assert set(comparison.curves("two")["table"]) == {"two"}
    with pytest.raises(tf.StudyError, match="no table 'four'"):
        comparison.table("four")
