"""Inner against outer score of the trials that led."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneflow.reporting import format as words
from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd


def holdout(frame: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Two lines along the study, and the interval of the model that was kept; nothing where no
    rows were kept aside, or only one trial led."""
    holdout = record.holdout
    if holdout is None or len(frame) < 2:
        return None
    more = {"mode": "lines+markers", "hovertemplate": "trial %{x}<br>%{y:.6g}"}
    inside, outside = (style.GREEN, "solid"), (style.PINK, "dash")
    last = [int(frame.index[-1])]
    reach = {"type": "data", "symmetric": False, "color": style.PINK, "width": 8}
    reach |= {"array": style.signif([holdout.high - holdout.score])}
    reach |= {"arrayminus": style.signif([holdout.score - holdout.low])}
    big = {"marker": {"size": 11, "opacity": 1}, "error_y": reach, "hoverinfo": "skip"}
    hv = {"shape": "hv"}
    traces = [
        style.line(frame.index, frame["inner"], "in the folds", inside, line=hv, **more),
        style.line(frame.index, frame["holdout"], "on rows kept aside", outside, line=hv, **more),
        style.points(last, [holdout.score], "the model, 95 %", (style.PINK, "star"), **big),
    ]
    alt = (
        f"{len(frame)} trials led: {record.scoring} {words.number(holdout.inner)} in the folds and "
        f"{words.number(holdout.score)} on rows kept aside."
    )
    layout = style.layout("trial", record.scoring)
    title = "Inner and outer score of the trials that led"
    return Drawing("holdout", title, alt, {"data": traces, "layout": layout})
