"""What a comparison allows to say, in sentences that never name a winner that may be noise."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
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

    def _row(self, first: str, second: str) -> pd.Series:
        """The test of a pair, whichever of the two comes first in it."""
        names = self.pairs[["first", "second"]]
        return self.pairs[names.isin([first, second]).all(axis=1)].iloc[0]

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
        row = self._row(first, second)
        return bool(row["separable"]) and (row["mean"] > 0) == (row["first"] == first)

    def _ahead(self, winner: str, beaten: list[str]) -> str:
        rows = [self._row(winner, name) for name in beaten]
        p = max(row["p_adjusted"] for row in rows)
        p_text = "< 0.001" if p < 0.001 else f"= {p:.2g}"
        tests = " and ".join(dict.fromkeys(TESTS[row["test"]] for row in rows))
        holm = ", Holm" if len(self.pairs) > 1 else ""
        counts = [int(row["n"]) for row in rows]
        blocks = " to ".join(dict.fromkeys([str(min(counts)), str(max(counts))]))
        medians = [row["median"] if row["first"] == winner else -row["median"] for row in rows]
        least = "" if len(rows) == 1 else " of at least"
        return (
            f"{winner} is ahead of {listing(beaten)} (p {p_text}, {tests}{holm}, "
            f"{blocks} {self.block}s; median improvement{least} {min(medians):.3g})"
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
        apart = [name for name in others if not self._row(leader, name)["n"]]
        near = [name for name in others if name not in apart]
        sentences = [self._alike(leader, near)] if near else []
        if apart:
            sentences.append(f"{leader} has no {self.block} in common with {listing(apart)}")
        return "; ".join(sentences)

    def _alike(self, leader: str, others: list[str]) -> str:
        rows = [self._row(leader, name) for name in others]
        blocks = min(int(row["n"]) for row in rows)
        start = f"{listing([leader, *others])} are not separable"
        if blocks == 1:
            return f"{start} with 1 {self.block}: nothing is known of the spread"
        if all(row["low"] == row["high"] == row["mean"] == 0 for row in rows):
            return f"{start}: they came out the same with every {self.block}"
        if all(row["test"] == "none" for row in rows):
            return (
                f"{start}: their scores do not vary between {self.block}s, so that {blocks} "
                f"{self.block}s are one observation"
            )
        return f"{start} with {blocks} {self.block}s; {_needed(rows)}"


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


def _needed(rows: list[pd.Series]) -> str:
    numbers = [row["needed"] for row in rows if not math.isnan(row["needed"])]
    if not numbers:
        return "how many would be needed cannot be told from these"
    if math.isinf(min(numbers)):
        return f"more than {statistics.MAX_BLOCKS} would be needed"
    return f"about {min(numbers):.0f} would be needed"
