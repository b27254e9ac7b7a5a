"""Inner against outer score of the trials that led."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneflow.reporting import words
from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.record import Record

if TYPE_CHECKING:
    import pandas as pd


def outer(frame: pd.DataFrame, record: Record) -> Drawing | None:
    """Two lines along the study, and the interval of the model that was kept; nothing where no
    rows were kept aside, or only one trial led."""
    aside = record.aside
    if aside is None or len(frame) < 2:
        return None
    more = {"mode": "lines+markers", "hovertemplate": "trial %{x}<br>%{y:.6g}"}
    inside, outside = (style.GREEN, "solid"), (style.PINK, "dash")
    last = [int(frame.index[-1])]
    reach = {"type": "data", "symmetric": False, "color": style.PINK, "width": 8}
    reach |= {"array": style.signif([aside.high - aside.score])}
    reach |= {"arrayminus": style.signif([aside.score - aside.low])}
    big = {"marker": {"size": 11, "opacity": 1}, "error_y": reach, "hoverinfo": "skip"}
    hv = {"shape": "hv"}
    traces = [
        style.line(frame.index, frame["inner"], "in the folds", inside, line=hv, **more),
        style.line(frame.index, frame["outer"], "on rows kept aside", outside, line=hv, **more),
        style.points(last, [aside.score], "the model, 95 %", (style.PINK, "star"), **big),
    ]
    alt = (
        f"{len(frame)} trials led: {record.scoring} {words.number(aside.inner)} in the folds and "
        f"{words.number(aside.score)} on rows kept aside."
    )
    layout = style.layout("trial", record.scoring)
    title = "Inner and outer score of the trials that led"
    return Drawing("outer", title, alt, {"data": traces, "layout": layout})
