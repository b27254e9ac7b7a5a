"""Parameters beside each other: parallel coordinates, and the two that mattered most."""

import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import binned_statistic_2d

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.slices import axis, landmarks, place, spread
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.tables.parameters import is_choice, position
from tuneflow.reporting.tables.trials import column_of
from tuneflow.storage.study_record import StudyRecord

INACTIVE = -0.12  # place on an axis from 0 to 1
TICKS = 5
BINS = 16
MOST_PARAMETERS = 12
FEWEST = 10  # trials


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
    colour = {"color": scores, "cmin": low, "cmax": high, "showscale": True}
    first = {"label": style.label(record.scoring), "values": scores}
    trace = {
        "type": "parcoords",
        "line": {**colour, "colorscale": "Cividis", "reversescale": not record.maximize},
        "dimensions": [first, *(_dimension(name, shown, record) for name in names)],
        "rangefont": {"color": "rgba(0,0,0,0)"},  # the ends are ticks, too
        "labelside": "bottom",
        "labelangle": 20 if len(names) > 5 else 0,
    }
    layout = {"height": 430, "margin": {"l": 60, "r": 30, "t": 26, "b": 90}}
    alt = f"{len(shown):,} complete trials as lines through {len(names)} parameters."
    narrow = "A narrow screen shows the most important parameters." if len(names) > 4 else ""
    note = " ".join(filter(None, [style.thinned(len(shown), len(scored)), narrow]))
    return Drawing("parallel", "All parameters together", alt, [trace], layout, note)


def _dimension(name: str, trials: pd.DataFrame, record: StudyRecord) -> Spec:
    """An axis of parallel coordinates: from 0 to 1 on the parameter's own scale."""
    dist: Any = record.spaces[name]

    def share(value: Any) -> float:
        if not is_choice(dist):
            return min(1.0, max(0.0, position(value, dist)))
        return place(value, dist) / (len(dist.choices) - 1) if len(dist.choices) > 1 else 0.5

    if is_choice(dist):
        ticks = {share(choice): plain(choice) for choice in dist.choices}
    else:
        values = [dist.low] if dist.single() else spread(dist, TICKS)
        ticks = {share(value): f"{value:.3g}" for value in values}
    column = trials[column_of(name)]
    if idle := bool(column.isna().any()):
        ticks = {INACTIVE: "inactive", **ticks}
    places = [INACTIVE if pd.isna(value) else share(value) for value in column]
    return {
        "label": style.label(name),
        "values": [round(at, 4) for at in places],
        "range": [INACTIVE if idle else 0, 1],
        "tickvals": [round(at, 4) for at in ticks],
        "ticktext": list(ticks.values()),  # taken as it is: no markup here
    }


def contour(trials: pd.DataFrame, parameters: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """The best score in every cell of the two most important parameters."""
    names = [name for name in parameters.index if not record.spaces[name].single()][:2]
    both = trials[trials["score"].abs() < math.inf].dropna(subset=[*map(column_of, names)])
    if len(names) < 2 or len(both) < FEWEST or parameters["importance"].isna().all():
        return None
    places, edges = [], []
    for name in names:
        dist: Any = record.spaces[name]
        choices = len(dist.choices) if is_choice(dist) else 0
        ends = [at - 0.5 for at in range(choices + 1)] if choices else spread(dist, BINS + 1)
        values = [place(value, dist) for value in both[column_of(name)]]
        places.append(np.clip(values, ends[0], ends[-1]))
        edges.append(ends)
    merit = both["score"] * record.sign
    cells = binned_statistic_2d(*reversed(places), merit, "max", [*reversed(edges)]).statistic
    heat: Spec = {"type": "heatmap", "z": [style.signif(row) for row in cells * record.sign]}
    heat |= {"x": style.signif(edges[0]), "y": style.signif(edges[1]), "hoverongaps": False}
    heat |= {"colorscale": "Cividis", "reversescale": not record.maximize}
    heat["hovertemplate"] = "best %{z:.6g}<extra></extra>"
    if limits := style.view(both["score"].tolist(), record.sign):
        heat |= {"zmin": limits[0], "zmax": limits[1]}
    x, y = ({**axis(record.spaces[name]), "showgrid": False} for name in names)
    layout = style.layout(*names, height=430, xaxis=x, yaxis=y)
    alt = f"The best score in each cell of {names[0]} and {names[1]}."
    note = "A cell shows its best trial; empty cells were not tried."
    traces = [heat, *landmarks(record, *names)]
    return Drawing("contour", "The two that mattered most", alt, traces, layout, note)
