"""Best so far, by trials and by seconds; several studies beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tuneflow.reporting import format as words
from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import pandas as pd

SERIES = (("complete", "score"), ("pruned", "last"), ("fail", "floor"), ("running", "last"))
MOST_STUDIES = 12
ROOM = 0.6  # of the span of complete trials, for those given up below them


def by_trials(trials: pd.DataFrame, record: StudyRecord) -> Drawing:
    """Scores in the order of the trials, with the best so far."""
    frame = trials.assign(x=trials.index)
    return _drawing("history", "Best so far, by trial", "trial", frame, record)


def by_seconds(trials: pd.DataFrame, record: StudyRecord) -> Drawing:
    """Scores at the time at which they were known, with the best so far."""
    frame = trials.assign(x=ended_at(trials)).dropna(subset="x").sort_values("x", kind="stable")
    title = "seconds since the first trial began"
    return _drawing("history_seconds", "Best so far, by seconds", title, frame, record)


def ended_at(trials: pd.DataFrame) -> pd.Series[float]:
    """When each trial ended, in seconds since the first began."""
    begun = (trials["started"] - trials["started"].min()).dt.total_seconds()
    ended: pd.Series[float] = begun + trials["seconds"]
    return ended


def best_so_far(scores: pd.Series[float], sign: int) -> pd.Series[float]:
    """The best finite score up to each trial, where it changes and at the end."""
    finite = scores.where(scores.abs() < math.inf).dropna()
    best = (finite * sign).cummax() * sign
    changed = best.ne(best.shift())
    changed.iloc[-1:] = True
    return best[changed]


def _drawing(key: str, title: str, x: str, frame: pd.DataFrame, record: StudyRecord) -> Drawing:
    base = score_of(record.baseline)
    ends = _view(frame, record, base)
    floor = _floor(frame, ends, record.sign)
    traces, drawn, all_, below = _points(frame.assign(floor=floor), floor, record.sign)
    best = best_so_far(frame["score"], record.sign)
    steps = style.thin(best.to_frame(), "score")["score"]
    at = frame["x"].loc[steps.index]
    look = (style.GREEN, "solid")
    traces.append(style.line(at, steps, "best so far", look, line={"shape": "hv", "width": 3}))
    layout = style.layout(x, record.scoring)
    layout["yaxis"] |= {"range": ends} if ends else {}
    if math.isfinite(base):
        shape, name = style.level(base, record.first_point.removeprefix("the "))
        layout |= {"shapes": [shape], "annotations": [name]}
    edge = f"{words.count(below, 'worse score')} at the edge of the figure." if below else ""
    notes = [style.thinned(drawn, all_), edge]
    alt = f"{title}: {record.scoring} ended at {words.number(score_of(record.best))}."
    return Drawing(
        key, title, alt, {"data": traces, "layout": layout}, " ".join(filter(None, notes))
    )


def _view(frame: pd.DataFrame, record: StudyRecord, base: float) -> list[float] | None:
    """Complete trials fill the figure; those given up early lie below, as far as there is room."""
    complete = frame["score"].dropna().tolist()
    ends = style.view(complete, record.sign, [base])
    merit = [score * record.sign for score in [*complete, base] if math.isfinite(score)]
    worst = (frame["last"] * record.sign).min()
    if ends or not merit or not worst < min(merit):
        return ends
    span = (max(merit) - min(merit)) or abs(max(merit)) or 1.0
    room = [max(worst, min(merit) - ROOM * span) - span / 20, max(merit) + span / 12]
    return sorted(end * record.sign for end in room)


def _floor(frame: pd.DataFrame, ends: list[float] | None, sign: int) -> float:
    """Where trials are shown that have no score, or one too far off."""
    if ends:
        return ends[0 if sign > 0 else 1] + sign * (ends[1] - ends[0]) / 40
    known = frame["score"].fillna(frame["last"]).dropna() * sign
    finite = known[known.abs() < math.inf]
    return float(finite.min()) * sign if len(finite) else 0.0


def _points(frame: pd.DataFrame, floor: float, sign: int) -> tuple[list[Spec], int, int, int]:
    """A trace a state; how many trials are drawn, how many there are, how many at the edge."""
    traces, drawn, all_, below = [], 0, 0, 0
    for state, column in SERIES:
        found = frame[(frame["state"] == state) & (frame[column].abs() < math.inf)]
        shown = style.thin(found, column)
        drawn, all_ = drawn + len(shown), all_ + len(found)
        if len(shown):
            y = (shown[column] * sign).clip(lower=floor * sign) * sign
            below += int((y != shown[column]).sum())
            told = {"customdata": shown.index.tolist(), "hovertemplate": _hover(state)}
            told |= {"text": [words.number(value) for value in shown[column]]}
            traces.append(style.points(shown["x"], y, _NAMES[state], style.STATES[state], **told))
    return traces, drawn, all_, below


_NAMES = {"complete": "complete", "pruned": "pruned", "fail": "failed", "running": "running"}


def _hover(state: str) -> str:
    value = "" if state == "fail" else "<br>%{text}"
    return f"trial %{{customdata}}, {_NAMES[state]}{value}<extra></extra>"


def of_studies(tables: Sequence[tuple[StudyRecord, pd.DataFrame]], all_: int) -> Drawing:
    """The best so far of studies about one metric, by trials; `all_` counts the others, too."""
    lines = []
    for (record, trials), look in zip(tables, style.LINES[:MOST_STUDIES], strict=False):
        steps = style.thin(best_so_far(trials["score"], record.sign).to_frame(), "score")["score"]
        name = style.label(record.name)
        more = {"line": {"shape": "hv"}, "hovertemplate": "trial %{x}<br>%{y:.6g}<extra></extra>"}
        lines.append(style.line(steps.index, steps, name, look, **more))
    layout = style.layout("trial", tables[0][0].scoring)
    few = len(lines) < all_
    note = (
        f"{len(lines)} of {all_} are drawn, all about {words.plain(tables[0][0].scoring)}." * few
    )
    alt = "Best so far of each study, by trial; the table has the numbers."
    spec = {"data": lines, "layout": layout}
    return Drawing("studies", "Best so far of every study", alt, spec, note)
