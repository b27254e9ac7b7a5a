"""Parameters: each against the score, all together, the two that mattered most, and how much."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from optuna.distributions import IntDistribution
from scipy.stats import binned_statistic_2d

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.tables import parameters as tables
from tuneflow.reporting.tables.parameters import EDGE, best_tenth, is_choice, position
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


def slices(scored: pd.DataFrame, names: Sequence[str], record: StudyRecord) -> Iterator[Drawing]:
    """A figure for every parameter, the most important first; none without a score."""
    if scored.empty:
        return
    ends = style.view(scored["score"].tolist(), record.sign, record.default_score)
    shown = style.thin(scored, "score", MOST)
    best = shown.index.isin([trial.number for trial in best_tenth(record)])
    group = pd.Series("complete", shown.index).mask(best, "best tenth")
    note = style.thinned(len(shown), len(scored))
    for name in names:
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


INACTIVE = -0.12  # place on an axis from 0 to 1
TICKS = 5
BINS = 16
MOST_PARAMETERS = 12
FEWEST = 10  # trials with both


def parallel(scored: pd.DataFrame, names: Sequence[str], record: StudyRecord) -> Drawing | None:
    """One line a complete trial through all parameters, the most important first."""
    if len(scored) < 2 or len(names) < 2:
        return None
    shown = style.thin(scored, "score").sort_values("score", ascending=record.maximize)
    names = names[:MOST_PARAMETERS]
    scores = shown["score"].tolist()
    low, high = style.view(scores, record.sign) or (min(scores), max(scores))
    short = style.signif(scores)
    colour = {"color": short, "cmin": low, "cmax": high, "showscale": True}
    first = {"label": style.label(record.scoring), "values": short}
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
    choices = dist.choices if is_choice(dist) else ()
    scale = IntDistribution(0, len(choices) - 1) if choices else dist

    def share(value: Any) -> float:
        return min(1.0, max(0.0, position(place(value, dist), scale)))

    ticks = {share(choice): plain(choice) for choice in choices}
    ticks |= {} if choices else {share(at): f"{at:.3g}" for at in spread(dist, TICKS)}
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


def contour(scored: pd.DataFrame, names: Sequence[str], record: StudyRecord) -> Drawing | None:
    """The best score in every cell of the two most important parameters."""
    names = [name for name in names if not record.spaces[name].single()][:2]
    both = scored.dropna(subset=[*map(column_of, names)])
    if len(names) < 2 or len(both) < FEWEST or len(scored) < tables.FEWEST:
        return None
    places, edges = [], []
    for name in names:
        dist: Any = record.spaces[name]
        if is_choice(dist):
            edges.append([at - 0.5 for at in range(len(dist.choices) + 1)])
        else:
            edges.append(spread(dist, BINS + 1))
        values = [place(value, dist) for value in both[column_of(name)]]
        places.append(np.clip(values, edges[-1][0], edges[-1][-1]))
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


SHARES = (
    ("importance_top", "among the better half", (style.SKY, "/")),
    ("importance", "among all trials", (style.BLUE, "")),
)


def importances(parameters: pd.DataFrame) -> Drawing | None:
    """Two bars a parameter: among all trials, and among the better half."""
    frame = parameters.dropna(subset="importance").iloc[::-1]
    if frame.empty:
        return None
    traces = style.bars(frame, SHARES, hovertemplate="%{y}: %{x:.1%}")
    for trace, (column, *_) in zip(traces, SHARES, strict=True):
        trace["error_x"] = {"type": "data", "array": style.signif(frame[f"{column}_error"])}
    most = max((frame[column] + frame[f"{column}_error"]).max() for column, *_ in SHARES)
    axes = {"xaxis": {"tickformat": ".0%", "range": [0, round(float(most) * 1.03, 4)]}}
    axes["yaxis"] = {"type": "category"}
    more = {"height": 130 + 40 * len(frame), "legend": {"traceorder": "reversed"}}
    layout = style.layout("share of importance", "", barmode="group", **axes, **more)
    alt = f"Importance of {len(frame)} parameters; {frame.index[-1]} leads."
    return Drawing("importance", "Importance", alt, traces, layout)
