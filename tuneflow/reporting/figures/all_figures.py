"""All figures of a report, in the order of the page."""

import math
from collections.abc import Mapping, Sequence

import pandas as pd

from tuneflow.reporting.figures import parameters, scores, style
from tuneflow.reporting.figures.style import Drawing
from tuneflow.storage.study_record import StudyRecord


def drawings(
    records: Sequence[StudyRecord], record: StudyRecord, tables: Mapping[str, pd.DataFrame]
) -> dict[str, Drawing]:
    """Every figure that has something to show, by its key."""
    trials, importance = tables["trials"], tables["parameters"]
    scored = trials[trials["score"].abs() < math.inf]
    by_importance = scored, list(importance.index), record
    figures = [
        scores.of_studies(records, record),
        *(scores.history(trials, record, by) for by in ("trial", "seconds") if len(trials)),
        scores.curves(tables["rungs"], trials, record),
        scores.folds(tables["folds"], record),
        scores.holdout(tables["holdout"], record),
        *parameters.slices(*by_importance),
        parameters.parallel(*by_importance),
        parameters.contour(*by_importance),
        parameters.importances(importance),
        cost(tables["cost"]),
        timeline(tables["timeline"]),
    ]
    return {drawing.key: drawing for drawing in figures if drawing}


PARTS = (
    ("seconds_fit", "training", (style.BLUE, "")),
    ("seconds_score", "scoring", (style.SKY, "/")),
    ("seconds_other", "the rest", (style.GREY, ".")),
)
PIXELS = 1_000  # parts of the time that can be told apart


def cost(frame: pd.DataFrame) -> Drawing | None:
    """A bar a state, in parts."""
    spent = frame[frame["seconds"] > 0]
    if spent.empty:
        return None
    split = spent["seconds_fit"].notna().any()
    parts = PARTS if split else (("seconds", "wall clock", (style.BLUE, "")),)
    hover = "%{y}, %{fullData.name}: %{x:.4g} s<extra></extra>"
    traces = style.bars(spent.clip(lower=0), parts, hovertemplate=hover)
    rows = {"autorange": "reversed", "type": "category"}
    more = {"height": 150 + 44 * len(spent), "legend": {"traceorder": "normal"}}
    layout = style.layout("seconds", "", barmode="stack", yaxis=rows, **more)
    alt = "Seconds by what became of the trials; the table has the numbers."
    return Drawing("cost", "Time by state", alt, traces, layout)


def timeline(frame: pd.DataFrame) -> Drawing | None:
    """A lane a worker; neighbours that cannot be told apart are drawn as one."""
    if frame.empty or not frame["end"].max() > 0:
        return None
    merged, traces = _merged(frame, frame["end"].max() / PIXELS), []
    for state, (name, (colour, _)) in style.STATES.items():
        rows = merged[merged["state"] == state]
        x = style.with_gaps(zip(rows["start"], rows["end"], strict=True))
        y = style.with_gaps(zip(rows["worker"], rows["worker"], strict=True))
        more = {"line": {"width": 16}, "hovertemplate": f"{name}, %{{x:.4g}} s<extra></extra>"}
        if len(rows):
            traces.append(style.line(x, y, name, (colour, "solid"), **more))
    lanes = int(frame["worker"].max()) + 1
    axis = {"dtick": 1, "range": [lanes - 0.4, -0.6]}
    title, height = "seconds since the first trial began", 150 + 34 * lanes
    layout = style.layout(title, "worker", height=height, yaxis=axis)
    alt = f"{len(frame):,} trials on {lanes} lanes, by state."
    fewer = len(merged) < len(frame)
    note = "Trials too short to be seen are drawn with their neighbours." if fewer else ""
    return Drawing("timeline", "When trials ran", alt, traces, layout, note)


def _merged(frame: pd.DataFrame, least: float) -> pd.DataFrame:
    """Trials of one lane and state that follow each other within `least` seconds, as one."""
    frame = frame.sort_values(["worker", "start"], kind="stable")
    before = frame.shift()
    same = (frame["worker"] == before["worker"]) & (frame["state"] == before["state"])
    near = frame["start"] - before["end"] <= least
    short = frame["end"] - frame["start"] <= 2 * least
    run = (~(same & near & short)).cumsum()
    parts = {"number": "first", "state": "first", "worker": "first", "start": "min", "end": "max"}
    return style.thin(frame.groupby(run, sort=False).agg(parts), "end", style.MOST // 3)
