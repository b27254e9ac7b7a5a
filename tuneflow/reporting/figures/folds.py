"""Fold scores of the best trial beside the defaults', and beside scores on held-out rows."""

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import number
from tuneflow.storage.study_record import StudyRecord

LINES = (
    ("inner", "in the folds", (style.GREEN, "solid")),
    ("holdout", "on held-out rows", (style.PINK, "dash")),
)


def folds(scores: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """One line a fold, from the defaults to the best; nothing where folds are not known."""
    if record.best is None or record.baseline is None:
        return None
    old, new = (
        scores[scores["number"] == trial.number].set_index("fold")["score"]
        for trial in (record.baseline, record.best)
    )
    both = new.index.intersection(old.index)
    if both.empty:
        return None
    names = [f"fold {fold}" for fold in both]
    big: Spec = {"marker": {"size": 11, "opacity": 1}, "hovertemplate": "%{y}: %{x:.6g}"}
    quiet: Spec = {"hoverinfo": "skip", "showlegend": False}
    pairs = style.segments(old[both], new[both], names)
    traces = [
        style.line(*pairs, "pairs", (style.GREY, "solid"), **quiet),
        style.points(old[both], names, "defaults", style.BASELINE, **big),
        style.points(new[both], names, "best", style.BEST, **big),
    ]
    rows = {"autorange": "reversed", "type": "category"}
    layout = style.layout(record.scoring, "", height=150 + 34 * len(names), yaxis=rows)
    alt = f"Scores of {len(names)} folds, the defaults and the best trial paired."
    return Drawing("folds", "Fold scores, paired", alt, traces, layout)


def holdout(frame: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Two lines along the study, and the interval of the model that was kept; nothing where no
    rows were held out, or only one trial led."""
    holdout = record.holdout
    if holdout is None or len(frame) < 2:
        return None
    more = {
        "mode": "lines+markers",
        "hovertemplate": "trial %{x}<br>%{y:.6g}",
        "line": style.STEPS,
    }
    traces = [
        style.line(frame.index, frame[column], name, look, **more) for column, name, look in LINES
    ]
    reach = {"type": "data", "symmetric": False, "color": style.PINK, "width": 8}
    reach |= {"array": style.signif([holdout.high - holdout.score])}
    reach |= {"arrayminus": style.signif([holdout.score - holdout.low])}
    star = {"marker": {"size": 11, "opacity": 1}, "error_y": reach, "hoverinfo": "skip"}
    last, model = frame.index[-1:], (style.PINK, "star")
    traces.append(style.points(last, [holdout.score], "the model, 95 %", model, **star))
    alt = (
        f"{len(frame)} trials led: {record.scoring} {number(holdout.inner)} in the folds and "
        f"{number(holdout.score)} on held-out rows."
    )
    title = "Scores in the folds and on held-out rows, of the trials that led"
    return Drawing("holdout", title, alt, traces, style.layout("trial", record.scoring))
