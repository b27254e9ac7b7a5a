"""`ComparisonReport`: contenders side by side on one page, made from tables alone."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tuneflow.reporting.figures import comparisons
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.format import count, duration, listing, number, percent
from tuneflow.reporting.page.document import Page, page_of_panels
from tuneflow.reporting.panels import Panel
from tuneflow.reporting.viewable import Viewable


@dataclass(frozen=True, repr=False)
class ComparisonReport(Viewable):
    """What a comparison says: tables, figures, and a page of both.

    Attributes:
        name: Name of the comparison.
        scoring: The metric, or what scores were made into for a suite.
        verdict: Who is better, in lines.
        each: The same for each table of a suite.
        remarks: What a reader should know.
        ranking: A row a contender.
        runs: A row a run.
        steps: A row a trial, with the ``regret`` of the best so far.
        tests: A row a pair of contenders.
        ranks: ``contender`` and mean ``rank``, over the seeds or tables that all have; none if
            there is no such.
        difference: Critical difference of mean ranks.
    """

    name: str
    scoring: str
    verdict: str
    each: Mapping[str, str]
    remarks: tuple[str, ...]
    ranking: pd.DataFrame
    runs: pd.DataFrame
    steps: pd.DataFrame
    tests: pd.DataFrame
    ranks: pd.DataFrame
    difference: float

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Frames by name: ``ranking, each, anytime, anytime_seconds, runs, ranks, tests``."""
        return {
            "ranking": self.ranking,
            "each": pd.DataFrame(self.each.items(), columns=["table", "verdict"]),
            "anytime": by_trial(self.steps),
            "anytime_seconds": by_seconds(self.steps),
            "runs": self.runs if self._is_suite else self.runs.drop(columns="table"),
            "ranks": self.ranks,
            "tests": self.tests,
        }

    @cached_property
    def drawings(self) -> Mapping[str, Drawing]:
        """The figures as they stand on the page."""
        drawn: list[Drawing] = []
        if self.steps["best"].notna().any():
            for by, key in (("trial", "anytime"), ("seconds", "anytime_seconds")):
                drawn.append(comparisons.anytime(self.tables[key], by, self.scoring))
            drawn.append(comparisons.final(self.runs, self.scoring))
        if len(self.ranks) > 1:
            drawn.append(comparisons.critical(self.ranks, self.difference))
        if len(self._timed):
            drawn.append(comparisons.overhead(self._timed))
        return {drawing.key: drawing for drawing in drawn}

    @cached_property
    def panels(self) -> tuple[Panel, ...]:
        """What the page is made of."""
        tables, verdict = self.tables, self.verdict.replace("\n", " ")
        panels = [Panel("verdict", "Verdict", verdict, "ranking", self.ranking, (), self.remarks)]
        if self.each:
            note = "Over its seeds, each table by itself."
            panels.append(Panel("each", "Each table", note, "each", tables["each"]))
        for key, title, table, finding, figures in (
            ("anytime", "Best so far", "anytime", self._anytime, ("anytime", "anytime_seconds")),
            ("final", "Final scores", "runs", self._final, ("final",)),
            ("ranks", "Ranks", "ranks", self._mean_ranks, ("critical",)),
            ("overhead", "Sampler overhead", "ranking", self._overhead, ("overhead",)),
        ):
            if drawn := tuple(self.drawings[name] for name in figures if name in self.drawings):
                panels.append(Panel(key, title, finding(), table, tables[table], drawn))
        return (*panels, Panel("pairs", "Pairs", self._pairs(), "tests", self.tests))

    @cached_property
    def page(self) -> Page:
        """The page as a tree of elements, before it is written or shown."""
        return page_of_panels(self.name, "a comparison", self.panels)

    def _anytime(self) -> str:
        bands = self.tables["anytime"]
        points = sorted({math.ceil(bands["at"].max() / 2), int(bands["at"].max())})
        medians = bands.pivot_table(index="contender", columns="at", values="median", sort=False)
        scores = [
            f"{name} {' and '.join(number(row[at]) for at in points)}"
            for name, row in medians.reindex(columns=points).iterrows()
        ]
        after = " and ".join(map(str, points))
        lead = f"Median over runs after {after} trials: {listing(scores)}."
        return f"{lead} The area lies between the quartiles; a run that ended keeps its best."

    def _final(self) -> str:
        ran = self.ranking[self.ranking["runs"] > 0]
        scores = [
            f"{name} {row['median']:.5g}"
            + ("" if math.isnan(row["spread"]) else f" ± {row['spread']:.2g}")
            for name, row in ran.iterrows()
        ]
        what = "Median and standard deviation" if ran["spread"].notna().any() else "Median"
        return f"{what} over runs: {', '.join(scores) or 'none'}."

    def _mean_ranks(self) -> str:
        ordered = self.ranks.sort_values("rank", kind="stable").set_index("contender")["rank"]
        ranks = [f"{name} {number(rank)}" for name, rank in ordered.items()]
        over = "tables" if self._is_suite else "seeds"
        return f"Mean rank over common {over}, 1 is best: {listing(ranks)}."

    def _pairs(self) -> str:
        separable = self.tests[self.tests["separable"]]
        pairs = [f"{row.first} and {row.second}" for row in separable.itertuples()]
        lead = f"Separable: {'; '.join(pairs)}" if pairs else "None is separable"
        needed = "needed is how many seeds, or tables, would show the difference"
        adjusted = f"p_adjusted holds for all pairs together; {needed}"
        return f"{lead}, of {count(len(self.tests), 'pair')}. {adjusted}."

    @property
    def _is_suite(self) -> bool:
        return bool(self.runs["table"].nunique() > 1)

    @property
    def _timed(self) -> pd.DataFrame:
        """Contenders whose sampler was timed: those whose trials did not run side by side."""
        return self.ranking[self.ranking["seconds_sampler"].notna()]

    def _overhead(self) -> str:
        seconds = [
            f"{name} {duration(row['seconds_sampler'])} "
            f"({percent(row['seconds_sampler'] / row['seconds'])})"
            for name, row in self._timed.iterrows()
            if row["seconds"] > 0
        ]
        return f"Proposing and writing takes, of a run: {', '.join(seconds) or 'nothing'}."


INSTANTS = 60  # at which curves by seconds are compared
SHORTEST = 1e-4  # of the longest run: where these begin at the earliest
QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}


def by_trial(steps: pd.DataFrame) -> pd.DataFrame:
    """Quartiles over runs: contender, at, then low, median, high of the best and of its regret."""
    at = [float(trial) for trial in range(1, int(steps["trial"].max()) + 1)] if len(steps) else []
    return _bands(steps, "trial", at)


def by_seconds(steps: pd.DataFrame) -> pd.DataFrame:
    """The same at instants, evenly spread in their logarithm, up to the end of the longest run."""
    last = float(steps["seconds"].max()) if len(steps) else 0.0
    if not last:
        return _bands(steps, "seconds", [])
    scored = steps[steps["best"].notna()].groupby(["contender", "table", "seed"])["seconds"].min()
    first = max(float(scored.groupby("contender").max().min()), SHORTEST * last)
    return _bands(steps, "seconds", np.geomspace(first, last, INSTANTS).tolist())


def _bands(steps: pd.DataFrame, by: str, at: list[float]) -> pd.DataFrame:
    """Quartiles over the runs at some points; a run that has ended keeps its last value."""
    columns = ["contender", "at", *QUARTILES, *(f"regret_{name}" for name in QUARTILES)]
    frames = [pd.DataFrame(columns=columns)] if steps.empty else []
    for contender, group in steps.groupby("contender", sort=False):
        bands = pd.DataFrame({"contender": contender, "at": at})
        for value, prefix in (("best", ""), ("regret", "regret_")):
            runs = group.groupby([by, "table", "seed"])[value].last().unstack(["table", "seed"])
            runs = runs.ffill().reindex(pd.Index(at, dtype=float), method="ffill")
            all_known = runs.notna().all(axis=1)  # the median of a part would be another's
            quartiles = runs.quantile(list(QUARTILES.values()), axis=1).T.where(all_known)
            bands[[f"{prefix}{name}" for name in QUARTILES]] = quartiles.to_numpy()
        frames.append(bands)
    return pd.concat(frames, ignore_index=True)
