"""Where the time went, and when trials ran."""

from __future__ import annotations

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec

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
    states = spent.index.tolist()
    traces = [
        style.bars(
            spent[column].clip(lower=0),
            states,
            name,
            look,
            hovertemplate=f"%{{y}}, {name}: %{{x:.4g}} s<extra></extra>",
        )
        for column, name, look in parts
    ]
    layout = style.layout(
        "seconds",
        "",
        height=150 + 44 * len(states),
        barmode="stack",
        legend={"traceorder": "normal"},
        yaxis={"autorange": "reversed", "type": "category"},
    )
    alt = "Seconds by what became of the trials; the table has the numbers."
    return Drawing("cost", "Time by state", alt, traces, layout)


def timeline(frame: pd.DataFrame) -> Drawing | None:
    """A lane a worker; neighbours that cannot be told apart are drawn as one."""
    if frame.empty or not frame["end"].max() > 0:
        return None
    merged = _merged(frame, frame["end"].max() / PIXELS)
    states = [state for state in style.STATES if (merged["state"] == state).any()]
    traces = [_lanes(merged[merged["state"] == state], state) for state in states]
    lanes = int(frame["worker"].max()) + 1
    rows = {"dtick": 1, "range": [lanes - 0.4, -0.6]}
    title, height = "seconds since the first trial began", 150 + 34 * lanes
    layout = style.layout(title, "worker", height=height, yaxis=rows)
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


def _lanes(frame: pd.DataFrame, state: str) -> Spec:
    name, (colour, _) = style.state_name(state), style.STATES[state]
    spans = style.segments(frame["start"], frame["end"], frame["worker"])
    hover = f"{name}, %{{x:.4g}} s<extra></extra>"
    return style.line(*spans, name, (colour, "solid"), line={"width": 16}, hovertemplate=hover)
