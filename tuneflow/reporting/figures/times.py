"""Where the time went, and when trials ran."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec

if TYPE_CHECKING:
    import pandas as pd

PARTS = (
    ("seconds_fit", "training", style.BLUE, ""),
    ("seconds_score", "scoring", style.SKY, "/"),
    ("seconds_other", "the rest", style.GREY, "."),
)
PIXELS = 1_000  # parts of the time that can be told apart


def cost(frame: pd.DataFrame) -> Drawing | None:
    """A bar a state, in parts."""
    spent = frame[frame["seconds"] > 0]
    if spent.empty:
        return None
    known = spent["seconds_fit"].notna().any()
    parts = PARTS if known else (("seconds", "wall clock", style.BLUE, ""),)
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "x": style.signif(spent[column].clip(lower=0)),
            "y": spent.index.tolist(),
            "name": name,
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "hovertemplate": f"%{{y}}, {name}: %{{x:.4g}} s<extra></extra>",
        }
        for column, name, colour, pattern in parts
    ]
    layout = style.layout("seconds", "", height=150 + 44 * len(spent), barmode="stack")
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    layout["legend"] |= {"traceorder": "normal"}
    alt = "Seconds by what became of the trials; the table has the numbers."
    return Drawing("cost", "Time by state", alt, {"data": traces, "layout": layout})


def timeline(frame: pd.DataFrame) -> Drawing | None:
    """A lane a worker; neighbours that cannot be told apart are drawn as one."""
    if frame.empty or not frame["end"].max() > 0:
        return None
    merged = _merged(frame, frame["end"].max() / PIXELS)
    traces = [
        _bars(merged[merged["state"] == state], state)
        for state in style.STATES
        if (merged["state"] == state).any()
    ]
    lanes = int(frame["worker"].max()) + 1
    layout = style.layout("seconds since the first trial began", "worker", height=150 + 34 * lanes)
    layout["yaxis"] |= {"dtick": 1, "range": [lanes - 0.4, -0.6]}
    alt = f"{len(frame):,} trials on {lanes} lanes, by state."
    note = "Trials too short to be seen are drawn with their neighbours." * (
        len(merged) < len(frame)
    )
    return Drawing("timeline", "When trials ran", alt, {"data": traces, "layout": layout}, note)


def _merged(frame: pd.DataFrame, least: float) -> pd.DataFrame:
    """Trials of one lane and state that follow each other within `least` seconds, as one."""
    frame = frame.sort_values(["worker", "start"], kind="stable")
    same = (frame["worker"] == frame["worker"].shift()) & (
        frame["state"] == frame["state"].shift()
    )
    near = frame["start"] - frame["end"].shift() <= least
    short = frame["end"] - frame["start"] <= 2 * least
    run = (~(same & near & short)).cumsum()
    parts = {"number": "first", "state": "first", "worker": "first", "start": "min", "end": "max"}
    return style.thin(frame.groupby(run, sort=False).agg(parts), "end", style.MOST // 3)


def _bars(frame: pd.DataFrame, state: str) -> Spec:
    x: list[Any] = []
    y: list[Any] = []
    for begun, ended, worker in zip(frame["start"], frame["end"], frame["worker"], strict=True):
        x += [begun, ended, None]
        y += [worker, worker, None]
    look = (style.STATES[state][0], "solid")
    name = "failed" if state == "fail" else state
    more = {"line": {"width": 16}, "hovertemplate": f"{name}, %{{x:.4g}} s<extra></extra>"}
    return style.line(x, y, name, look, **more)
