"""What a comparison allows to say, in sentences that never name a winner that may be noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import permutations

import pandas as pd

from tuneflow.comparison import ranking, statistics
from tuneflow.reporting.format import listing

TESTS = {"t": "paired t-test", "wilcoxon": "Wilcoxon"}


@dataclass(frozen=True)
class Verdict:
    """What the scores of some contenders allow to say.

    Attributes:
        scores: Blocks by contenders, higher is better.
        block: What a block is called: ``seed`` or ``table``.
        pairs: Every pair, tested; see :func:`tuneflow.comparison.statistics.pairs`.
        waiting: Contenders of which no run has ended; nothing is said of them.
    """

    scores: pd.DataFrame
    block: str
    pairs: pd.DataFrame
    waiting: tuple[str, ...] = ()

    @classmethod
    def of(cls, runs: pd.DataFrame) -> Verdict:
        """The verdict on runs of one table, or of a suite."""
        scores = ranking.blocks(runs)
        block = "table" if runs["table"].nunique() > 1 else "seed"
        return cls(scores, block, statistics.pairs(scores), tuple(ranking.waiting(runs)))

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
            return f"{self._statement()}."
        have = "has" if len(self.waiting) == 1 else "have"
        return f"{self._statement()}; {listing(list(self.waiting))} {have} no score yet."

    @cached_property
    def _tests(self) -> pd.DataFrame:
        """Every pair by its names, in both orders; differences are as the first one sees them."""
        pairs = self.pairs
        swapped = pairs.rename(columns={"first": "second", "second": "first"})
        swapped = swapped.assign(mean=-pairs["mean"], median=-pairs["median"])
        return pd.concat([pairs, swapped]).set_index(["first", "second"])

    def _statement(self) -> str:
        if self.scores.shape[1] < 2:
            only = "".join(f"only {name} came to a score; " for name in self.scores)
            none = "" if self.waiting else "no contender came to a score; "
            return f"{only or none}there is nothing to compare"
        leader, *others = self.order
        beaten = [name for name in others if self._beats(leader, name)]
        if not beaten:
            return self._without_leader() or self._undecided(leader, others)
        rest = [name for name in others if name not in beaten]
        parts = [self._ahead(leader, beaten), self._undecided(leader, rest)]
        return "; ".join(filter(None, parts))

    def _beats(self, first: str, second: str) -> bool:
        wins = self._tests["separable"] & (self._tests["mean"] > 0)
        return bool(wins.loc[(first, second)])

    def _ahead(self, winner: str, beaten: list[str]) -> str:
        tests = self._tests.loc[winner].loc[beaten]
        p = tests["p_adjusted"].max()
        p_text = "< 0.001" if p < 0.001 else f"= {p:.2g}"
        names = " and ".join(tests["test"].map(TESTS).unique())
        holm = ", Holm" if len(self.pairs) > 1 else ""
        blocks = " to ".join(dict.fromkeys([str(tests["n"].min()), str(tests["n"].max())]))
        least = "" if len(tests) == 1 else " of at least"
        return (
            f"{winner} is ahead of {listing(beaten)} (p {p_text}, {names}{holm}, {blocks} "
            f"{self.block}s; median improvement{least} {tests['median'].min():.3g})"
        )

    def _without_leader(self) -> str:
        """Pairs of which one is ahead, although the best ranked contender is ahead of none."""
        ahead = [
            self._ahead(winner, [loser])
            for winner, loser in permutations(self.order, 2)
            if self._beats(winner, loser)
        ]
        return f"no contender leads; {'; '.join(ahead)}" if ahead else ""

    def _undecided(self, leader: str, others: list[str]) -> str:
        apart = [name for name in others if not self._tests.loc[(leader, name), "n"]]
        near = [name for name in others if name not in apart]
        sentences = [self._alike(leader, near)] if near else []
        if apart:
            sentences.append(f"{leader} has no {self.block} in common with {listing(apart)}")
        return "; ".join(sentences)

    def _alike(self, leader: str, others: list[str]) -> str:
        tests = self._tests.loc[leader].loc[others]
        start = f"{listing([leader, *others])} are not separable"
        blocks = f"{tests['n'].min()} {self.block}s"
        needed = tests["needed"].min()
        if tests["n"].min() == 1:
            return f"{start} with 1 {self.block}: nothing is known of the spread"
        if (tests[["low", "high", "mean"]] == 0).to_numpy().all():
            return f"{start}: they came out the same with every {self.block}"
        if (tests["test"] == "none").all():
            varied = f"their scores do not vary between {self.block}s"
            return f"{start}: {varied}, so that {blocks} are one observation"
        if math.isnan(needed):
            return f"{start} with {blocks}; how many would be needed cannot be told from these"
        about = (
            f"about {needed:.0f}" if needed < math.inf else f"more than {statistics.MAX_BLOCKS}"
        )
        return f"{start} with {blocks}; {about} would be needed"


def verdict_by_table(runs: pd.DataFrame) -> dict[str, str]:
    """What can be said of each table of a suite; empty for a single table."""
    if runs["table"].nunique() <= 1:
        return {}
    tables = runs.groupby("table", sort=False)
    return {str(name): Verdict.of(part).sentence() for name, part in tables}


def verdict_text(runs: pd.DataFrame, by_table: Mapping[str, str]) -> str:
    """A line over all tables, one for each table, and one for each contender that failed."""
    tables = runs["table"].nunique()
    over = f"over {tables} tables: " if tables > 1 else ""
    each = [f"{name}: {sentence}" for name, sentence in by_table.items()]
    failed = [f"{name} failed." for name in ranking.failed(runs)]
    return "\n".join([over + Verdict.of(runs).sentence(), *each, *failed])
