"""Frames of runs and trials, made by hand, to scores side by side, ranks and what it took."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from comparison.test_verdict import NAN, runs

from tuneflow.comparison import ranking


def steps(scores, seed=0, name="a"):
    """Trials of a run with these scores."""
    frame = pd.DataFrame({"score": scores, "best": scores, "trial": range(1, len(scores) + 1)})
    frame["best"] = frame["score"].cummax()
    return frame.assign(table="", contender=name, seed=seed, seconds=1.0)[ranking.STEP]


def test_a_run_that_failed_counts_as_the_worst_of_its_table():
    scores = ranking.blocks(runs({"a": [3.0, 4.0, 2.0], "b": [3.1, NAN, 2.1]}))
    assert list(scores["b"]) == [3.1, 2.0, 2.1]


def test_rounds_that_are_shared_are_won_in_parts_and_who_failed_is_last():
    ranks, wins = ranking.ranks(runs({"a": [2.0, 2.0], "b": [2.0, 1.0], "c": [NAN, 3.0]}))
    assert ranks.to_dict() == {"a": (1.5 + 2) / 2, "b": (1.5 + 3) / 2, "c": 2.0}
    assert wins.to_dict() == {"a": 0.5, "b": 0.5, "c": 1.0}


def test_scores_of_a_suite_are_0_for_the_defaults_and_1_for_the_best():
    both = pd.concat([runs({"a": [3.0], "b": [2.0]}, "x", 1.0), runs({"a": [0.0]}, "y", 1.0)])
    assert ranking.normalised(both)["score"].tolist() == [1.0, 0.5, 0.0]


def test_regret_is_the_distance_from_the_best_known_on_a_table():
    ended = runs({"a": [3.0, NAN]})
    trials = pd.concat([steps([1.0, 3.0]), steps([9.0], seed=1)])
    assert ranking.with_regret(ended, trials)["regret"].tolist() == [2.0, 0.0]


def test_trials_until_better_than_the_defaults_are_missing_if_half_the_runs_were_never():
    ended = runs({"a": [3.0, 1.0], "b": [3.0, 4.0]}, default=1.0)
    trials = [steps([1.0, 2.0, 3.0]), steps([1.0], seed=1)]
    trials += [steps([1.0, 3.0], name="b"), steps([1.0, 3.5, 4.0], seed=1, name="b")]
    table = ranking.ranking(ended, pd.concat(trials))
    assert math.isnan(table.loc["a", "trials_to_improvement"])
    assert table.loc["b", "trials_to_improvement"] == 2
    assert table.index.tolist() == ["b", "a"]


@pytest.mark.parametrize(
    ("states", "failed", "waiting"),
    [
        (["failed", "failed"], ["a"], []),
        (["failed", "open"], ["a"], []),
        (["failed", "done"], [], []),
        (["open", "open"], [], ["a"]),
    ],
)
def test_who_failed_in_all_runs_that_ended_is_not_who_waits(states, failed, waiting):
    both = runs({"a": [1.0, 1.0]}).assign(state=states)
    assert ranking.failed(both) == failed
    assert ranking.waiting(both) == waiting
