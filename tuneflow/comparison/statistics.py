"""Which contenders differ by more than noise: tests of pairs, effects, intervals, seeds needed.

Input is a frame of scores, higher is better: a row is a block (a seed, or a table of a suite), a
column a contender. Blocks are paired: folds and starting points are the same within one.

Sources: Demsar 2006, "Statistical comparisons of classifiers over multiple data sets" (Friedman,
Nemenyi, Wilcoxon, Holm); Bouthillier et al. 2021, "Accounting for variance in machine learning
benchmarks" (seeds and splits vary together, pairs, the probability to be better).
"""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import combinations
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
POWER = 0.8  # of the number of blocks that is said to be needed
MAX_BLOCKS = 1000  # a difference that needs more is none in practice
MAX_EXACT = 13  # blocks up to which all signs of tied differences are tried
RESAMPLES = 2000
ROUNDING = 1e-12  # of the scores' size: smaller differences are zero

PAIR = [
    *("first", "second", "n", "mean", "median", "low", "high", "effect", "dz", "better"),
    *("p_wilcoxon", "p_t", "test", "p", "p_adjusted", "needed", "separable"),
]


def pairs(scores: pd.DataFrame) -> pd.DataFrame:
    """Every pair of contenders, tested.

    ``p`` is that of the Wilcoxon signed-rank test if there are enough blocks to bring it below
    the level at all; otherwise that of the paired t-test. With 5 seeds Wilcoxon's p is never below
    0.0625, whatever the scores; the t-test assumes that differences of best scores over seeds are
    roughly normal. Which one decides follows from the numbers of seeds and contenders, not from
    the scores. ``p_adjusted`` is Holm's, over all pairs.

    Args:
        scores: Shape (blocks, contenders), higher is better; NaN where a block has no score.

    Returns:
        A row a pair: ``first`` and ``second``; blocks ``n``; ``mean``, ``median`` of first minus
        second, ``low`` and ``high`` of its mean (95 %, bootstrap over blocks; too narrow for
        fewer than ten); ``effect`` (rank-biserial correlation, -1 to 1), ``dz`` (mean over
        standard deviation), ``better`` (share of blocks that first wins, ties count half);
        ``p_wilcoxon``, ``p_t``, ``test``, ``p``, ``p_adjusted``; ``needed`` blocks; ``separable``.
        For three or more contenders also ``p_nemenyi`` of the pair, and ``p_friedman`` that all
        contenders rank alike; if it is above the level, no pair is separable.

    >>> scores = pd.DataFrame({"a": [0.81, 0.84, 0.85, 0.83], "b": [0.80, 0.82, 0.84, 0.81]})
    >>> pairs(scores)[["first", "second", "test", "separable"]].to_numpy().tolist()
    [['a', 'b', 't', True]]
    """
    couples = list(combinations(scores.columns, 2))
    rows = [_pair(scores, first, second, len(couples)) for first, second in couples]
    frame = pd.DataFrame(rows, columns=PAIR)
    frame["p_adjusted"] = holm(frame["p"].tolist())
    agree = np.sign(frame["mean"]) == np.sign(frame["effect"])
    frame["separable"] = (frame["p_adjusted"] < ALPHA) & agree
    whole = scores.dropna()
    blocks, contenders = whole.shape
    if contenders > 2 and blocks > 1:
        p, _ = nemenyi(whole)
        frame["p_nemenyi"] = p[np.triu_indices(contenders, 1)]
        frame["p_friedman"] = p_friedman = friedman(whole)
        # With few blocks Friedman's p is above the level whatever the scores, and says nothing.
        lowest = stats.chi2.sf(blocks * (contenders - 1), contenders - 1)
        if lowest < ALPHA <= p_friedman:
            frame["separable"] = False
    return frame


def _pair(scores: pd.DataFrame, first: Any, second: Any, tests: int) -> dict[str, Any]:
    both = scores[[first, second]].dropna().to_numpy(dtype=float)
    differences = both[:, 0] - both[:, 1]
    differences[np.abs(differences) <= ROUNDING * np.abs(both).max(initial=0.0)] = 0.0
    n = len(differences)
    row = {"first": first, "second": second, "n": n, "test": "none", "p": 1.0}
    if not n:
        return row
    row |= {
        "mean": differences.mean(),
        "median": np.median(differences),
        "effect": signed_ranks(differences).sum() / (n * (n + 1) / 2),
        "dz": standardized_mean(differences),
        "better": (1 + np.sign(differences).mean()) / 2,
    }
    row["low"], row["high"] = interval(differences)
    # If no score varies between blocks, all blocks are one observation, and no test applies.
    if n > 1 and not np.ptp(both, axis=0).any():
        return row
    row |= {"p_wilcoxon": wilcoxon(differences), "p_t": t_test(differences)}
    row["needed"] = needed(differences, tests)
    test = "wilcoxon" if 2 * 2.0**-n * tests < ALPHA else "t"
    return row if math.isnan(row[f"p_{test}"]) else row | {"test": test, "p": row[f"p_{test}"]}


def signed_ranks(differences: FloatArray) -> FloatArray:
    """Ranks of the differences' sizes, with their signs; no difference counts as 0 (Pratt)."""
    ranks: FloatArray = stats.rankdata(np.abs(differences)) * np.sign(differences)
    return ranks


def wilcoxon(differences: FloatArray) -> float:
    """P-value of the signed-rank test, two-sided; exact for few blocks, also with ties.

    >>> wilcoxon(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    0.0625
    """
    if not differences.any():
        return 1.0
    tied = len(np.unique(np.abs(differences))) < len(differences) or not differences.all()
    if tied and len(differences) <= MAX_EXACT:  # SciPy's own exact distribution knows no ties
        ranks = (signed_ranks(differences),)
        return float(stats.permutation_test(ranks, np.sum, permutation_type="samples").pvalue)
    return float(stats.wilcoxon(differences, zero_method="pratt", correction=True).pvalue)


def t_test(differences: FloatArray) -> float:
    """P-value of the paired t-test, two-sided; NaN where the differences do not vary."""
    t = standardized_mean(differences) * math.sqrt(len(differences))
    return float(2 * stats.t.sf(abs(t), len(differences) - 1))


def interval(differences: FloatArray) -> tuple[float, float]:
    """Percentile bootstrap of the mean difference, 95 %; the same blocks give the same interval.

    `scipy.stats.bootstrap` gives the same, but takes its seed by another name in each of the
    versions that are supported.
    """
    if len(differences) < 2:
        return math.nan, math.nan
    draws = np.random.default_rng(0).integers(0, len(differences), (RESAMPLES, len(differences)))
    low, high = np.quantile(differences[draws].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def needed(differences: FloatArray, tests: int = 1) -> float:
    """Blocks at which a difference like this one would be found, with a power of 80 %.

    The power is that of the paired t-test, at the level divided by the number of tests; infinite
    if more than a thousand blocks would be needed, NaN if the differences do not vary.
    """
    dz, alpha = abs(standardized_mean(differences)), ALPHA / tests
    if math.isnan(dz):
        return math.nan
    if dz < (stats.norm.isf(alpha / 2) + stats.norm.ppf(POWER)) / math.sqrt(MAX_BLOCKS):
        return math.inf

    def power(n: int) -> float:
        return float(stats.nct.sf(stats.t.isf(alpha / 2, n - 1), n - 1, dz * math.sqrt(n)))

    numbers = range(len(differences) + 1, 2 * MAX_BLOCKS)
    return float(numbers[bisect_left(numbers, POWER, key=power)])


def standardized_mean(differences: FloatArray) -> float:
    """Mean over standard deviation (Cohen's dz); 0 without any difference, NaN if they are all
    the same otherwise, or fewer than two."""
    if len(differences) < 2:
        return math.nan
    deviation = float(differences.std(ddof=1))
    if deviation <= 1e-9 * np.abs(differences).max():
        return math.nan if differences.any() else 0.0
    return float(differences.mean() / deviation)


def holm(p: Sequence[float]) -> list[float]:
    """P-values that hold for all tests together (Holm 1979).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    ordered = pd.Series(p, dtype=float).sort_values(kind="stable")
    scaled = ordered * np.arange(len(ordered), 0, -1)
    return scaled.cummax().clip(upper=1.0).sort_index().tolist()


def friedman(scores: pd.DataFrame) -> float:
    """P-value that three or more contenders rank alike, over two blocks or more."""
    if (scores.nunique(axis=1) == 1).all():
        return 1.0
    return float(stats.friedmanchisquare(*(scores[name] for name in scores)).pvalue)


def nemenyi(scores: pd.DataFrame) -> tuple[FloatArray, float]:
    """P-values of all pairs by mean ranks, and the critical difference of these at the level.

    The p-values have shape (contenders, contenders); the difference is NaN for fewer than two.
    """
    whole = scores.dropna()
    k = whole.shape[1]
    ranks = whole.rank(axis=1, ascending=False).mean().to_numpy()
    unit = math.sqrt(k * (k + 1) / (12 * max(1, len(whole))))
    p = stats.studentized_range.sf(np.abs(ranks[:, None] - ranks[None, :]) / unit, k, np.inf)
    return p, float(stats.studentized_range.isf(ALPHA, k, np.inf)) * unit
