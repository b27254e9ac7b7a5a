"""What all figures share: colours with shapes, traces, axes, and how points are thinned."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, TypeAlias

import optuna
import pandas as pd

from tuneflow.reporting.format import count, plain
from tuneflow.storage.study_record import StudyRecord

Spec: TypeAlias = dict[str, Any]
Look: TypeAlias = tuple[str, str]  # a colour, with a symbol or a dash

MOST = 2_000  # points a trace

# Okabe and Ito 2008, told apart by readers of every colour vision; a shape goes with each.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, GREY = "#56B4E9", "#CC79A7", "#8a8f98"
# States of a trial, each as a reader calls it and as it looks.
STATES: dict[str, tuple[str, Look]] = {
    "complete": ("complete", (BLUE, "circle")),
    "pruned": ("pruned", (ORANGE, "triangle-down")),
    "fail": ("failed", (RED, "x-thin")),
    "running": ("running", (SKY, "diamond-open")),
    "waiting": ("waiting", (GREY, "circle-open")),
}
BASELINE, BEST = (PINK, "diamond"), (GREEN, "star")
LINES = tuple(
    (colour, dash)
    for dash in ("solid", "dash", "dot")
    for colour in (BLUE, RED, GREEN, PINK, ORANGE, SKY)
)
STEPS: Spec = {"shape": "hv"}  # a line that keeps its height until the next point


@dataclass(frozen=True)
class Drawing:
    """A figure: what it shows, as text, and how plotly draws it.

    Attributes:
        key: Its name among the figures of a report.
        title: What it shows.
        alt: What a reader who does not see it should know.
        traces: The data, as plotly.js takes it.
        layout: Axes, size and legend, as plotly.js takes them.
        note: What was left out of the drawing, if anything was.
    """

    key: str
    title: str
    alt: str
    traces: list[Spec]
    layout: Spec
    note: str = ""

    @property
    def spec(self) -> Spec:
        """The whole figure, which ``plotly.graph_objects.Figure`` accepts."""
        return {"data": self.traces, "layout": self.layout}


def landmarks(record: StudyRecord) -> list[tuple[optuna.trial.FrozenTrial, str, Look]]:
    """The first point and the best trial, each with its name and its look, as far as they are."""
    first = record.first_point.removeprefix("the ")
    marks = [(record.baseline, first, BASELINE), (record.best, "best", BEST)]
    return [(trial, name, look) for trial, name, look in marks if trial]


def layout(x: str, y: str, **more: Any) -> Spec:
    """A layout with two titled axes; `more` adds keys, also to its axes and its legend."""
    base: Spec = {
        "height": 360,
        "margin": {"l": 62, "r": 16, "t": 12, "b": 48},
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
    }
    for axis, title in (("xaxis", x), ("yaxis", y)):
        named = {"text": label(title), "standoff": 10}
        base[axis] = {"title": named, "automargin": True, "zeroline": False}
    for key, value in more.items():
        base[key] = {**base[key], **value} if isinstance(base.get(key), dict) else value
    return base


def within(ends: Sequence[float] | None) -> Spec:
    """Of an axis: from where to where it goes; None shows all there is."""
    return {"range": ends} if ends else {}


def ticks(places: Iterable[Any], names: Iterable[Any]) -> Spec:
    """Of an axis: its ticks, and what stands on them."""
    return {"tickvals": list(places), "ticktext": [label(name) for name in names]}


def log_axis(low: float, high: float) -> Spec:
    """A logarithmic axis with few, round ticks and some room at its ends."""
    lowest, highest = math.log10(low), math.log10(high)
    digits = (1, 2, 5) if highest - lowest < 2 else (1, 3) if highest - lowest < 3.2 else (1,)
    decades = range(math.floor(lowest), math.ceil(highest) + 1)
    rounded = [digit * 10.0**decade for decade in decades for digit in digits]
    inside = [tick for tick in rounded if low * 0.999 <= tick <= high * 1.001]
    room = (highest - lowest) * 0.04
    ends = [round(lowest - room, 6), round(highest + room, 6)]
    return {"type": "log", **ticks(inside, (f"{tick:g}" for tick in inside)), **within(ends)}


def label(text: Any) -> str:
    """A text from storage for plotly, which takes a few tags and entities for markup.

    >>> label("<script>")
    '&lt;script&gt;'
    """
    return escape(plain(text), quote=False)


def points(x: Iterable[Any], y: Iterable[Any], name: str, look: Look, **more: Any) -> Spec:
    """A trace of markers."""
    colour, symbol = look
    marker: Spec = {"color": colour, "symbol": symbol, "size": 6, "opacity": 0.7}
    if symbol == "x-thin":  # a symbol without an area
        marker |= {"line": {"color": colour, "width": 2}, "size": 7}
    marker |= more.pop("marker", {})
    return _scatter("markers", x, y, name, {"marker": marker, **more})


def line(x: Iterable[Any], y: Iterable[Any], name: str, look: Look, **more: Any) -> Spec:
    """A trace of lines; None breaks it."""
    colour, dash = look
    style = {"color": colour, "dash": dash, "width": 2, **more.pop("line", {})}
    return _scatter("lines", x, y, name, {**more, "line": style})


def _scatter(mode: str, x: Iterable[Any], y: Iterable[Any], name: str, more: Spec) -> Spec:
    return {"type": "scatter", "mode": mode, "x": signif(x), "y": signif(y), "name": name, **more}


def with_gaps(pieces: Iterable[Iterable[Any]]) -> list[Any]:
    """One coordinate of a line that is made of pieces, with a gap behind each.

    >>> with_gaps([(1, 2), (5, 7)])
    [1, 2, None, 5, 7, None]
    """
    return [value for piece in pieces for value in (*piece, None)]


def bars(frame: pd.DataFrame, parts: Iterable[tuple[str, str, Look]], **more: Any) -> list[Spec]:
    """Traces of level bars, a bar a row; a part is a column, its name, a colour and a pattern."""
    bar = {"type": "bar", "orientation": "h", "y": [label(name) for name in frame.index], **more}
    traces = []
    for column, name, (colour, shape) in parts:
        marker = {"color": colour, "pattern": {"shape": shape}}
        traces.append({**bar, "x": signif(frame[column]), "name": name, "marker": marker})
    return traces


def signif(values: Iterable[Any]) -> list[Any]:
    """Numbers with six digits, so that noise does not fill a page; what is none is null."""
    short = []
    for value in values:
        python = value.item() if hasattr(value, "item") else value  # JSON has no NumPy integers
        if isinstance(python, float):
            python = float(f"{python:.6g}") if math.isfinite(python) else None
        short.append(python)
    return short


def thin(frame: pd.DataFrame, by: str, most: int = MOST) -> pd.DataFrame:
    """At most `most` rows, evenly spread, with the first, the last and the extremes of `by`."""
    if len(frame) <= most:
        return frame
    rows = {0, len(frame) - 1, int(frame[by].argmax()), int(frame[by].argmin())}
    free = most - len(rows)
    rows |= {round(i * (len(frame) - 1) / free) for i in range(free)}
    return frame.iloc[sorted(rows)]


def thinned(drawn: int, all_: int) -> str:
    """The note of a figure that shows a part."""
    part = f"{drawn:,} of {count(all_, 'trial')} are drawn"
    return f"{part}, the best, the last and extremes among them." if drawn < all_ else ""


def view(scores: Sequence[float], sign: int, default: float = math.nan) -> list[float] | None:
    """The range of an axis on which the better trials can be told apart; None for all of it.

    The score of the defaults lies in it, unless it is NaN.
    """
    merit = sorted(score * sign for score in scores if math.isfinite(score))
    if len(merit) < 8:
        return None
    best, low = merit[-1], merit[len(merit) // 10]
    low = low if math.isnan(default) else min(low, default * sign)
    room = (best - low) or abs(best) or 1.0
    if merit[0] >= low - room:
        return None
    ends = [(low - room / 3) * sign, (best + room / 12) * sign]
    return [min(ends), max(ends)]
