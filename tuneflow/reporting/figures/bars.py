"""Level bars: what mattered, with how sure that is; where the time went; when trials ran."""

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing

SHARES = (
    ("importance_top", "among the better half", (style.SKY, "/")),
    ("importance", "among all trials", (style.BLUE, "")),
)
PARTS = (
    ("seconds_fit", "training", (style.BLUE, "")),
    ("seconds_score", "scoring", (style.SKY, "/")),
    ("seconds_other", "the rest", (style.GREY, ".")),
)
PIXELS = 1_000  # parts of the time that can be told apart


def importances(parameters: pd.DataFrame) -> Drawing | None:
    """Two bars a parameter: among all trials, and among the better half."""
    frame = parameters.dropna(subset="importance").iloc[::-1]
    if frame.empty:
        return None
    traces = style.bars(frame, SHARES, hovertemplate="%{y}: %{x:.1%}")
    for trace, (column, *_) in zip(traces, SHARES, strict=True):
        trace["error_x"] = {"type": "data", "array": style.signif(frame[f"{column}_error"])}
    most = max((frame[column] + frame[f"{column}_error"]).max() for column, *_ in SHARES)
    layout = style.layout(
        "share of importance",
        "",
        height=130 + 40 * len(frame),
        barmode="group",
        legend={"traceorder": "reversed"},
        xaxis={"tickformat": ".0%", "range": [0, round(float(most) * 1.03, 4)]},
        yaxis={"type": "category"},
    )
    alt = f"Importance of {len(frame)} parameters; {frame.index[-1]} leads."
    return Drawing("importance", "Importance", alt, traces, layout)


def cost(frame: pd.DataFrame) -> Drawing | None:
    """A bar a state, in parts."""
    spent = frame[frame["seconds"] > 0]
    if spent.empty:
        return None
    split = spent["seconds_fit"].notna().any()
    parts = PARTS if split else (("seconds", "wall clock", (style.BLUE, "")),)
    positive = spent[[column for column, *_ in parts]].clip(lower=0)
    hover = "%{y}, %{fullData.name}: %{x:.4g} s<extra></extra>"
    traces = style.bars(positive, parts, hovertemplate=hover)
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
        spans = style.segments(rows["start"], rows["end"], rows["worker"])
        more = {"line": {"width": 16}, "hovertemplate": f"{name}, %{{x:.4g}} s<extra></extra>"}
        if len(rows):
            traces.append(style.line(*spans, name, (colour, "solid"), **more))
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
