"""What all figures share: colours with shapes, axes, and how points are thinned."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any, TypeAlias

from tuneflow.reporting.format import count, plain

if TYPE_CHECKING:
    import pandas as pd

Spec: TypeAlias = dict[str, Any]

MOST = 2_000  # points a trace

# Okabe and Ito 2008, told apart by readers of every colour vision; a shape goes with each.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, YELLOW, GREY = "#56B4E9", "#CC79A7", "#F0E442", "#8a8f98"
STATES = {
    "complete": (BLUE, "circle"),
    "pruned": (ORANGE, "triangle-down"),
    "fail": (RED, "x-thin"),
    "running": (SKY, "diamond-open"),
    "waiting": (GREY, "circle-open"),
}
LINES = tuple(
    (colour, dash)
    for dash in ("solid", "dash", "dot")
    for colour in (BLUE, RED, GREEN, PINK, ORANGE, SKY)
)


@dataclass(frozen=True)
class Drawing:
    """A figure: what it shows in words, and how plotly draws it.

    Attributes:
        key: Its name among the figures of a report.
        title: What it shows.
        alt: What a reader who does not see it should know.
        spec: Traces and layout, as plotly.js takes them; ``go.Figure(spec)`` accepts it.
        note: What was left out of the drawing, if anything was.
    """

    key: str
    title: str
    alt: str
    spec: Spec
    note: str = ""


def layout(x: str, y: str, **more: Any) -> Spec:
    """A layout with two titled axes; `more` replaces or adds keys of the whole."""
    base = {
        "height": 360,
        "margin": {"l": 62, "r": 16, "t": 12, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "xaxis": axis(x),
        "yaxis": axis(y),
    }
    return {**base, **more}


def axis(title: str, **more: Any) -> Spec:
    """An axis with a title."""
    named = {"text": label(title), "standoff": 10}
    return {"title": named, "automargin": True, "zeroline": False, **more}


def log_axis(low: float, high: float) -> Spec:
    """A logarithmic axis with few, round ticks and some room at its ends."""
    lowest, highest = math.log10(low), math.log10(high)
    digits = (1, 2, 5) if highest - lowest < 2 else (1, 3) if highest - lowest < 3.2 else (1,)
    decades = range(math.floor(lowest), math.ceil(highest) + 1)
    ticks = [digit * 10.0**decade for decade in decades for digit in digits]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    room = (highest - lowest) * 0.04
    words = [f"{tick:g}" for tick in inside]
    ends = [round(lowest - room, 6), round(highest + room, 6)]
    return {"type": "log", "tickvals": inside, "ticktext": words, "range": ends}


def label(text: Any) -> str:
    """A text from storage for plotly, which takes a few tags and entities for markup.

    >>> label("<script>")
    '&lt;script&gt;'
    """
    return escape(plain(text), quote=False)


def points(
    x: Iterable[Any], y: Iterable[Any], name: str, look: tuple[str, str], **more: Any
) -> Spec:
    """A trace of markers."""
    colour, symbol = look
    marker: Spec = {"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7}
    if symbol.startswith("x-thin"):
        marker |= {"line": {"color": colour, "width": 2}, "size": 7}
    marker |= more.pop("marker", {})
    return {
        "type": "scatter",
        "mode": "markers",
        "x": signif(x),
        "y": signif(y),
        "name": name,
        "marker": marker,
        **more,
    }


def line(
    x: Iterable[Any], y: Iterable[Any], name: str, look: tuple[str, str], **more: Any
) -> Spec:
    """A trace of lines; None breaks it."""
    colour, dash = look
    style = {"color": colour, "dash": dash, "width": 2, **more.pop("line", {})}
    trace = {"type": "scatter", "mode": "lines", "x": signif(x), "y": signif(y), "name": name}
    return {**trace, "line": style, **more}


def signif(values: Iterable[Any]) -> list[Any]:
    """Numbers with six digits, so that noise does not fill a page; what is none is null."""
    return [_short(value) for value in values]


def _short(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    return value.item() if hasattr(value, "item") else value  # JSON knows no integers of numpy's


def thin(frame: pd.DataFrame, by: str, most: int = MOST) -> pd.DataFrame:
    """At most `most` rows, evenly spread, with the first, the last and the extremes of `by`."""
    if len(frame) <= most:
        return frame
    kept = {0, len(frame) - 1, int(frame[by].argmax()), int(frame[by].argmin())}
    free = most - len(kept)
    kept |= {round(i * (len(frame) - 1) / free) for i in range(free)}
    return frame.iloc[sorted(kept)]


def thinned(drawn: int, all_: int, noun: str = "trial") -> str:
    """What a figure says where it shows a part."""
    if drawn >= all_:
        return ""
    return (
        f"{drawn:,} of {count(all_, noun)} are drawn, the best, the last and extremes among them."
    )


def view(scores: Sequence[float], sign: int, also: Iterable[float] = ()) -> list[float] | None:
    """The range of an axis on which the better trials can be told apart; None for all of it."""
    merit = sorted(score * sign for score in scores if math.isfinite(score))
    if len(merit) < 8:
        return None
    best, low = merit[-1], merit[len(merit) // 10]
    low = min([low, *(score * sign for score in also if math.isfinite(score))])
    room = (best - low) or abs(best) or 1.0
    if merit[0] >= low - room:
        return None
    ends = [(low - room / 3) * sign, (best + room / 12) * sign]
    return [min(ends), max(ends)]


def level(at: float, text: str, colour: str = PINK) -> tuple[Spec, Spec]:
    """A dashed line across the figure, and the word on it."""
    shape = {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": _short(at),
        "y1": _short(at),
        "line": {"color": colour, "dash": "dash", "width": 2},
    }
    words = {"xref": "paper", "x": 1, "xanchor": "right", "y": _short(at), "yanchor": "bottom"}
    return shape, {**words, "text": label(text), "showarrow": False, "font": {"color": colour}}
