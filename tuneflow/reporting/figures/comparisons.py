"""Contenders beside each other: curves, final scores, ranks, and what the sampler costs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import count, number

if TYPE_CHECKING:
    import pandas as pd

LONGEST = 120  # points of a curve
BAND = 0.15  # opacity between quartiles


def by_trial(bands: pd.DataFrame, scoring: str) -> Drawing:
    """Median and quartiles of the best so far, by trial."""
    return _anytime("anytime", "Best so far, by trial", "trial", bands, scoring)


def by_seconds(bands: pd.DataFrame, scoring: str) -> Drawing:
    """The same by seconds of each run."""
    return _anytime("anytime_seconds", "Best so far, by seconds", "seconds", bands, scoring)


def _anytime(key: str, title: str, x: str, bands: pd.DataFrame, scoring: str) -> Drawing:
    traces: list[Spec] = []
    for prefix in ("", "regret_"):
        for (name, band), look in zip(_looks(bands), _cycled(bands), strict=True):
            traces += _band(style.thin(band, "median", LONGEST), name, look, prefix)
    half = len(traces) // 2
    shown = [[True] * half + [False] * half, [False] * half + [True] * half]
    axes = [("linear", scoring), ("log", "regret: best known minus best so far")]
    buttons = [
        {
            "label": word,
            "method": "update",
            "args": [{"visible": seen}, {"yaxis.type": kind, "yaxis.title.text": what}],
        }
        for word, seen, (kind, what) in zip(("score", "log regret"), shown, axes, strict=True)
    ]
    # Below the axis: above the figure, plotly's own bar would cover the buttons.
    place = {"type": "buttons", "direction": "right", "x": 1, "xanchor": "right"}
    place |= {"y": -0.06, "yanchor": "top", "buttons": buttons}
    layout = style.layout(x, scoring, updatemenus=[place])
    if x == "seconds" and bands["at"].nunique() > 1:
        layout["xaxis"] |= style.log_axis(bands["at"].min(), bands["at"].max())
    alt = f"{title}: median and quartiles over runs, for {count(half // 2, 'contender')}."
    return Drawing(key, title, alt, {"data": traces, "layout": layout})


def _looks(bands: pd.DataFrame) -> list[tuple[str, pd.DataFrame]]:
    return [(str(name), band) for name, band in bands.groupby("contender", sort=False)]


def _cycled(bands: pd.DataFrame) -> list[tuple[str, str]]:
    names = bands["contender"].unique()
    return [style.LINES[at % len(style.LINES)] for at in range(len(names))]


def _band(band: pd.DataFrame, name: str, look: tuple[str, str], prefix: str) -> list[Spec]:
    """A line and the area around it; a regret of zero has no place on a logarithmic axis."""
    x = band["at"].tolist()
    values = [band[prefix + column] for column in ("low", "median", "high")]
    if prefix:
        values = [column.where(column > 0) for column in values]
    low, median, high = (column.tolist() for column in values)
    seen = {"visible": not prefix, "legendgroup": name}
    step = {"line": {"shape": "hv"}, "hovertemplate": "%{x}<br>%{y:.6g}<extra></extra>"}
    line = style.line(x, median, style.label(name), look, **step, **seen)
    whole = [(a, b, c) for a, b, c in zip(x, low, high, strict=True) if b == b and c == c]
    tops = stairs([(a, c) for a, _, c in whole])
    ends = [*tops, *reversed(stairs([(a, b) for a, b, _ in whole]))]
    area: Spec = {
        "type": "scatter",
        "x": style.signif(a for a, _ in ends),
        "y": style.signif(b for _, b in ends),
        "fill": "toself",
        "fillcolor": look[0],
        "opacity": BAND,
        "line": {"width": 0},
        "mode": "lines",
        "hoverinfo": "skip",
        "showlegend": False,
        **seen,
    }
    return [line, area]


def stairs(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Corners of a line that keeps its height until the next point.

    >>> stairs([(1.0, 5.0), (2.0, 7.0)])
    [(1.0, 5.0), (2.0, 5.0), (2.0, 7.0)]
    """
    corners = points[:1]
    for (_, before), (at, height) in pairwise(points):
        corners += [(at, before), (at, height)]
    return corners


def final(runs: pd.DataFrame, scoring: str) -> Drawing:
    """Final scores of every run."""
    traces = []
    for at, (name, found) in enumerate(runs.groupby("contender", sort=False)):
        colour = style.LINES[at % len(style.LINES)][0]
        traces.append(
            {
                "type": "box",
                "y": style.signif(found["score"].dropna().tolist()),
                "name": style.label(name),
                "boxpoints": "all",
                "jitter": 0.4,
                "pointpos": 0,
                "marker": {"color": colour},
                "line": {"color": colour},
                "showlegend": False,
            }
        )
    layout = style.layout("contender", scoring)
    alt = f"Final scores of {count(len(runs), 'run')}; the table has the numbers."
    return Drawing("final", "Final scores", alt, {"data": traces, "layout": layout})


def critical(ranks: pd.DataFrame, difference: float) -> Drawing:
    """Mean ranks; a bar joins contenders whose ranks are not apart (Demsar 2006, figure 1)."""
    ordered = ranks.sort_values("rank", kind="stable")
    places, names = ordered["rank"].tolist(), [str(name) for name in ordered["contender"]]
    heights = list(range(len(names), 0, -1))
    dots = style.points(places, heights, "mean rank", (style.BLUE, "circle"), marker={"size": 11})
    shapes = [
        _bar(places[a], places[b], -0.4 * at)
        for at, (a, b) in enumerate(cliques(places, difference))
    ]
    layout = style.layout("mean rank, 1 is best", "", shapes=shapes)
    layout["xaxis"] |= {"range": [0.9, len(names) + 0.1]}
    layout["yaxis"] |= {
        "tickvals": heights,
        "ticktext": [style.label(name) for name in names],
        "range": [-0.4 * max(len(shapes), 1), len(names) + 0.5],
    }
    alt = f"Mean ranks; ranks closer than {number(difference)} are not apart."
    note = f"Critical difference (Nemenyi): {number(difference)}. A bar joins who is not apart."
    spec = {"data": [dots], "layout": layout}
    return Drawing("critical", "Ranks and critical difference", alt, spec, note)


def cliques(places: list[float], difference: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that are not apart.

    >>> cliques([1.0, 1.5, 3.0, 3.2], 1.0)
    [(0, 1), (2, 3)]
    """
    found: list[tuple[int, int]] = []
    for a in range(len(places)):
        b = max(i for i in range(a, len(places)) if places[i] - places[a] < difference or i == a)
        if b > a and (not found or b > found[-1][1]):
            found.append((a, b))
    return found


def _bar(x0: float, x1: float, y: float) -> Spec:
    line = {"color": style.GREY, "width": 5}
    return {"type": "line", "x0": x0 - 0.03, "x1": x1 + 0.03, "y0": y, "y1": y, "line": line}


def overhead(ranking: pd.DataFrame) -> Drawing:
    """Seconds of a run: proposing and writing, and the rest."""
    names = [style.label(name) for name in ranking.index]
    sampler = ranking["seconds_sampler"].fillna(0.0)
    rest = (ranking["seconds"].fillna(0.0) - sampler).clip(lower=0.0)
    series = (("sampler and storage", sampler, style.ORANGE), ("models", rest, style.BLUE))
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "y": names,
            "x": style.signif(values.tolist()),
            "name": title,
            "marker": {"color": colour},
        }
        for title, values, colour in series
    ]
    layout = style.layout("median seconds of a run", "", barmode="stack")
    layout["yaxis"] |= {"autorange": "reversed"}
    most = max((value for value in sampler if math.isfinite(value)), default=0.0)
    alt = f"Seconds of a run; samplers take up to {number(most)} of them."
    return Drawing("overhead", "What the sampler costs", alt, {"data": bars, "layout": layout})
