"""One figure a parameter: its values against the score."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.scales import choice_index
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.tables.parameters import EDGE, best_tenth, is_choice
from tuneflow.reporting.tables.trials import column_of
from tuneflow.storage.study_record import StudyRecord, score_of

MOST = 1_000  # points a trace; there is a figure for every parameter
ACTIVE_FROM = 0.16  # of the width, where some trials have the parameter inactive
GOLDEN = 0.618034  # spreads the trials of one choice, the same way each time
LONGEST = 24  # characters of a choice
# Trials, whether they are among the best tenth, and how they look.
GROUPS = (
    (False, "complete", (style.BLUE, "circle"), {"opacity": 0.4, "size": 5}),
    (True, "best tenth", (style.ORANGE, "square"), {"opacity": 0.85, "size": 6}),
)


def slices(
    trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord
) -> Iterator[Drawing]:
    """A figure for every parameter, the most important first."""
    scored = trials[trials["score"].abs() < math.inf]
    ends = style.view(scored["score"].tolist(), record.sign, [score_of(record.baseline)])
    shown = style.thin(scored, "score", MOST)
    top = shown.index.isin([trial.number for trial in best_tenth(record)])
    note = style.thinned(len(shown), len(scored))
    for name in parameters.index:
        dist: Any = record.spaces[name]
        rows = shown[["score"]].assign(value=shown[column_of(name)], top=top)
        idle = rows["value"].isna()
        traces = [*_active(rows[~idle], dist), *_inactive(rows[idle])]
        traces += _landmarks(name, record)
        layout = _layout(dist, record.scoring, bool(idle.any()))
        layout["yaxis"] |= style.within(ends)
        alt = f"{record.scoring} by {name}: {sum(~idle):,} trials, inactive in {sum(idle):,}."
        yield Drawing(f"slice:{name}", name, alt, traces, layout, note)


def _active(rows: pd.DataFrame, dist: Any) -> Iterator[Spec]:
    value = "%{text}" if is_choice(dist) else "%{x:.5g}"
    hover = f"trial %{{customdata}}: {value}<br>%{{y:.6g}}<extra></extra>"
    for top, name, look, marker in GROUPS:
        group = rows[rows["top"] == top]
        places = zip(group["value"], group.index, strict=True)
        x = [_place(value, dist, number) for value, number in places]
        more: Spec = {"customdata": group.index.tolist(), "hovertemplate": hover}
        if is_choice(dist):
            more["text"] = [style.label(choice) for choice in group["value"]]
        if x:
            yield style.points(x, group["score"], name, look, marker=marker, **more)


def _inactive(rows: pd.DataFrame) -> Iterator[Spec]:
    """Trials without the parameter, on a narrow axis of their own."""
    hover = "trial %{customdata}: inactive<br>%{y:.6g}<extra></extra>"
    more: Spec = {"customdata": rows.index.tolist(), "xaxis": "x2", "hovertemplate": hover}
    more["marker"] = {"opacity": 0.4, "size": 5}
    x = [round(_jitter(number), 3) for number in rows.index]
    if x:
        yield style.points(x, rows["score"], "inactive", (style.GREY, "circle-open"), **more)


def _landmarks(name: str, record: StudyRecord) -> Iterator[Spec]:
    """The first point and the best trial, above the others."""
    marker = {"size": 13, "opacity": 1, "line": {"color": "#ffffff", "width": 1}}
    for trial, title, look in style.landmarks(record):
        if name in trial.params:
            x = [_place(trial.params[name], record.spaces[name])]
            hover = f"{title}: trial {trial.number}<extra></extra>"
            more = {"marker": marker, "hovertemplate": hover}
            yield style.points(x, [score_of(trial)], title, look, **more)


def _place(value: Any, dist: Any, number: int | None = None) -> float:
    """A number is its own place; a choice has one, with some room for its trials."""
    if not is_choice(dist):
        return float(value)
    return choice_index(value, dist) + (0 if number is None else _jitter(number) * 0.5)


def _jitter(number: int) -> float:
    return (number * GOLDEN) % 1 - 0.5


def _layout(dist: Any, scoring: str, inactive: bool) -> Spec:
    shapes = [] if is_choice(dist) or dist.single() else _edges(dist)
    margin = {"l": 56, "r": 10, "t": 8, "b": 30}
    more = {"height": 250, "showlegend": False, "margin": margin, "shapes": shapes}
    layout = style.layout("", scoring, xaxis=_axis(dist), **more)  # the name stands above
    if inactive:
        layout["xaxis"] |= {"domain": [ACTIVE_FROM, 1]}
        layout["yaxis"] |= {"anchor": "x2"}
        left = {"domain": [0, ACTIVE_FROM - 0.03], "range": [-1, 1], "anchor": "y"}
        layout["xaxis2"] = {**left, **style.ticks([0], ["inactive"])}
    return layout


def _axis(dist: Any) -> Spec:
    if is_choice(dist):
        names = [plain(choice) for choice in dist.choices]
        short = [n if len(n) <= LONGEST else f"{n[: LONGEST - 1]}…" for n in names]
        ends = [-0.5, len(names) - 0.5]
        return {**style.ticks(range(len(names)), short), "range": ends}
    low, high = float(dist.low), float(dist.high)
    if dist.log and high > low:
        return style.log_axis(low, high)
    room = (high - low) * 0.04 or 0.5
    return {"range": [low - room, high + room]}


def _edges(dist: Any) -> list[Spec]:
    """The outer parts of the range, shaded."""
    low, high = float(dist.low), float(dist.high)
    if dist.log:
        ratio = (high / low) ** EDGE
        zones = [(low, low * ratio), (high / ratio, high)]
    else:
        room = (high - low) * EDGE
        zones = [(low, low + room), (high - room, high)]
    shade = {"fillcolor": style.GREY, "opacity": 0.18, "line": {"width": 0}, "layer": "below"}
    where = {"type": "rect", "yref": "paper", "y0": 0, "y1": 1}
    return [{**where, **shade, "x0": start, "x1": end} for start, end in zones]
