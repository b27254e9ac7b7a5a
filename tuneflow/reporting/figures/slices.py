"""One figure a parameter: its values against the score; and the scale of a parameter."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.tables.parameters import EDGE, best_tenth, is_choice
from tuneflow.reporting.tables.trials import column_of
from tuneflow.storage.study_record import StudyRecord, score_of

LONGEST = 24  # characters of a choice


def place(value: Any, dist: Any) -> float:
    """A number is its own place; a choice has that of its name, or 0 if it is one no more."""
    if not is_choice(dist):
        return float(value)
    names = [str(choice) for choice in dist.choices]
    return names.index(str(value)) if str(value) in names else 0


def spread(dist: Any, count: int) -> list[float]:
    """Numbers that divide a range evenly, on the parameter's own scale."""
    between: Any = np.geomspace if dist.log else np.linspace
    return [float(value) for value in between(dist.low, dist.high, count)]


def axis(dist: Any) -> Spec:
    """An axis of all values of a parameter, with a tick for each choice."""
    if is_choice(dist):
        names = [plain(choice) for choice in dist.choices]
        short = [n if len(n) <= LONGEST else f"{n[: LONGEST - 1]}…" for n in names]
        return {**style.ticks(range(len(names)), short), "range": [-0.5, len(names) - 0.5]}
    low, high = float(dist.low), float(dist.high)
    if dist.log and high > low:
        return style.log_axis(low, high)
    room = (high - low) * 0.04 or 0.5
    return {"range": [low - room, high + room]}


def landmarks(record: StudyRecord, *names: str) -> list[Spec]:
    """Where the first point and the best trial lie, by one parameter and the score, or by two."""
    marker = {"size": 13, "opacity": 1, "line": {"color": "#ffffff", "width": 1}}
    traces = []
    for trial, title, look in style.landmarks(record):
        if set(names) <= trial.params.keys():
            places = [place(trial.params[name], record.spaces[name]) for name in names]
            x, y = [*places, score_of(trial)][:2]
            more: Spec = {"hovertemplate": f"{title}: trial {trial.number}<extra></extra>"}
            traces.append(style.points([x], [y], title, look, marker=marker, **more))
    return traces


MOST = 1_000  # points a trace; there is a figure for every parameter
ACTIVE_FROM = 0.16  # of the width, where some trials have the parameter inactive
GOLDEN = 0.618034  # spreads the trials of one choice, the same way each time
# Trials by what they are, and how they look; inactive ones have a narrow axis of their own.
GROUPS = (
    ("complete", (style.BLUE, "circle"), {"opacity": 0.4, "size": 5}),
    ("best tenth", (style.ORANGE, "square"), {"opacity": 0.85, "size": 6}),
    ("inactive", (style.GREY, "circle-open"), {"opacity": 0.4, "size": 5}),
)


def slices(
    trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord
) -> Iterator[Drawing]:
    """A figure for every parameter, the most important first; none without a score."""
    if not record.scored:
        return
    scored = trials[trials["score"].abs() < math.inf]
    ends = style.view(scored["score"].tolist(), record.sign, [score_of(record.baseline)])
    shown = style.thin(scored, "score", MOST)
    best = shown.index.isin([trial.number for trial in best_tenth(record)])
    group = pd.Series("complete", shown.index).mask(best, "best tenth")
    note = style.thinned(len(shown), len(scored))
    for name in parameters.index:
        dist: Any = record.spaces[name]
        rows = shown[["score"]].assign(value=shown[column_of(name)])
        idle = rows["value"].isna()
        rows["group"] = group.mask(idle, "inactive")
        traces = [*_points(rows, dist), *landmarks(record, name)]
        layout = _layout(dist, record.scoring, bool(idle.any()))
        layout["yaxis"] |= style.within(ends)
        alt = f"{record.scoring} by {name}: {sum(~idle):,} trials, inactive in {sum(idle):,}."
        yield Drawing(f"slice:{name}", name, alt, traces, layout, note)


def _points(rows: pd.DataFrame, dist: Any) -> Iterator[Spec]:
    """A trace a group of trials; those of one choice are spread, to be told apart."""
    for name, look, marker in GROUPS:
        shown = rows[rows["group"] == name]
        more: Spec = {"customdata": shown.index.tolist(), "marker": marker}
        jitter = (shown.index.to_numpy() * GOLDEN) % 1 - 0.5
        value = "%{x:.5g}"
        if name == "inactive":
            x, value, more["xaxis"] = jitter.round(3), "inactive", "x2"
        else:
            x = np.array([place(value, dist) for value in shown["value"]])
            if is_choice(dist):
                x, value = x + jitter * 0.5, "%{text}"
                more["text"] = [style.label(choice) for choice in shown["value"]]
        more["hovertemplate"] = f"trial %{{customdata}}: {value}<br>%{{y:.6g}}<extra></extra>"
        if len(shown):
            yield style.points(x, shown["score"], name, look, **more)


def _layout(dist: Any, scoring: str, inactive: bool) -> Spec:
    """Axes, with the outer parts of a range shaded."""
    shapes = []
    if not is_choice(dist) and not dist.single():
        places = spread(dist, round(1 / EDGE) + 1)
        shade = {"fillcolor": style.GREY, "opacity": 0.18, "line": {"width": 0}, "layer": "below"}
        shade |= {"type": "rect", "yref": "paper", "y0": 0, "y1": 1}
        shapes = [{**shade, "x0": x0, "x1": x1} for x0, x1 in (places[:2], places[-2:])]
    margin = {"l": 56, "r": 10, "t": 8, "b": 30}
    more = {"height": 250, "showlegend": False, "margin": margin, "shapes": shapes}
    layout = style.layout("", scoring, xaxis=axis(dist), **more)  # the name stands above
    if inactive:
        layout["xaxis"] |= {"domain": [ACTIVE_FROM, 1]}
        layout["yaxis"] |= {"anchor": "x2"}
        left = {"domain": [0, ACTIVE_FROM - 0.03], "range": [-1, 1], "anchor": "y"}
        layout["xaxis2"] = {**left, **style.ticks([0], ["inactive"])}
    return layout
