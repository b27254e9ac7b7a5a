"""One figure a parameter: its values against the score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.parameters import EDGE, best_tenth, is_choice
from tuneflow.reporting.tables import column_of
from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import pandas as pd

MOST = 1_000  # points a trace; there is a figure for every parameter
ACTIVE_FROM = 0.16  # of the width, where some trials have the parameter inactive
GOLDEN = 0.618034  # spreads the trials of one choice, the same way each time


def slices(
    trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord
) -> Iterator[Drawing]:
    """A figure for every parameter, the most important first."""
    scored = trials[trials["score"].abs() < math.inf]
    ends = style.view(scored["score"].tolist(), record.sign, [score_of(record.baseline)])
    shown = style.thin(scored, "score", MOST)
    top = {trial.number for trial in best_tenth(record)}
    note = style.thinned(len(shown), len(scored))
    numbers, scores = shown.index.tolist(), style.signif(shown["score"])
    for name in parameters.index:
        values = shown[column_of(name)]
        missing = values.isna().tolist()
        rows = list(zip(numbers, scores, values.tolist(), missing, strict=True))
        active = [(at, y, value) for at, y, value, idle in rows if not idle]
        idle = [(at, y) for at, y, _, idle in rows if idle]
        spec = _slice(name, active, idle, record, top)
        spec["layout"]["yaxis"] |= {"range": ends} if ends else {}
        alt = f"{record.scoring} by {name}: {len(active):,} trials, inactive in {len(idle):,}."
        yield Drawing(f"slice:{name}", name, alt, spec, note)


def _slice(
    name: str,
    active: list[tuple[int, float, Any]],
    idle: list[tuple[int, float]],
    record: StudyRecord,
    top: set[int],
) -> Spec:
    dist: Any = record.spaces[name]
    place = _place_of(dist)
    groups = {
        is_top: [row for row in active if (row[0] in top) == is_top] for is_top in (False, True)
    }
    traces = [_active(rows, dist, place, is_top) for is_top, rows in groups.items() if rows]
    layout = style.layout("", record.scoring, height=250)  # the name stands above
    layout |= {"showlegend": False, "margin": {"l": 56, "r": 10, "t": 8, "b": 30}}
    layout["xaxis"] |= _axis(dist)
    layout["shapes"] = [] if is_choice(dist) or dist.single() else _edges(dist)
    if idle:
        traces.append(_inactive(idle))
        layout["xaxis"] |= {"domain": [ACTIVE_FROM, 1]}
        layout["xaxis2"] = {"domain": [0, ACTIVE_FROM - 0.03], "tickvals": [0]}
        layout["yaxis"] |= {"anchor": "x2"}
        layout["xaxis2"] |= {"ticktext": ["inactive"], "range": [-1, 1], "anchor": "y"}
    return {"data": [*traces, *_marks(name, place, record)], "layout": layout}


def _active(rows: list[tuple[int, float, Any]], dist: Any, place: Any, is_top: bool) -> Spec:
    numbers, scores, values = (list(column) for column in zip(*rows, strict=True))
    told: Spec = {"customdata": numbers}
    value = "%{text}" if is_choice(dist) else "%{x:.5g}"
    told["hovertemplate"] = f"trial %{{customdata}}: {value}<br>%{{y:.6g}}<extra></extra>"
    if is_choice(dist):
        told["text"] = [style.label(choice) for choice in values]
    x = [place(value, at) for at, value in zip(numbers, values, strict=True)]
    marker: Spec = {"opacity": 0.85 if is_top else 0.4, "size": 6 if is_top else 5}
    look = (style.ORANGE, "square") if is_top else (style.BLUE, "circle")
    name = "best tenth" if is_top else "complete"
    return style.points(x, scores, name, look, marker=marker, **told)


def _marks(name: str, place: Any, record: StudyRecord) -> Iterator[Spec]:
    """The first point and the best trial, above the others."""
    marks = [
        (record.baseline, record.first_point.removeprefix("the "), (style.PINK, "diamond")),
        (record.best, "best", (style.GREEN, "star")),
    ]
    for trial, title, look in marks:
        if trial and name in trial.params:
            marker = {"size": 13, "opacity": 1, "line": {"color": "#ffffff", "width": 1}}
            told: Spec = {"marker": marker}
            told["hovertemplate"] = f"{title}: trial {trial.number}<extra></extra>"
            x = [place(trial.params[name], None)]
            yield style.points(x, [score_of(trial)], title, look, **told)


def _inactive(rows: list[tuple[int, float]]) -> Spec:
    numbers, scores = (list(column) for column in zip(*rows, strict=True))
    told: Spec = {"customdata": numbers, "xaxis": "x2", "marker": {"opacity": 0.4, "size": 5}}
    told["hovertemplate"] = "trial %{customdata}: inactive<br>%{y:.6g}<extra></extra>"
    x = [round((at * GOLDEN) % 1 - 0.5, 3) for at in numbers]
    return style.points(x, scores, "inactive", (style.GREY, "circle-open"), **told)


def _place_of(dist: Any) -> Any:
    """How a value gets its place: a number is its own, a choice has one, with some room."""
    if not is_choice(dist):
        return lambda value, _: float(value)
    order = {str(choice): i for i, choice in enumerate(dist.choices)}
    return lambda value, at: (
        order.get(str(value), 0) + (0 if at is None else ((at * GOLDEN) % 1 - 0.5) * 0.5)
    )


def _axis(dist: Any) -> Spec:
    if not is_choice(dist):
        low, high = float(dist.low), float(dist.high)
        if dist.log and high > low:
            return style.log_axis(low, high)
        room = (high - low) * 0.04 or 0.5
        return {"range": [low - room, high + room]}
    names = [plain(choice) for choice in dist.choices]
    short = [style.label(name if len(name) <= 24 else f"{name[:23]}…") for name in names]
    return {
        "tickvals": list(range(len(names))),
        "ticktext": short,
        "range": [-0.5, len(names) - 0.5],
    }


def _edges(dist: Any) -> list[Spec]:
    """The outer parts of the range, shaded."""
    low, high = float(dist.low), float(dist.high)
    if dist.log:
        ratio = (high / low) ** EDGE
        zones = [(low, low * ratio), (high / ratio, high)]
    else:
        room = (high - low) * EDGE
        zones = [(low, low + room), (high - room, high)]
    style_ = {"fillcolor": style.GREY, "opacity": 0.18, "line": {"width": 0}, "layer": "below"}
    where = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1}
    return [{**where, **style_, "x0": start, "x1": end} for start, end in zones]
