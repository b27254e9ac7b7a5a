"""Scores in the folds against scores on held-out rows, of the trials that led."""

from __future__ import annotations

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing
from tuneflow.reporting.format import number
from tuneflow.storage.study_record import StudyRecord


def holdout(frame: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Two lines along the study, and the interval of the model that was kept; nothing where no
    rows were held out, or only one trial led."""
    holdout = record.holdout
    if holdout is None or len(frame) < 2:
        return None
    reach = {"type": "data", "symmetric": False, "color": style.PINK, "width": 8}
    reach |= {"array": style.signif([holdout.high - holdout.score])}
    reach |= {"arrayminus": style.signif([holdout.score - holdout.low])}
    star = {"marker": {"size": 11, "opacity": 1}, "error_y": reach, "hoverinfo": "skip"}
    more = {"mode": "lines+markers", "hovertemplate": "trial %{x}<br>%{y:.6g}"}
    lines = [
        ("inner", "in the folds", (style.GREEN, "solid")),
        ("holdout", "on held-out rows", (style.PINK, "dash")),
    ]
    traces = [
        style.line(frame.index, frame[column], name, look, line=style.STEPS, **more)
        for column, name, look in lines
    ]
    last, model = frame.index[-1:], (style.PINK, "star")
    traces.append(style.points(last, [holdout.score], "the model, 95 %", model, **star))
    alt = (
        f"{len(frame)} trials led: {record.scoring} {number(holdout.inner)} in the folds and "
        f"{number(holdout.score)} on held-out rows."
    )
    title = "Scores in the folds and on held-out rows, of the trials that led"
    return Drawing("holdout", title, alt, traces, style.layout("trial", record.scoring))
