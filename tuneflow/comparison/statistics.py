"""Which contenders can be told apart: paired tests, effects, intervals, and how many more seeds.

Input is a frame of scores, higher is better: a row is a block (a seed, or a table of a suite), a
column a contender. Blocks are paired: folds and starting points are the same within one.

Sources: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets" (Friedman,
Nemenyi, Wilcoxon, Holm); Bouthillier et al. 2021, "Accounting for variance in machine learning
benchmarks" (seeds and splits vary together, pairs, the probability to be better).
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from tuneflow.data.types import FloatArray

#: Level of every verdict. A comparison is made to be extended ("about 12 seeds would be needed"),
#: that is, to be looked at repeatedly: at this level, three looks together err in 5 % of the cases
#: and a single one in 2.2 % (Pocock 1977, for looks at equal distances). Of 6,000 simulated pairs
#: that do not differ, these tests took 5.0 % for different after 5, 10 and 20 seeds together, and
#: 3.9 to 4.5 % after 5, 10 and 15; 10, 20 and 30; or 8, 16 and 24.
ALPHA = 0.022
POWER = 0.8  # of the number of seeds that is said to be needed
MOST = 1000  # seeds; a difference that needs more is none in practice
EXACT = 12  # blocks up to which all sign patterns are counted; the normal curve is close beyond
RESAMPLES = 2000
NOTHING = 1e-12  # of the scores' size: differences below are rounding


def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every pair of contenders, tested.

    ``p`` is that of the Wilcoxon signed-rank test where so many blocks can bring it below the
    level at all; for fewer, that of the paired t-test. With 5 seeds Wilcoxon's p is never below
    0.0625, whatever the scores; the t-test assumes that differences of best scores over seeds are
    roughly normal. Which one decides follows from the numbers of seeds and contenders, not from
    the scores. ``p_adjusted`` is Holm's, over all pairs.

    Returns:
        A row a pair: ``first`` and ``second``; blocks ``n``; ``mean``, ``median`` of first minus
        second, ``low`` and ``high`` of its mean (95 %, bootstrap over blocks; too narrow for
        fewer than ten); ``effect`` (rank-biserial correlation, -1 to 1), ``dz`` (mean over
        spread), ``better`` (share of blocks that first wins, ties count half); ``p_wilcoxon``,
        ``p_t``, ``test``, ``p``, ``p_adjusted``; ``needed`` blocks; ``separable``.
    """
    couples = list(combinations(scores.columns, 2))
    rows = [_pair(scores, first, second, len(couples)) for first, second in couples]
    frame = pd.DataFrame(rows, columns=PAIR)
    frame["p_adjusted"] = holm(frame["p"].tolist())
    agree = np.sign(frame["mean"]) == np.sign(frame["effect"])
    frame["separable"] = (frame["p_adjusted"] < ALPHA) & agree
    return frame


PAIR = [
    *("first", "second", "n", "mean", "median", "low", "high", "effect", "dz", "better"),
    *("p_wilcoxon", "p_t", "test", "p", "p_adjusted", "needed", "separable"),
]


def _pair(scores: pd.DataFrame, first: Any, second: Any, tests: int) -> dict[str, Any]:
    both = scores[[first, second]].dropna().to_numpy(dtype=float)
    gaps = both[:, 0] - both[:, 1]
    gaps[np.abs(gaps) <= NOTHING * np.abs(both).max(initial=0.0)] = 0.0
    found: dict[str, Any] = {"first": first, "second": second, "n": len(gaps)}
    if not len(gaps):
        return {**found, "test": "none", "p": 1.0, "needed": math.nan}
    fixed = len(gaps) > 1 and not np.ptp(both, axis=0).any()  # one observation, told many times
    ranks = 2 * 2.0 ** -len(gaps) * tests < ALPHA
    p_wilcoxon, p_t = (math.nan, math.nan) if fixed else (wilcoxon(gaps), t_test(gaps))
    p = p_wilcoxon if ranks else p_t
    low, high = interval(gaps)
    return {
        **found,
        "mean": gaps.mean(),
        "median": float(np.median(gaps)),
        "low": low,
        "high": high,
        "effect": rank_biserial(gaps),
        "dz": _dz(gaps),
        "better": float((gaps > 0).mean() + (gaps == 0).mean() / 2),
        "p_wilcoxon": p_wilcoxon,
        "p_t": p_t,
        "test": "none" if math.isnan(p) else "wilcoxon" if ranks else "t",
        "p": 1.0 if math.isnan(p) else p,
        "needed": math.nan if fixed else needed(gaps, tests),
    }


def signed_ranks(gaps: FloatArray) -> FloatArray:
    """Ranks of the differences' sizes, with their signs; no difference counts as 0 (Pratt)."""
    ranked: FloatArray = stats.rankdata(np.abs(gaps)) * np.sign(gaps)
    return ranked


def wilcoxon(gaps: FloatArray) -> float:
    """P-value of the signed-rank test, two-sided; exact for few blocks, also with ties.

    >>> wilcoxon(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    0.0625
    """
    signed = signed_ranks(gaps)
    sizes = np.abs(signed[signed != 0])
    if not len(sizes):
        return 1.0
    total = abs(signed.sum())
    if len(gaps) <= EXACT:
        flips = np.array(list(product((-1.0, 1.0), repeat=len(sizes))))
        return float((np.abs(flips @ sizes) >= total - 1e-9).mean())
    spread = math.sqrt(float((sizes**2).sum()))
    return float(2 * stats.norm.sf(max(0.0, total - 1) / spread))  # 1: half a step, for continuity


def t_test(gaps: FloatArray) -> float:
    """P-value of the paired t-test, two-sided; NaN where there is no spread to judge by."""
    if len(gaps) < 2:
        return math.nan
    if not gaps.any():
        return 1.0
    dz = _dz(gaps)
    return float(2 * stats.t.sf(abs(dz) * math.sqrt(len(gaps)), len(gaps) - 1))


def rank_biserial(gaps: FloatArray) -> float:
    """Effect size of the signed-rank test: 1 if first wins everywhere, 0 if none is ahead."""
    ranks = stats.rankdata(np.abs(gaps))
    return float(signed_ranks(gaps).sum() / ranks.sum())


def interval(gaps: FloatArray, level: float = 0.95) -> tuple[float, float]:
    """Percentile bootstrap of the mean difference; the same blocks give the same interval."""
    if len(gaps) < 2:
        return math.nan, math.nan
    draws = np.random.default_rng(0).integers(0, len(gaps), (RESAMPLES, len(gaps)))
    low, high = np.quantile(gaps[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def needed(gaps: FloatArray, tests: int = 1) -> float:
    """Blocks at which a difference like this one would be found, with a power of 80 %.

    The power is that of the paired t-test, at the level divided by the number of tests; infinite
    if more than a thousand blocks would be needed, NaN if there is no spread to go by.
    """
    dz = abs(_dz(gaps))
    if math.isnan(dz):
        return math.nan
    if dz < (stats.norm.isf(ALPHA / tests / 2) + stats.norm.ppf(POWER)) / math.sqrt(MOST):
        return math.inf
    numbers = range(len(gaps) + 1, 2 * MOST)
    return float(numbers[bisect_left(numbers, POWER, key=lambda n: _power(dz, n, ALPHA / tests))])


def _power(dz: float, n: int, alpha: float) -> float:
    edge = stats.t.isf(alpha / 2, n - 1)
    return float(stats.nct.sf(edge, n - 1, dz * math.sqrt(n)))


def _dz(gaps: FloatArray) -> float:
    """Mean over spread; NaN without spread."""
    spread = float(gaps.std(ddof=1)) if len(gaps) > 1 else math.nan
    if math.isnan(spread) or spread <= 1e-9 * np.abs(gaps).max():
        return 0.0 if len(gaps) > 1 and not gaps.any() else math.nan
    return float(gaps.mean() / spread)


def holm(p: Sequence[float]) -> list[float]:
    """P-values that hold for all tests together (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    adjusted, highest = [0.0] * len(p), 0.0
    for done, at in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        highest = max(highest, min(1.0, (len(p) - done) * p[at]))
        adjusted[at] = highest
    return adjusted


def friedman(scores: pd.DataFrame) -> float:
    """P-value that three or more contenders rank alike; NaN for fewer, or for a single block."""
    whole = scores.dropna()
    if whole.shape[1] < 3 or len(whole) < 2:
        return math.nan
    if (whole.nunique(axis=1) == 1).all():
        return 1.0
    return float(stats.friedmanchisquare(*(whole[name] for name in whole)).pvalue)


def can_reject(blocks: int, contenders: int) -> bool:
    """Whether Friedman's test could come below the level with so many blocks."""
    return float(stats.chi2.sf(blocks * (contenders - 1), contenders - 1)) < ALPHA


def nemenyi(scores: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """P-value of every pair by mean ranks, and the critical difference of these at the level."""
    whole = scores.dropna()
    k = whole.shape[1]
    ranks = whole.rank(axis=1, ascending=False).mean()
    unit = math.sqrt(k * (k + 1) / (6 * max(1, len(whole)))) / math.sqrt(2)
    gaps = np.abs(ranks.to_numpy()[:, None] - ranks.to_numpy()[None, :]) / unit
    p = stats.studentized_range.sf(gaps, k, np.inf)
    critical = float(stats.studentized_range.isf(ALPHA, k, np.inf)) * unit
    return pd.DataFrame(p, index=whole.columns, columns=whole.columns), critical
