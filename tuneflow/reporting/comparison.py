"""`ComparisonReport`: contenders side by side on one page, made of frames alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tuneflow.reporting.figures import comparisons
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.format import count, duration, listing, number, percent
from tuneflow.reporting.markdown import markdown
from tuneflow.reporting.page.content import Page, content, headline
from tuneflow.reporting.page.display import display
from tuneflow.reporting.page.document import Plotly, write
from tuneflow.reporting.panels import Panel
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go

INSTANTS = 60  # at which curves by seconds are compared
SHORTEST = 1e-4  # of the longest run: where these begin at the earliest
QUARTILES = {"low": 0.25, "median": 0.5, "high": 0.75}


@dataclass(frozen=True)
class ComparisonReport:
    """What a comparison says: tables, figures, and a page of both.

    Attributes:
        name: Name of the comparison.
        scoring: The metric, or what scores were made into for a suite.
        verdict: What can be said, in lines.
        each: What can be said of each table of a suite.
        remarks: What a reader should know.
        standings: A row a contender.
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
        """Frames by name: ``standings, each, anytime, anytime_seconds, runs, ranks, tests``."""
        import pandas as pd

        return {
            "standings": self.ranking,
            "each": pd.DataFrame(self.each.items(), columns=["table", "verdict"]),
            "anytime": by_trial(self.steps),
            "anytime_seconds": by_seconds(self.steps),
            "runs": self.runs.drop(columns="table") if _single(self.runs) else self.runs,
            "ranks": self.ranks,
            "tests": self.tests,
        }

    @cached_property
    def drawings(self) -> Mapping[str, Drawing]:
        """The figures as they stand on the page."""
        return {drawing.key: drawing for drawing in self._drawings()}

    @property
    def figures(self) -> Mapping[str, go.Figure]:
        """Plotly figures by name, to change and to export."""
        import plotly.graph_objects as go

        return {key: go.Figure(drawing.spec) for key, drawing in self.drawings.items()}

    @property
    def panels(self) -> tuple[Panel, ...]:
        """What the page is made of."""
        return tuple(self._panels())

    def save(self, path: str | Path, *, plotly: Plotly = "inline") -> Path:
        """Write one HTML file, which opens offline; ``plotly`` as in the report on a study."""
        return write(path, self.page, plotly)

    def show(self) -> None:
        """Show the page: in a notebook below the cell, otherwise in the browser."""
        display(self.page)

    def to_markdown(self) -> str:
        """The findings and the short tables as text."""
        return markdown(self._record, self.panels, self.tables)

    @property
    def page(self) -> Page:
        """The page as a tree of elements, before it is written or shown."""
        below = content(self._record, self.panels, self.tables)
        return Page(self.name, headline("a comparison", self.name), below)

    @property
    def _record(self) -> StudyRecord:
        """Pages are about a study; a comparison is about none."""
        return StudyRecord(self.name, True, (), (), None)

    def _drawings(self) -> Iterator[Drawing]:
        if self.steps["best"].notna().any():
            yield comparisons.anytime(self.tables["anytime"], "trial", self.scoring)
            yield comparisons.anytime(self.tables["anytime_seconds"], "seconds", self.scoring)
            yield comparisons.final(self.runs, self.scoring)
        if len(self.ranks) > 1:
            yield comparisons.critical(self.ranks, self.difference)
        if len(told := self._costs):
            yield comparisons.overhead(told)

    def _panels(self) -> Iterator[Panel]:
        verdict = self.verdict.replace("\n", " ")
        yield Panel("verdict", "Verdict", verdict, "standings", (), self.remarks)
        if self.each:
            yield Panel("each", "Each table", _EACH, "each")
        plan = (
            ("anytime", "Best so far", "anytime", self._climb, ("anytime", "anytime_seconds")),
            ("final", "Final scores", "runs", self._spread, ("final",)),
            ("ranks", "Ranks", "ranks", self._ranked, ("critical",)),
            ("overhead", "Sampler overhead", "standings", self._overhead, ("overhead",)),
        )
        for key, title, table, told, figures in plan:
            drawn = tuple(self.drawings[name] for name in figures if name in self.drawings)
            if drawn:
                yield Panel(key, title, told(), table, drawn)
        yield Panel("pairs", "Pairs", self._paired(), "tests")

    def _climb(self) -> str:
        bands = self.tables["anytime"]
        points = sorted({math.ceil(bands["at"].max() / 2), int(bands["at"].max())})
        medians = bands.pivot_table(index="contender", columns="at", values="median", sort=False)
        told = [
            f"{name} {' and '.join(number(row[at]) for at in points)}"
            for name, row in medians.reindex(columns=points).iterrows()
        ]
        return (
            f"Median over runs after {' and '.join(map(str, points))} trials: {listing(told)}. "
            "The area lies between the quartiles; a run that ended keeps its best."
        )

    def _spread(self) -> str:
        ran = self.ranking[self.ranking["runs"] > 0]
        told = [
            f"{name} {row['median']:.5g}"
            + ("" if math.isnan(row["spread"]) else f" ± {row['spread']:.2g}")
            for name, row in ran.iterrows()
        ]
        what = "Median and standard deviation" if ran["spread"].notna().any() else "Median"
        return f"{what} over runs: {', '.join(told) or 'none'}."

    def _ranked(self) -> str:
        ordered = self.ranks.sort_values("rank", kind="stable")
        pairs = zip(ordered["contender"], ordered["rank"].tolist(), strict=True)
        told = [f"{name} {number(rank)}" for name, rank in pairs]
        over = "tables" if self.runs["table"].nunique() > 1 else "seeds"
        return f"Mean rank over common {over}, 1 is best: {listing(told)}."

    def _paired(self) -> str:
        apart = self.tests[self.tests["separable"]]
        told = [f"{row.first} and {row.second}" for row in apart.itertuples()]
        found = f"Apart: {'; '.join(told)}" if told else "None is apart"
        return (
            f"{found}, of {count(len(self.tests), 'pair')}. p_adjusted holds for all pairs "
            "together; needed is how many seeds, or tables, would show the difference."
        )

    @property
    def _costs(self) -> pd.DataFrame:
        """Contenders whose sampler was timed: those whose trials did not run side by side."""
        return self.ranking[self.ranking["seconds_sampler"].notna()]

    def _overhead(self) -> str:
        told = [
            f"{name} {duration(row['seconds_sampler'])} "
            f"({percent(row['seconds_sampler'] / row['seconds'])})"
            for name, row in self._costs.iterrows()
            if row["seconds"] > 0
        ]
        return f"Proposing and writing takes, of a run: {', '.join(told) or 'nothing'}."


_EACH = "Over its seeds, each table by itself."


def _single(runs: pd.DataFrame) -> bool:
    return "table" in runs and runs["table"].nunique() <= 1


def by_trial(steps: pd.DataFrame) -> pd.DataFrame:
    """Quartiles over runs: contender, at, then low, median, high of the best and of its regret."""
    at = [float(trial) for trial in range(1, int(steps["trial"].max()) + 1)] if len(steps) else []
    return _bands(steps, "trial", at)


def by_seconds(steps: pd.DataFrame) -> pd.DataFrame:
    """The same at instants, evenly spread in their logarithm, up to the end of the longest run."""
    import numpy as np

    last = float(steps["seconds"].max()) if len(steps) else 0.0
    if not last:
        return _bands(steps, "seconds", [])
    scored = steps[steps["best"].notna()].groupby(["contender", "table", "seed"])["seconds"].min()
    first = max(float(scored.groupby("contender").max().min()), SHORTEST * last)
    return _bands(steps, "seconds", np.geomspace(first, last, INSTANTS).tolist())


def _bands(steps: pd.DataFrame, by: str, at: list[float]) -> pd.DataFrame:
    import pandas as pd

    columns = ["contender", "at", *QUARTILES, *(f"regret_{name}" for name in QUARTILES)]
    frames = []
    for name, found in steps.groupby("contender", sort=False):
        bands = {"contender": name, "at": at}
        for value, prefix in (("best", ""), ("regret", "regret_")):
            runs = [_known(run, by, value, at) for _, run in found.groupby(["table", "seed"])]
            wide = pd.DataFrame(runs, columns=pd.Index(at))
            whole = wide.notna().all()  # the median of a part of the runs would be another's
            bands |= {
                f"{prefix}{q}": wide.quantile(share).where(whole).tolist()
                for q, share in QUARTILES.items()
            }
        frames.append(pd.DataFrame(bands))
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _known(run: pd.DataFrame, by: str, value: str, at: list[float]) -> list[float]:
    """What was known of a run at some points; after its end, its last value."""
    import pandas as pd

    series = run.sort_values(by).drop_duplicates(by, keep="last").set_index(by)[value]
    known: list[float] = series.reindex(pd.Index(at, dtype=float), method="ffill").tolist()
    return known
