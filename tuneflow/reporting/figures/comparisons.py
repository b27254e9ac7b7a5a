"""Contenders beside each other: curves, final scores, ranks, and what the sampler costs."""

from collections.abc import Iterator

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Look, Spec
from tuneflow.reporting.format import count, number

LONGEST = 120  # points of a curve
BAND = "26"  # opacity between quartiles: 15 %, in the last two digits of a colour


def anytime(bands: pd.DataFrame, x: str, scoring: str) -> Drawing:
    """Median and quartiles of the best so far; `x` is ``trial`` or ``seconds`` of each run."""
    contenders = list(_contenders(bands))
    traces = [
        trace
        for prefix in ("", "regret_")
        for name, band, look in contenders
        for trace in _band(style.thin(band, "median", LONGEST), name, look, prefix)
    ]
    first, last = bands["at"].min(), bands["at"].max()
    log = style.log_axis(first, last) if x == "seconds" and last > first else {}
    # Below the axis: above the figure, plotly's own bar would cover the buttons.
    menu = {"type": "buttons", "direction": "right", "x": 1, "xanchor": "right"}
    menu |= {"y": -0.06, "yanchor": "top", "buttons": _buttons(len(traces) // 2, scoring)}
    layout = style.layout(x, scoring, updatemenus=[menu], xaxis=log)
    key = "anytime" if x == "trial" else f"anytime_{x}"
    title = f"Best so far, by {x}"
    alt = f"{title}: median and quartiles over runs, for {count(len(contenders), 'contender')}."
    return Drawing(key, title, alt, traces, layout)


def _contenders(frame: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame, Look]]:
    """Each contender with its rows and its look."""
    for at, (name, rows) in enumerate(frame.groupby("contender", sort=False)):
        yield style.label(name), rows, style.LINES[at % len(style.LINES)]


def _buttons(half: int, scoring: str) -> list[Spec]:
    """Scores, which the first half of the traces shows, or regrets on a logarithmic axis."""
    regret = "regret: best known minus best so far"
    choices = [("score", True, "linear", scoring), ("log regret", False, "log", regret)]
    buttons = []
    for name, first, kind, title in choices:
        visible = {"visible": [first] * half + [not first] * half}
        args = [visible, {"yaxis.type": kind, "yaxis.title.text": title}]
        buttons.append({"label": name, "method": "update", "args": args})
    return buttons


def _band(band: pd.DataFrame, name: str, look: Look, prefix: str) -> list[Spec]:
    """A line and the area around it; a regret of zero has no place on a logarithmic axis."""
    frame = band.set_index("at")[[prefix + column for column in ("low", "median", "high")]]
    frame = frame.mask(frame <= 0) if prefix else frame
    low, median, high = (frame[column] for column in frame)
    both = low.notna() & high.notna()
    more: Spec = {"visible": not prefix, "legendgroup": name}
    middle = {"line": style.STEPS, "hovertemplate": "%{x}<br>%{y:.6g}<extra></extra>", **more}
    more |= {"line": {**style.STEPS, "width": 0}, "hoverinfo": "skip", "showlegend": False}
    fill = {"fill": "tonexty", "fillcolor": look[0] + BAND, **more}
    return [
        style.line(median.index, median, name, look, **middle),
        style.line(low[both].index, low[both], name, look, **more),
        style.line(high[both].index, high[both], name, look, **fill),
    ]


def final(runs: pd.DataFrame, scoring: str) -> Drawing:
    """Final scores of every run."""
    box = {"type": "box", "boxpoints": "all", "jitter": 0.4, "pointpos": 0, "showlegend": False}
    traces = []
    for name, rows, (colour, _) in _contenders(runs):
        ink = {"marker": {"color": colour}, "line": {"color": colour}}
        traces.append({**box, **ink, "y": style.signif(rows["score"].dropna()), "name": name})
    alt = f"Final scores of {count(len(runs), 'run')}; the table has the numbers."
    return Drawing("final", "Final scores", alt, traces, style.layout("contender", scoring))


def critical(ranks: pd.DataFrame, difference: float) -> Drawing:
    """Mean ranks; a bar joins contenders whose ranks are not apart (Demsar 2006, figure 1)."""
    ordered = ranks.sort_values("rank", kind="stable")
    places = ordered["rank"].tolist()
    heights = list(range(len(places), 0, -1))
    dots = style.points(places, heights, "mean rank", (style.BLUE, "circle"), marker={"size": 11})
    shapes = []
    for at, (first, last) in enumerate(cliques(places, difference)):
        ends = {"x0": places[first] - 0.03, "x1": places[last] + 0.03}
        join = {"type": "line", "line": {"color": style.GREY, "width": 5}}
        shapes.append({**join, **ends, "y0": -0.4 * at, "y1": -0.4 * at})
    across = {"range": [0.9, len(places) + 0.1]}
    up = {"range": [-0.4 * max(len(shapes), 1), len(places) + 0.5]}
    up |= style.ticks(heights, ordered["contender"])
    layout = style.layout("mean rank, 1 is best", "", shapes=shapes, xaxis=across, yaxis=up)
    alt = f"Mean ranks; ranks closer than {number(difference)} are not apart."
    note = f"Critical difference (Nemenyi): {number(difference)}. A bar joins who is not apart."
    return Drawing("critical", "Ranks and critical difference", alt, [dots], layout, note)


def cliques(places: list[float], difference: float) -> list[tuple[int, int]]:
    """Longest stretches of sorted ranks that are not apart.

    >>> cliques([1.0, 1.5, 3.0, 3.2], 1.0)
    [(0, 1), (2, 3)]
    """
    stretches: list[tuple[int, int]] = []
    for first, place in enumerate(places):
        last = first + sum(at - place < difference for at in places[first + 1 :])
        if last > first and (not stretches or last > stretches[-1][1]):
            stretches.append((first, last))
    return stretches


def overhead(ranking: pd.DataFrame) -> Drawing:
    """Seconds of a run: proposing and writing, and the rest."""
    sampler = ranking["seconds_sampler"]
    rest = (ranking["seconds"] - sampler).clip(lower=0.0)
    parts = [
        ("seconds_sampler", "sampler and storage", (style.ORANGE, "")),
        ("rest", "models", (style.BLUE, "")),
    ]
    traces = style.bars(ranking.assign(rest=rest), parts)
    upwards = {"autorange": "reversed"}
    layout = style.layout("median seconds of a run", "", barmode="stack", yaxis=upwards)
    alt = f"Seconds of a run; samplers take up to {number(sampler.max())} of them."
    return Drawing("overhead", "What the sampler costs", alt, traces, layout)
