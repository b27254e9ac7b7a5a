"""Best so far, by trials and by seconds; several studies beside each other."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.reporting.format import count, number, plain
from tuneflow.storage.study_record import StudyRecord, score_of

SERIES = (("complete", "score"), ("pruned", "last"), ("fail", "floor"), ("running", "last"))
MOST_STUDIES = 12
ROOM = 0.6  # of the span of complete trials, for pruned ones below them


def by_trials(trials: pd.DataFrame, record: StudyRecord) -> Drawing:
    """Scores in the order of the trials, with the best so far."""
    frame = trials.assign(x=trials.index)
    return _history("history", "Best so far, by trial", "trial", frame, record)


def by_seconds(trials: pd.DataFrame, record: StudyRecord) -> Drawing:
    """Scores at the time at which they were known, with the best so far."""
    begun = (trials["started"] - trials["started"].min()).dt.total_seconds()
    frame = trials.assign(x=begun + trials["seconds"])
    frame = frame.dropna(subset="x").sort_values("x", kind="stable")
    axis = "seconds since the first trial began"
    return _history("history_seconds", "Best so far, by seconds", axis, frame, record)


def of_studies(tables: Sequence[tuple[StudyRecord, pd.DataFrame]], all_: int) -> Drawing:
    """The best so far of studies about one metric, by trials; `all_` counts the others, too."""
    traces = []
    for (record, trials), look in zip(tables, style.LINES[:MOST_STUDIES], strict=False):
        steps = best_so_far(trials["score"], record.sign)
        hover = "trial %{x}<br>%{y:.6g}<extra></extra>"
        more = {"line": style.STEPS, "hovertemplate": hover}
        traces.append(style.line(steps.index, steps, style.label(record.name), look, **more))
    scoring = tables[0][0].scoring
    note = f"{len(traces)} of {all_} are drawn, all about {plain(scoring)}."
    alt = "Best so far of each study, by trial; the table has the numbers."
    title, layout = "Best so far of every study", style.layout("trial", scoring)
    return Drawing("studies", title, alt, traces, layout, note if len(traces) < all_ else "")


def best_so_far(scores: pd.Series[float], sign: int) -> pd.Series[float]:
    """The best finite score up to each trial, where it changes and at the end; thinned."""
    finite = scores[scores.abs() < math.inf]
    best = (finite * sign).cummax() * sign
    changed = best.ne(best.shift())
    changed.iloc[-1:] = True
    return style.thin(best[changed].to_frame("best"), "best")["best"]


def _history(key: str, title: str, x: str, frame: pd.DataFrame, record: StudyRecord) -> Drawing:
    ends, sign = _ends(frame, record, score_of(record.baseline)), record.sign
    merit = frame["score"].fillna(frame["last"]) * sign
    floor = merit[merit.abs() < math.inf].min() * sign
    if ends:  # a trial without a score, or with one too far off, is shown at the edge
        floor = ends[0 if sign > 0 else 1] + sign * (ends[1] - ends[0]) / 40
    floor = 0.0 if math.isnan(floor) else floor
    traces, notes = _points(frame.assign(floor=floor), floor, sign)
    best = best_so_far(frame["score"], sign)
    wide = {**style.STEPS, "width": 3}
    look = (style.GREEN, "solid")
    traces.append(style.line(frame["x"].loc[best.index], best, "best so far", look, line=wide))
    layout = style.layout(x, record.scoring, yaxis=style.within(ends), **_level(record))
    alt = f"{title}: {record.scoring} ended at {number(score_of(record.best))}."
    return Drawing(key, title, alt, traces, layout, notes)


def _level(record: StudyRecord) -> Spec:
    """Of a layout: a dashed line across the figure at the score of the first point, and its name.

    Nothing where the first point has no score.
    """
    if record.baseline is None:
        return {}
    _, name, (colour, _) = style.landmarks(record)[0]
    (y,) = style.signif([score_of(record.baseline)])
    dashed = {"color": colour, "dash": "dash", "width": 2}
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": dashed}
    text = {"text": name, "showarrow": False, "font": {"color": colour}}
    text |= {"xref": "paper", "x": 1, "xanchor": "right", "y": y, "yanchor": "bottom"}
    return {"shapes": [line], "annotations": [text]}


def _ends(frame: pd.DataFrame, record: StudyRecord, baseline: float) -> list[float] | None:
    """Complete trials fill the figure; pruned ones lie below, as far as there is room."""
    complete = frame["score"].dropna().tolist()
    ends = style.view(complete, record.sign, [baseline])
    merit = [score * record.sign for score in [*complete, baseline] if math.isfinite(score)]
    worst = (frame["last"] * record.sign).min()
    if ends or not merit or not worst < min(merit):
        return ends
    span = (max(merit) - min(merit)) or abs(max(merit)) or 1.0
    room = [max(worst, min(merit) - ROOM * span) - span / 20, max(merit) + span / 12]
    return sorted(end * record.sign for end in room)


def _points(frame: pd.DataFrame, floor: float, sign: int) -> tuple[list[Spec], str]:
    """A trace a state; and a note on trials that are not drawn, or not where they belong."""
    traces, drawn, all_, below = [], 0, 0, 0
    for state, column in SERIES:
        rows = frame[(frame["state"] == state) & (frame[column].abs() < math.inf)]
        shown = style.thin(rows, column)
        if shown.empty:
            continue
        y = (shown[column] * sign).clip(lower=floor * sign) * sign
        drawn, all_ = drawn + len(shown), all_ + len(rows)
        below += int((y != shown[column]).sum())
        (name, look), score = style.STATES[state], "" if state == "fail" else "<br>%{text}"
        more: Spec = {"customdata": shown.index.tolist(), "text": [*map(number, shown[column])]}
        more["hovertemplate"] = f"trial %{{customdata}}, {name}{score}<extra></extra>"
        traces.append(style.points(shown["x"], y, name, look, **more))
    edge = f"{count(below, 'worse score')} at the edge of the figure." if below else ""
    return traces, " ".join(filter(None, [style.thinned(drawn, all_), edge]))
