"""Fold scores of the best trial beside those of the defaults."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd


def folds(scores: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """One line a fold, from the defaults to the best; nothing where folds are not known."""
    if record.best is None or record.baseline is None:
        return None
    new = scores[scores["number"] == record.best.number].set_index("fold")["score"]
    old = scores[scores["number"] == record.baseline.number].set_index("fold")["score"]
    both = new.index.intersection(old.index)
    if both.empty:
        return None
    names = [f"fold {fold}" for fold in both]
    x, y = [], []
    for fold, name in zip(both, names, strict=True):
        x += [old[fold], new[fold], None]
        y += [name, name, None]
    more = {"hoverinfo": "skip", "showlegend": False}
    big = {"marker": {"size": 11, "opacity": 1}, "hovertemplate": "%{y}: %{x:.6g}"}
    traces = [
        style.line(x, y, "pairs", (style.GREY, "solid"), **more),
        style.points(old[both], names, "defaults", (style.PINK, "diamond"), **big),
        style.points(new[both], names, "best", (style.GREEN, "star"), **big),
    ]
    layout = style.layout(record.scoring, "", height=150 + 34 * len(names))
    layout["yaxis"] |= {"autorange": "reversed", "type": "category"}
    alt = f"Scores of {len(names)} folds, the defaults and the best trial paired."
    return Drawing("folds", "Fold scores, paired", alt, {"data": traces, "layout": layout})
