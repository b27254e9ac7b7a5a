"""The verdict in words, which never names a winner that may be noise."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pandas as pd

from tuneflow.comparison import ranking as ranking
from tuneflow.comparison import statistics as significance


@dataclass(frozen=True)
class Verdict:
    """What the scores of some contenders allow to say.

    Attributes:
        scores: Blocks by contenders, higher is better.
        block: What a block is called: ``seed`` or ``table``.
        pairs: Every pair, tested.
        friedman: P-value that all rank alike; NaN for two contenders.
        waiting: Contenders of which no run has ended; they are not judged.
    """

    scores: pd.DataFrame
    block: str
    pairs: pd.DataFrame
    friedman: float
    waiting: tuple[str, ...] = ()

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Verdict:
        """Judge runs of one table, or of a suite."""
        scores = ranking.blocks(runs)
        block = "table" if runs["table"].nunique() > 1 else "seed"
        pairs, p = significance.pairs(scores), significance.friedman(scores)
        whole = scores.dropna()
        if p >= significance.ALPHA and significance.can_reject(len(whole), whole.shape[1]):
            pairs["separable"] = False  # no pair is looked at unless all of them differ
        return cls(scores, block, pairs, p, tuple(ranking.waiting(runs)))

    @property
    def ranks(self) -> pd.Series[float]:
        """Mean rank over the blocks that all contenders have; missing if there is none."""
        return self.scores.dropna().rank(axis=1, ascending=False).mean()

    @property
    def order(self) -> list[str]:
        """Contenders by mean rank, then by mean score; who was alone in each block comes last."""
        shared = self.scores[self.scores.notna().sum(axis=1) > 1]
        ranks = self.ranks.fillna(shared.rank(axis=1, ascending=False).mean())
        by = pd.DataFrame({"rank": ranks, "score": -self.scores.mean()})
        return [str(name) for name in by.sort_values(["rank", "score"], kind="stable").index]

    def sentence(self) -> str:
        """What can be said, in one sentence."""
        if not self.waiting:
            return f"{self._said()}."
        has = "has" if len(self.waiting) == 1 else "have"
        return f"{self._said()}; {_listed(list(self.waiting))} {has} no score yet."

    def _said(self) -> str:
        if self.scores.shape[1] < 2:
            only = "".join(f"only {name} came to a score; " for name in self.scores)
            none = "" if self.waiting else "no contender came to a score; "
            return f"{only or none}there is nothing to compare"
        leader, *others = self.order
        beaten = [name for name in others if self._beats(leader, name)]
        if not beaten:
            return self._others() or self._undecided(leader, others)
        told = self._ahead(leader, beaten)
        rest = [name for name in others if name not in beaten]
        return f"{told}; {self._undecided(leader, rest)}" if rest else told

    def row(self, first: str, second: str) -> pd.Series:
        """The test of a pair, seen from its first contender."""
        names = self.pairs[["first", "second"]]
        found = self.pairs[names.isin([first, second]).all(axis=1)].iloc[0]
        if found["first"] == first:
            return found
        turned = {"first": first, "second": second, "better": 1 - found["better"]}
        for name in ("mean", "median", "effect", "dz"):
            turned[name] = -found[name]
        return pd.Series({**found, **turned, "low": -found["high"], "high": -found["low"]})

    def _beats(self, first: str, second: str) -> bool:
        row = self.row(first, second)
        return bool(row["separable"] and row["mean"] > 0)

    def _ahead(self, winner: str, beaten: list[str]) -> str:
        rows = [self.row(winner, name) for name in beaten]
        p = max(row["p_adjusted"] for row in rows)
        least = min(row["median"] for row in rows)
        counts = sorted({int(row["n"]) for row in rows})
        blocks = " to ".join(dict.fromkeys([str(counts[0]), str(counts[-1])]))
        tests = {"t": "paired t-test", "wilcoxon": "Wilcoxon"}
        test = " and ".join(dict.fromkeys(tests[row["test"]] for row in rows))
        corrected = f"{test}, Holm" if len(self.pairs) > 1 else test
        improvement = "median improvement" if len(rows) == 1 else "median improvement of at least"
        return (
            f"{winner} is ahead of {_listed(beaten)} (p {_p(p)}, {corrected}, "
            f"{blocks} {self.block}s; {improvement} {least:.3g})"
        )

    def _others(self) -> str:
        """Pairs apart from each other although the leader is apart from none."""
        found = self.pairs[self.pairs["separable"]]
        told = []
        for row in found.itertuples():
            pair = (str(row.first), str(row.second))
            winner, loser = pair if float(str(row.mean)) > 0 else pair[::-1]
            told.append(self._ahead(winner, [loser]))
        return f"no contender leads; {'; '.join(told)}" if told else ""

    def _undecided(self, leader: str, others: list[str]) -> str:
        apart = [name for name in others if not self.row(leader, name)["n"]]
        near = [name for name in others if name not in apart]
        told = [self._alike(leader, near)] if near else []
        if apart:
            told.append(f"{leader} has no {self.block} in common with {_listed(apart)}")
        return "; ".join(told)

    def _alike(self, leader: str, others: list[str]) -> str:
        rows = [self.row(leader, name) for name in others]
        few = min(int(row["n"]) for row in rows)
        names = _listed([leader, *others])
        if few == 1:
            return f"{names} are not separable with 1 {self.block}: nothing is known of the spread"
        if all(row["low"] == row["high"] == row["mean"] == 0 for row in rows):
            return f"{names} are not separable: they came out the same with every {self.block}"
        if all(row["test"] == "none" for row in rows):
            return (
                f"{names} are not separable: their scores do not vary between {self.block}s, so "
                f"that {few} {self.block}s are one observation"
            )
        return f"{names} are not separable with {few} {self.block}s; {self._needed(rows)}"

    def _needed(self, rows: list[pd.Series]) -> str:
        numbers = [row["needed"] for row in rows if not math.isnan(row["needed"])]
        if not numbers:
            return "how many would be needed cannot be told from these"
        if math.isinf(min(numbers)):
            return f"more than {significance.MOST} would be needed"
        return f"about {min(numbers):.0f} would be needed"


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _listed(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
