"""What mattered, with how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing

if TYPE_CHECKING:
    import pandas as pd


def importances(parameters: pd.DataFrame) -> Drawing | None:
    """Two bars a parameter: among all trials, and among the better half."""
    known = parameters.dropna(subset="importance").iloc[::-1]
    if len(known) == 0:
        return None
    names = [style.label(name) for name in known.index]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "x": style.signif(known[column]),
            "y": names,
            "name": title,
            "marker": {"color": colour, "pattern": {"shape": pattern}},
            "error_x": {"type": "data", "array": style.signif(known[f"{column}_spread"])},
            "hovertemplate": "%{y}: %{x:.1%}",
        }
        for column, title, colour, pattern in (
            ("importance_top", "among the better half", style.SKY, "/"),
            ("importance", "among all trials", style.BLUE, ""),
        )
    ]
    layout = style.layout("share of importance", "")
    layout |= {"height": 130 + 40 * len(names), "barmode": "group"}
    layout["legend"] |= {"traceorder": "reversed"}
    most = max((known[c] + known[f"{c}_spread"]).max() for c in ("importance", "importance_top"))
    layout["xaxis"] |= {"tickformat": ".0%", "range": [0, round(float(most) * 1.03, 4)]}
    layout["yaxis"] |= {"type": "category"}
    alt = f"Importance of {len(names)} parameters; {known.index[-1]} leads."
    return Drawing("importance", "Importance", alt, {"data": traces, "layout": layout})
