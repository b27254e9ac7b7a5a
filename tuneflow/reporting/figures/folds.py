"""Fold scores of the best trial beside those of the defaults."""

from __future__ import annotations

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.storage.study_record import StudyRecord


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
