"""Parameters beside each other: parallel coordinates, and the two that mattered most."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.parameters import is_choice, position
from tuneflow.reporting.tables import column_of
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd

INACTIVE = -0.12  # place on an axis from 0 to 1
TICKS = 5
BINS = 16
MOST_PARAMETERS = 12
FEWEST = 10  # trials
NARROW = "A narrow screen shows the most important parameters."


def parallel(
    trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord
) -> Drawing | None:
    """One line a complete trial through all parameters, the most important first."""
    scored = trials[trials["score"].abs() < math.inf]
    if len(scored) < 2 or len(parameters) < 2:
        return None
    shown = style.thin(scored, "score", style.MOST).sort_values("score", ascending=record.maximize)
    names = list(parameters.index[:MOST_PARAMETERS])
    dimensions = [_dimension(name, shown, record) for name in names]
    score: Spec = {"label": style.label(record.scoring), "values": style.signif(shown["score"])}
    ends = style.view(shown["score"].tolist(), record.sign) or [*map(float, _ends(shown["score"]))]
    colour: Spec = {
        "color": score["values"],
        "colorscale": "Cividis",
        "cmin": ends[0],
        "cmax": ends[1],
    }
    colour |= {"showscale": True, "reversescale": not record.maximize}
    trace: Spec = {"type": "parcoords", "line": colour, "dimensions": [score, *dimensions]}
    trace |= {"rangefont": {"color": "rgba(0,0,0,0)"}}  # the ends are ticks, too
    trace |= {"labelside": "bottom", "labelangle": 20 if len(names) > 5 else 0}
    layout: Spec = {"height": 430, "margin": {"l": 60, "r": 30, "t": 26, "b": 90}}
    alt = f"{len(shown):,} complete trials as lines through {len(names)} parameters."
    spec = {"data": [trace], "layout": layout}
    drawn = style.thinned(len(shown), len(scored))
    note = " ".join(filter(None, [drawn, NARROW if len(names) > 4 else ""]))
    return Drawing("parallel", "All parameters together", alt, spec, note)


def _ends(scores: pd.Series[float]) -> tuple[float, float]:
    return scores.min(), scores.max()


def _dimension(name: str, trials: pd.DataFrame, record: StudyRecord) -> Spec:
    dist: Any = record.spaces[name]
    values = trials[column_of(name)]
    places = [INACTIVE if missing else place(value, dist) for value, missing in _pairs(values)]
    ticks = _ticks(dist)
    if values.isna().any():
        ticks = [(INACTIVE, "inactive"), *ticks]
    return {
        "label": style.label(name),
        "values": [round(at, 4) for at in places],
        "range": [INACTIVE if values.isna().any() else 0, 1],
        "tickvals": [round(at, 4) for at, _ in ticks],
        "ticktext": [text for _, text in ticks],  # taken as it is: no markup here
    }


def _pairs(values: pd.Series[Any]) -> Any:
    return zip(values, values.isna(), strict=True)


def place(value: Any, dist: Any) -> float:
    """Where a value stands on an axis from 0 to 1."""
    if not is_choice(dist):
        return min(1.0, max(0.0, position(value, dist)))
    order = [str(choice) for choice in dist.choices]
    at = order.index(str(value)) if str(value) in order else 0
    return at / (len(order) - 1) if len(order) > 1 else 0.5


def _ticks(dist: Any) -> list[tuple[float, str]]:
    if is_choice(dist):
        return [(place(choice, dist), plain(choice)) for choice in dist.choices]
    if dist.single():
        return [(0.5, f"{dist.low:.3g}")]
    shares = [i / (TICKS - 1) for i in range(TICKS)]
    if dist.log:
        ratio = dist.high / dist.low
        return [(at, f"{dist.low * ratio**at:.3g}") for at in shares]
    return [(at, f"{dist.low + (dist.high - dist.low) * at:.3g}") for at in shares]


def contour(trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """The best score in every cell of the two most important parameters."""
    names = [name for name in parameters.index if not record.spaces[name].single()][:2]
    scored = trials[trials["score"].abs() < math.inf]
    columns = [column_of(name) for name in names]
    both = scored.dropna(subset=columns)
    if len(names) < 2 or len(both) < FEWEST or parameters["importance"].isna().all():
        return None
    dists = [record.spaces[name] for name in names]
    sizes = [_bins(dist) for dist in dists]
    cells = [
        _cells(both[col], dist, n) for col, dist, n in zip(columns, dists, sizes, strict=True)
    ]
    grid = np.full(sizes[::-1], -math.inf)
    np.maximum.at(grid, (cells[1], cells[0]), both["score"].to_numpy() * record.sign)
    rows = [[style._short(float(v) * record.sign) for v in row] for row in grid]
    ends = style.view(both["score"].tolist(), record.sign)
    heat = {"type": "heatmap", "z": rows, "colorscale": "Cividis", "hoverongaps": False}
    heat |= {"reversescale": not record.maximize, "hovertemplate": "best %{z:.6g}<extra></extra>"}
    heat |= {"zmin": ends[0], "zmax": ends[1]} if ends else {}
    layout = style.layout(names[0], names[1], height=430)
    for key, dist, size in zip(("xaxis", "yaxis"), dists, sizes, strict=True):
        ticks = _ticks(dist)
        at = [spot * (size - 1) if is_choice(dist) else spot * size - 0.5 for spot, _ in ticks]
        layout[key] |= {
            "tickvals": at,
            "ticktext": [style.label(text) for _, text in ticks],
            "showgrid": False,
        }
    alt = f"The best score in each cell of {names[0]} and {names[1]}."
    spec = {"data": [heat, *_stars(names, dists, sizes, record)], "layout": layout}
    note = "A cell shows its best trial; empty cells were not tried."
    return Drawing("contour", "The two that mattered most", alt, spec, note)


def _bins(dist: Any) -> int:
    return len(dist.choices) if is_choice(dist) else BINS


def _cells(values: pd.Series[Any], dist: Any, size: int) -> Any:
    share = np.array([place(value, dist) for value in values])
    if is_choice(dist):
        return np.rint(share * (size - 1)).astype(int)
    return np.minimum((share * size).astype(int), size - 1)


def _stars(
    names: list[str], dists: list[Any], sizes: list[int], record: StudyRecord
) -> list[Spec]:
    """Where the first point and the best trial lie."""
    marks = [
        (record.baseline, record.first_point.removeprefix("the "), (style.PINK, "diamond")),
        (record.best, "best", (style.GREEN, "star")),
    ]
    traces = []
    for trial, title, look in marks:
        if trial and all(name in trial.params for name in names):
            at = [
                share * (size - 1) if is_choice(dist) else share * size - 0.5
                for name, dist, size in zip(names, dists, sizes, strict=True)
                for share in [place(trial.params[name], dist)]
            ]
            marker = {"size": 14, "opacity": 1, "line": {"color": "#ffffff", "width": 1.5}}
            more = {"marker": marker, "hovertemplate": f"{title}<extra></extra>"}
            traces.append(style.points([at[0]], [at[1]], title, look, **more))
    return traces
