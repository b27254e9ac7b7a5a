"""What mattered, with how sure that is."""

from __future__ import annotations

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing

SERIES = (
    ("importance_top", "among the better half", (style.SKY, "/")),
    ("importance", "among all trials", (style.BLUE, "")),
)


def importances(parameters: pd.DataFrame) -> Drawing | None:
    """Two bars a parameter: among all trials, and among the better half."""
    frame = parameters.dropna(subset="importance").iloc[::-1]
    if frame.empty:
        return None
    names = [style.label(name) for name in frame.index]
    traces = [
        style.bars(
            frame[column],
            names,
            title,
            look,
            error_x={"type": "data", "array": style.signif(frame[f"{column}_error"])},
            hovertemplate="%{y}: %{x:.1%}",
        )
        for column, title, look in SERIES
    ]
    most = max((frame[column] + frame[f"{column}_error"]).max() for column, *_ in SERIES)
    layout = style.layout(
        "share of importance",
        "",
        height=130 + 40 * len(names),
        barmode="group",
        legend={"traceorder": "reversed"},
        xaxis={"tickformat": ".0%", "range": [0, round(float(most) * 1.03, 4)]},
        yaxis={"type": "category"},
    )
    alt = f"Importance of {len(names)} parameters; {frame.index[-1]} leads."
    return Drawing("importance", "Importance", alt, traces, layout)
