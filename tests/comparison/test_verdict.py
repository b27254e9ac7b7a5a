"""The verdict on constructed cases: tables of scores stand in for tuning."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from tuneflow.comparison import ranking
from tuneflow.comparison.verdict import Verdict

NAN = math.nan


def runs(scores, table="", default=0.0):
    """Runs that came to these scores; NaN failed, None has not run."""
    found = [
        {
            "table": table,
            "contender": name,
            "seed": seed,
            "state": "failed" if math.isnan(score) else "done",
            "score": score,
            "default": default,
            "trials": 3,
        }
        for name, column in scores.items()
        for seed, score in enumerate(column)
        if score is not None
    ]
    return pd.DataFrame(found, columns=ranking.RUN)


def verdict(scores):
    return Verdict.of(runs(scores)).sentence()


def drawn(rng, contenders, seeds, lead=0.0):
    """Scores that share the difficulty of their seed; the first contender may lead."""
    folds = rng.normal(size=seeds)
    return {
        f"c{i}": list(folds + 0.3 * rng.normal(size=seeds) + lead * (i == 0))
        for i in range(contenders)
    }


@pytest.mark.parametrize("seeds", [2, 5, 12])
@pytest.mark.parametrize("contenders", [2, 4])
def test_identical_contenders_are_not_separable_in_95_of_100(contenders, seeds):
    rng = np.random.default_rng([contenders, seeds])
    said = [verdict(drawn(rng, contenders, seeds)) for _ in range(100)]
    assert sum("ahead" not in words for words in said) >= 95
    assert all("not separable" in words for words in said if "ahead" not in words)


@pytest.mark.parametrize("noise", ["heavy", "skewed", "coarse"])
def test_so_it_is_where_scores_are_not_normal(noise):
    rng = np.random.default_rng(1)
    draw = {
        "heavy": lambda: rng.standard_t(3, 5),
        "skewed": lambda: rng.lognormal(size=5),
        "coarse": lambda: np.round(rng.normal(size=5)),
    }[noise]
    said = [verdict({"a": list(draw()), "b": list(draw())}) for _ in range(100)]
    assert sum("ahead" not in words for words in said) >= 95


@pytest.mark.parametrize(("contenders", "seeds"), [(2, 5), (2, 8), (4, 8)])
def test_a_clear_winner_is_found(contenders, seeds):
    rng = np.random.default_rng(0)
    said = [verdict(drawn(rng, contenders, seeds, lead=2.0)) for _ in range(20)]
    assert all(words.startswith("c0 is ahead of") for words in said)
    assert all(f"{seeds} seeds; median improvement" in words for words in said)


def test_a_winner_is_told_with_p_seeds_and_lift():
    assert verdict({"tpe": [0.83, 0.842, 0.85, 0.834, 0.841], "random": [0.82] * 5}) == (
        "tpe is ahead of random (p = 0.005, paired t-test, 5 seeds; median improvement 0.021)."
    )


def test_ties_are_told_as_such():
    same = [1.0, 2.0, 3.0, 4.0]
    assert "came out the same with every seed" in verdict({"a": same, "b": same})
    assert "came out the same with every seed" in verdict({"a": same, "b": same, "c": same})


def test_a_gap_that_is_not_separable_says_how_many_seeds_would_be_needed():
    words = verdict({"a": [1.0, 2.3, 3.1, 4.2, 5.1], "b": [1.1, 2.0, 3.0, 4.0, 4.9]})
    assert words == "a and b are not separable with 5 seeds; about 15 would be needed."


def test_no_difference_at_all_needs_more_seeds_than_there_are():
    words = verdict({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.1, 1.9, 3.1, 3.9]})
    assert "more than 1000 would be needed" in words


def test_scores_that_do_not_vary_are_one_observation():
    assert "3 seeds are one observation" in verdict({"a": [1.0] * 3, "b": [2.0] * 3})


def test_one_seed_separates_nothing():
    assert "not separable with 1 seed" in verdict({"a": [1.0], "b": [9.0]})


def test_a_contender_that_always_fails_never_wins_and_is_not_tested():
    found = runs({"a": [1.0, 2.0, 3.0], "b": [NAN] * 3, "c": [1.1, 1.9, 3.1]})
    assert "b" not in Verdict.of(found).sentence().split()
    ranks, wins = ranking.ranks(found)
    assert ranks["b"] == 3
    assert wins["b"] == 0
    assert verdict({"a": [1.0, 2.0], "b": [NAN] * 2}).startswith("only a came to a score")
    assert verdict({"a": [NAN], "b": [NAN]}).startswith("no contender came to a score")


def test_different_lengths_are_compared_on_what_they_share():
    judged = Verdict.of(runs({"a": [1.0, 2, 3, 4, 5, 6], "b": [0.8, 1.9, 2.7, None, None, None]}))
    assert judged.pairs["n"].tolist() == [3]
    assert "with 3 seeds" in judged.sentence()
    assert "no seed in common" in verdict({"a": [1.0, None], "b": [None, 1.0]})


def test_contenders_that_share_seeds_are_compared_whoever_shares_none():
    words = verdict({"a": [1.0, 2.3, None], "b": [1.1, 2.0, None], "c": [None, None, 9.0]})
    assert words.startswith("a and b are not separable with 2 seeds; ")
    assert words.endswith("; a has no seed in common with c.")
    assert verdict({"a": [3.0, None, None], "b": [None, 2.0, None], "c": [None, None, 1.0]}) == (
        "a has no seed in common with b and c."
    )


def test_a_contender_of_which_no_run_has_ended_is_not_judged():
    found = runs({"a": [1.0, 2.3, 3.1], "b": [1.1, 2.0, 3.0], "c": [NAN], "d": [NAN]})
    found.loc[found["contender"] == "c", "state"] = "open"
    judged = Verdict.of(found)
    assert list(judged.scores) == ["a", "b"]
    assert judged.sentence().startswith("a and b are not separable with 3 seeds; ")
    assert judged.sentence().endswith("; c has no score yet.")
    found.loc[found["contender"] == "b", "state"] = "open"
    assert Verdict.of(found).sentence() == (
        "only a came to a score; there is nothing to compare; b and c have no score yet."
    )
    everything = Verdict.of(found.assign(state="open"))
    assert everything.sentence() == (
        "there is nothing to compare; a, b, c and d have no score yet."
    )


def test_ranks_are_those_of_seeds_that_all_have():
    judged = Verdict.of(runs({"a": [1.0, 2.0, 5.0], "b": [2.0, 3.0, 1.0], "c": [3.0, 4.0, None]}))
    assert judged.ranks.to_dict() == {"a": 3, "b": 2, "c": 1}
    assert judged.order == ["c", "b", "a"]
    lone = Verdict.of(runs({"a": [2.0, None], "b": [None, 1.0]}))
    assert lone.ranks.isna().all()
    assert lone.order == ["a", "b"]


def test_of_several_a_leader_may_be_ahead_of_some_only():
    rng = np.random.default_rng(0)
    base = rng.normal(size=12)
    words = verdict(
        {
            "a": list(base + 1 + 0.1 * rng.normal(size=12)),
            "b": list(base + 1 + 0.1 * rng.normal(size=12)),
            "c": list(base + 0.1 * rng.normal(size=12)),
        }
    )
    assert "ahead of c (p < 0.001" in words or "ahead of c (p = 0.00" in words
    assert "are not separable with 12 seeds" in words


def test_of_a_suite_tables_are_the_blocks():
    rng = np.random.default_rng(0)
    tables = [
        runs({"a": list(5 + rng.normal(size=3)), "b": list(rng.normal(size=3))}, f"t{i}", -9.0)
        for i in range(8)
    ]
    words = Verdict.of(pd.concat(tables)).sentence()
    assert words.startswith("a is ahead of b (p = 0.0078, Wilcoxon, 8 tables")
