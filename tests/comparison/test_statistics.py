"""The tests behind a verdict: SciPy's where they are equal, and with the power that is claimed."""

from __future__ import annotations

import math
import warnings
from itertools import product

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from tuneflow.comparison import statistics


def vectors():
    """200 vectors of differences: without ties, with ties, with zeros, with both."""
    rng = np.random.default_rng(0)
    for at in range(200):
        differences = rng.normal(0.3, 1, int(rng.integers(2, 31)))
        if at % 2:
            differences = np.round(differences * 2) / 2
        if at % 4 > 1:
            differences[rng.random(len(differences)) < 0.3] = 0.0
        yield differences


def by_enumeration(differences):
    """The share of all signs whose signed-rank sum is at least as far from zero."""
    ranks = stats.rankdata(np.abs(differences)) * np.sign(differences)
    sizes = np.abs(ranks[ranks != 0])
    sums = np.array(list(product((-1.0, 1.0), repeat=len(sizes)))) @ sizes
    return (np.abs(sums) >= abs(ranks.sum()) - 1e-9).mean()


def test_wilcoxon_is_exact_for_few_blocks_also_with_ties_and_zeros():
    few = [each for each in vectors() if len(each) <= 10]
    assert len(few) > 40
    for each in few:
        assert statistics.wilcoxon(each) == pytest.approx(by_enumeration(each))


def test_wilcoxon_of_many_blocks_is_scipys():
    for each in vectors():
        if len(each) > statistics.MAX_EXACT:
            theirs = stats.wilcoxon(each, zero_method="pratt", correction=True).pvalue
            assert statistics.wilcoxon(each) == pytest.approx(theirs)


def test_wilcoxon_of_no_difference_or_of_one_block_is_1():
    assert statistics.wilcoxon(np.zeros(5)) == 1
    assert statistics.wilcoxon(np.array([2.0])) == 1
    assert statistics.wilcoxon(np.array([0.0])) == 1


def test_the_t_test_is_scipys_and_nan_where_differences_do_not_vary():
    for each in vectors():
        if each.any():
            theirs = stats.ttest_1samp(each, 0).pvalue
            assert statistics.t_test(each) == pytest.approx(theirs)
    assert math.isnan(statistics.t_test(np.full(3, 0.1)))
    assert math.isnan(statistics.t_test(np.array([0.1])))
    assert statistics.t_test(np.zeros(3)) == 1


def test_the_interval_is_that_of_scipys_bootstrap():
    seed = {"rng": 0} if "rng" in stats.bootstrap.__doc__ else {"random_state": 0}
    for each in vectors():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", stats.DegenerateDataWarning)
            theirs = stats.bootstrap(
                (each,), np.mean, method="percentile", n_resamples=statistics.RESAMPLES, **seed
            ).confidence_interval
        assert statistics.interval(each) == pytest.approx(tuple(theirs))


def test_wilcoxon_is_scipys_where_there_are_no_ties():
    for n in (4, 8, 12):
        gaps = np.random.default_rng(n).normal(0.3, 1, n)
        assert statistics.wilcoxon(gaps) == pytest.approx(stats.wilcoxon(gaps).pvalue)
    gaps = np.random.default_rng(0).normal(0.3, 1, 40)
    assert statistics.wilcoxon(gaps) == pytest.approx(stats.wilcoxon(gaps).pvalue, rel=0.1)


def test_the_paired_t_test_is_scipys():
    a, b = np.random.default_rng(0).normal(size=(2, 6))
    assert statistics.t_test(a - b) == pytest.approx(stats.ttest_rel(a, b).pvalue)


def test_three_looks_at_growing_data_err_in_5_of_100():
    rng, erred = np.random.default_rng(0), 0
    for _ in range(2000):
        gaps = rng.normal(size=20)
        looks = statistics.t_test(gaps[:5]), *map(statistics.wilcoxon, (gaps[:10], gaps))
        erred += min(looks) < statistics.ALPHA
    assert erred / 2000 == pytest.approx(0.05, abs=0.015)  # three standard errors


@pytest.mark.parametrize("n", [3, 5, 10, 20])
def test_the_number_needed_would_have_found_the_difference(n):
    rng = np.random.default_rng(n)
    gaps = rng.normal(0.4, 1, n)
    wanted = statistics.needed(gaps)
    if math.isfinite(wanted) and wanted > n + 1:
        effect, found = gaps.mean() / gaps.std(ddof=1), 0
        draws = rng.normal(effect, 1, (2000, int(wanted)))
        found = (stats.ttest_1samp(draws, 0, axis=1).pvalue < statistics.ALPHA).mean()
        assert found == pytest.approx(statistics.POWER, abs=0.04)


def test_the_interval_covers_the_difference():
    rng = np.random.default_rng(0)
    ends = [statistics.interval(rng.normal(1, 1, 20)) for _ in range(200)]
    assert np.mean([low <= 1 <= high for low, high in ends]) > 0.88


def test_nemenyi_has_demsars_critical_values(monkeypatch):
    monkeypatch.setattr(statistics, "ALPHA", 0.05)
    scores = pd.DataFrame(np.random.default_rng(0).normal(size=(14, 4)), columns=list("abcd"))
    _, critical = statistics.nemenyi(scores)
    assert critical == pytest.approx(2.569 * math.sqrt(4 * 5 / (6 * 14)), abs=2e-3)  # table 5


def test_the_test_is_chosen_by_numbers_and_not_by_scores():
    pair = {"a": [1.0, 2, 3, 4, 5, 6, 7], "b": [2.0, 2, 3, 3, 5, 7, 7]}
    assert set(statistics.pairs(pd.DataFrame(pair))["test"]) == {"wilcoxon"}
    assert set(statistics.pairs(pd.DataFrame(pair).head(6))["test"]) == {"t"}
