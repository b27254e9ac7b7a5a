"""Scores of trials: the best so far, learning curves, by fold, and on held-out rows."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Look, Spec
from tuneflow.reporting.format import count, number, plain
from tuneflow.reporting.tables.trials import trials as trials_of
from tuneflow.storage.study_record import StudyRecord

SERIES = (("complete", "score"), ("pruned", "last"), ("fail", "floor"), ("running", "last"))
MOST_STUDIES = 12
ROOM = 0.6  # of the span of complete trials, for pruned ones below them


def of_studies(records: Sequence[StudyRecord], record: StudyRecord) -> Drawing | None:
    """The best so far of all studies about the metric of one of them; nothing if there is one."""
    same = [r for r in records if (r.scoring, r.maximize) == (record.scoring, record.maximize)]
    if len(same) < 2:
        return None
    more = {"line": style.STEPS, "hovertemplate": "trial %{x}<br>%{y:.6g}<extra></extra>"}
    traces = []
    for each, look in zip(same, style.LINES[:MOST_STUDIES], strict=False):
        steps = best_so_far(trials_of(each)["score"], each.sign)
        traces.append(style.line(steps.index, steps, style.label(each.name), look, **more))
    part = f"{len(traces)} of {len(records)} are drawn, all about {plain(record.scoring)}."
    note = part if len(traces) < len(records) else ""
    alt = "Best so far of each study, by trial; the table has the numbers."
    layout = style.layout("trial", record.scoring)
    return Drawing("studies", "Best so far of every study", alt, traces, layout, note)


def best_so_far(scores: pd.Series[float], sign: int) -> pd.Series[float]:
    """The best finite score up to each trial, where it changes and at the end; thinned."""
    finite = scores[scores.abs() < math.inf]
    best = (finite * sign).cummax() * sign
    changed = best.ne(best.shift())
    changed.iloc[-1:] = True
    return style.thin(best[changed].to_frame("best"), "best")["best"]


def history(trials: pd.DataFrame, record: StudyRecord, by: str) -> Drawing:
    """Scores and the best so far, by ``trial`` or by the ``seconds`` at which they were known."""
    frame, axis = trials.assign(x=trials.index), by
    if by == "seconds":
        begun = (trials["started"] - trials["started"].min()).dt.total_seconds()
        ended = trials.assign(x=begun + trials["seconds"]).dropna(subset="x")
        frame, axis = ended.sort_values("x", kind="stable"), "seconds since the first trial began"
    ends, sign = _ends(frame, record), record.sign
    merit = frame["score"].fillna(frame["last"]) * sign
    floor = merit[merit.abs() < math.inf].min() * sign
    if ends:  # a trial without a score, or with one too far off, is shown at the edge
        floor = ends[0 if sign > 0 else 1] + sign * (ends[1] - ends[0]) / 40
    floor = 0.0 if math.isnan(floor) else floor
    traces, notes = _points(frame.assign(floor=floor), floor, sign)
    best = best_so_far(frame["score"], sign)
    wide, look = {**style.STEPS, "width": 3}, (style.GREEN, "solid")
    traces.append(style.line(frame["x"].loc[best.index], best, "best so far", look, line=wide))
    layout = style.layout(axis, record.scoring, yaxis=style.within(ends), **_level(record))
    key = "history" if by == "trial" else "history_seconds"
    title = f"Best so far, by {by}"
    alt = f"{title}: {record.scoring} ended at {number(record.best_score)}."
    return Drawing(key, title, alt, traces, layout, notes)


def _level(record: StudyRecord) -> Spec:
    """Of a layout: a dashed line across the figure at the score of the first point, and its name.

    Nothing where the first point has no score.
    """
    if record.baseline is None:
        return {}
    _, name, (colour, _) = style.landmarks(record)[0]
    (y,) = style.signif([record.default_score])
    dashed = {"color": colour, "dash": "dash", "width": 2}
    line = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": y, "y1": y, "line": dashed}
    text = {"text": name, "showarrow": False, "font": {"color": colour}}
    text |= {"xref": "paper", "x": 1, "xanchor": "right", "y": y, "yanchor": "bottom"}
    return {"shapes": [line], "annotations": [text]}


def _ends(frame: pd.DataFrame, record: StudyRecord) -> list[float] | None:
    """Complete trials fill the figure; pruned ones lie below, as far as there is room."""
    complete, default = frame["score"].dropna().tolist(), record.default_score
    ends = style.view(complete, record.sign, default)
    merit = [score * record.sign for score in [*complete, default] if math.isfinite(score)]
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


LOG_FROM = 20  # ratio of the last budget to the first from which a log axis reads better
PROBES = "pruned on fewer folds"
# Groups of trials, and how their lines and the ends of these look.
GROUPS: dict[str, Look] = {
    "complete": (style.BLUE, ""),
    "pruned": (style.ORANGE, "triangle-down"),
    PROBES: (style.RED, "x-thin"),
}


def curves(rungs: pd.DataFrame, trials: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Scores on the way up; nothing where no trial has two rungs."""
    along, x = on_the_way(rungs)
    if not along["number"].duplicated().any():
        return None
    state = along["number"].map(trials["state"])
    fewer = (along["folds"] < along["folds"].max()) & (x == "budget")
    probes = (state == "pruned") & fewer.fillna(False)
    along = along.assign(x=along[x], group=state.mask(probes, PROBES))
    traces, drawn, all_ = [], 0, 0
    for name, look in GROUPS.items():
        rows = along[along["group"] == name]
        last = rows.groupby("number", sort=False).last()
        each = len(rows) / max(len(last), 1) + 1  # points of a curve, and the gap behind it
        # Whole curves, evenly spread over the trials, as many as a trace has points for.
        kept = style.thin(last, "score", max(1, int(style.MOST / each))).index
        shown = rows[rows["number"].isin(kept)].head(style.MOST)
        drawn, all_ = drawn + shown["number"].nunique(), all_ + rows["number"].nunique()
        traces += _lines(shown, name, look)
    scores = along.groupby("number")["score"].last().tolist()
    title = "folds" if x == "folds" else "budget" if record.header else "step"
    ends = style.within(style.view(scores, record.sign))
    low, high = along["x"].min(), along["x"].max()
    is_wide = x == "budget" and low > 0 and high / low >= LOG_FROM
    log = style.log_axis(low, high) if is_wide else {}
    layout = style.layout(title, record.scoring, xaxis=log, yaxis=ends)
    alt = f"Learning curves of {drawn:,} trials by {title}; marks show where they ended."
    traces += _landmarks(along, record)
    return Drawing("curves", "Learning curves", alt, traces, layout, style.thinned(drawn, all_))


def on_the_way(rungs: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Rungs that are drawn, and what goes up along them: ``budget`` or ``folds``.

    Of each trial those on its most folds; all, if folds take turns while the budget stays.
    """
    rungs = rungs[rungs["score"].notna()]
    if rungs["budget"].nunique() > 1:
        most = rungs.groupby("number")["folds"].transform("max")
        rungs = rungs[(rungs["folds"] == most) | rungs["folds"].isna()]
    return rungs, "budget" if rungs["budget"].nunique() > 1 else "folds"


def _lines(rungs: pd.DataFrame, name: str, look: Look) -> list[Spec]:
    """A trace of all curves, with gaps between them; and one of the ends that are marked."""
    if rungs.empty:
        return []
    colour, symbol = look
    groups = rungs.groupby("number", sort=False)
    x, y = (style.with_gaps(curve for _, curve in groups[axis]) for axis in ("x", "score"))
    more = {"hoverinfo": "skip", "opacity": 0.35, "line": {"width": 1}, "legendgroup": name}
    size = min(len(x) - 1, style.MOST)
    traces = [style.line(x[:size], y[:size], name, (colour, "solid"), **more)]
    if symbol:
        last = groups.tail(1)
        hover = f"trial %{{customdata}} {name} at %{{x:.4g}}<br>%{{y:.6g}}<extra></extra>"
        more = {"customdata": last["number"].tolist(), "hovertemplate": hover}
        more |= {"legendgroup": name, "showlegend": False}
        traces.append(style.points(last["x"], last["score"], name, look, **more))
    return traces


def _landmarks(rungs: pd.DataFrame, record: StudyRecord) -> list[Spec]:
    """The first point and the best trial, above the others."""
    traces = []
    for trial, name, (colour, symbol) in style.landmarks(record):
        curve = rungs[rungs["number"] == trial.number]
        look = (colour, "solid" if name == "best" else "dash")
        more = {"mode": "lines+markers", "line": {"width": 3}, "marker": {"symbol": symbol}}
        more["hovertemplate"] = f"{name}: %{{y:.6g}} at %{{x:.4g}}<extra></extra>"
        if len(curve):
            traces.append(style.line(curve["x"], curve["score"], name, look, **more))
    return traces


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
    x = style.with_gaps(zip(old[both], new[both], strict=True))
    y = style.with_gaps(zip(names, names, strict=True))
    traces = [
        style.line(x, y, "pairs", (style.GREY, "solid"), **quiet),
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
    more: Spec = {"mode": "lines+markers", "line": style.STEPS}
    more["hovertemplate"] = "trial %{x}<br>%{y:.6g}"
    inside, outside = (style.GREEN, "solid"), (style.PINK, "dash")
    traces = [
        style.line(frame.index, frame["inner"], "in the folds", inside, **more),
        style.line(frame.index, frame["holdout"], "on held-out rows", outside, **more),
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
