"""Parameters beside each other: parallel coordinates, and the two that mattered most."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.scales import share, share_ticks
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.tables.parameters import is_choice
from tuneflow.reporting.tables.trials import column_of
from tuneflow.storage.study_record import StudyRecord

INACTIVE = -0.12  # place on an axis from 0 to 1
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
    shown = style.thin(scored, "score").sort_values("score", ascending=record.maximize)
    names = list(parameters.index[:MOST_PARAMETERS])
    scores = style.signif(shown["score"])
    all_ = [float(shown["score"].min()), float(shown["score"].max())]
    low, high = style.view(shown["score"].tolist(), record.sign) or all_
    colour = {"color": scores, "cmin": low, "cmax": high, "showscale": True, **_colours(record)}
    trace = {
        "type": "parcoords",
        "line": colour,
        "dimensions": [
            {"label": style.label(record.scoring), "values": scores},
            *(_dimension(name, shown, record) for name in names),
        ],
        "rangefont": {"color": "rgba(0,0,0,0)"},  # the ends are ticks, too
        "labelside": "bottom",
        "labelangle": 20 if len(names) > 5 else 0,
    }
    layout = {"height": 430, "margin": {"l": 60, "r": 30, "t": 26, "b": 90}}
    alt = f"{len(shown):,} complete trials as lines through {len(names)} parameters."
    notes = [style.thinned(len(shown), len(scored)), NARROW if len(names) > 4 else ""]
    note = " ".join(filter(None, notes))
    return Drawing("parallel", "All parameters together", alt, [trace], layout, note)


def _colours(record: StudyRecord) -> Spec:
    return {"colorscale": "Cividis", "reversescale": not record.maximize}


def _dimension(name: str, trials: pd.DataFrame, record: StudyRecord) -> Spec:
    dist, values = record.spaces[name], trials[column_of(name)]
    idle = values.isna()
    places = [
        INACTIVE if missing else share(value, dist)
        for value, missing in zip(values, idle, strict=True)
    ]
    ticks = [*([(INACTIVE, "inactive")] if idle.any() else []), *share_ticks(dist)]
    return {
        "label": style.label(name),
        "values": [round(at, 4) for at in places],
        "range": [INACTIVE if idle.any() else 0, 1],
        "tickvals": [round(at, 4) for at, _ in ticks],
        "ticktext": [text for _, text in ticks],  # taken as it is: no markup here
    }


def contour(trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """The best score in every cell of the two most important parameters."""
    names = [name for name in parameters.index if not record.spaces[name].single()][:2]
    both = trials[trials["score"].abs() < math.inf].dropna(subset=[*map(column_of, names)])
    if len(names) < 2 or len(both) < FEWEST or parameters["importance"].isna().all():
        return None
    x, y = (CellAxis(name, record.spaces[name]) for name in names)
    grid = np.full((y.size, x.size), -math.inf)
    np.maximum.at(grid, (y.cells(both), x.cells(both)), both["score"].to_numpy() * record.sign)
    heat: Spec = {"type": "heatmap", "z": [style.signif(row) for row in grid * record.sign]}
    heat |= {"hoverongaps": False, "hovertemplate": "best %{z:.6g}<extra></extra>"}
    heat |= _colours(record)
    if ends := style.view(both["score"].tolist(), record.sign):
        heat |= {"zmin": ends[0], "zmax": ends[1]}
    layout = style.layout(*names, height=430, xaxis=x.ticks(), yaxis=y.ticks())
    alt = f"The best score in each cell of {x.name} and {y.name}."
    note = "A cell shows its best trial; empty cells were not tried."
    traces = [heat, *_landmarks(x, y, record)]
    return Drawing("contour", "The two that mattered most", alt, traces, layout, note)


class CellAxis:
    """A parameter in cells: one for each choice, or as many of a range as are told apart."""

    def __init__(self, name: str, dist: Any) -> None:
        self.name, self.dist, self.choice = name, dist, is_choice(dist)
        self.size = len(dist.choices) if self.choice else BINS

    def place(self, at: float) -> float:
        """A place from 0 to 1, counted in cells; the middle of the first is 0."""
        return at * (self.size - 1) if self.choice else at * self.size - 0.5

    def cells(self, trials: pd.DataFrame) -> list[int]:
        """The cells in which the values of trials lie."""
        places = [share(value, self.dist) for value in trials[column_of(self.name)]]
        if self.choice:
            return [round(self.place(at)) for at in places]
        return [min(int(at * self.size), self.size - 1) for at in places]

    def ticks(self) -> Spec:
        """What plotly is to know of the axis."""
        places, names = zip(*share_ticks(self.dist), strict=True)
        return {**style.ticks(map(self.place, places), names), "showgrid": False}


def _landmarks(x: CellAxis, y: CellAxis, record: StudyRecord) -> list[Spec]:
    """Where the first point and the best trial lie."""
    marker = {"size": 14, "opacity": 1, "line": {"color": "#ffffff", "width": 1.5}}
    traces = []
    for trial, title, look in style.landmarks(record):
        if {x.name, y.name} <= trial.params.keys():
            at = [axis.place(share(trial.params[axis.name], axis.dist)) for axis in (x, y)]
            more: Spec = {"marker": marker, "hovertemplate": f"{title}<extra></extra>"}
            traces.append(style.points(at[:1], at[1:], title, look, **more))
    return traces
