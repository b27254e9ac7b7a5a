"""Learning curves by budget, with the points at which trials were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Spec
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    import pandas as pd

LOG_FROM = 20  # ratio of the last budget to the first from which a log axis reads better
GROUPS = {
    "complete": ("complete", style.BLUE),
    "pruned": ("given up", style.ORANGE),
    "probe": ("given up on fewer folds", style.RED),
}


def curves(rungs: pd.DataFrame, trials: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Scores on the way up; nothing where no trial has two rungs."""
    along = on_the_way(rungs)
    if along["number"].duplicated().sum() == 0:
        return None
    x = axis_of(along)
    along = along.assign(x=along[x], group=_groups(along, trials))
    traces, drawn, all_ = [], 0, 0
    for group, (name, colour) in GROUPS.items():
        found = along[along["group"] == group]
        shown = _some(found)
        drawn, all_ = drawn + shown["number"].nunique(), all_ + found["number"].nunique()
        traces += _lines(shown, name, colour, ends=group != "complete")
    traces += _marked(along, record)
    scores = [along["score"].tolist(), along.groupby("number")["score"].last().tolist()]
    ends = style.view(scores[1], record.sign)
    layout = style.layout(_title(x, record), record.scoring)
    layout["yaxis"] |= {"range": ends} if ends else {}
    first, last = along["x"].min(), along["x"].max()
    if x == "budget" and first > 0 and last / first >= LOG_FROM:
        layout["xaxis"] |= style.log_axis(first, last)
    alt = (
        f"Learning curves of {drawn:,} trials by {_title(x, record)}; marks show where they ended."
    )
    note = style.thinned(drawn, all_)
    return Drawing("curves", "Learning curves", alt, {"data": traces, "layout": layout}, note)


def on_the_way(rungs: pd.DataFrame) -> pd.DataFrame:
    """Rungs that are drawn: of each trial those on its most folds, but all if folds take turns."""
    rungs = rungs[rungs["score"].notna()]
    if rungs["budget"].nunique() <= 1:
        return rungs
    most = rungs.groupby("number")["folds"].transform("max")
    return rungs[(rungs["folds"] == most) | rungs["folds"].isna()]


def axis_of(rungs: pd.DataFrame) -> str:
    """What goes up: the budget, or the number of folds where the budget stays."""
    return "budget" if rungs["budget"].nunique() > 1 else "folds"


def _title(x: str, record: StudyRecord) -> str:
    return "folds" if x == "folds" else "budget" if record.header else "step"


def _groups(rungs: pd.DataFrame, trials: pd.DataFrame) -> pd.Series[Any]:
    """Complete, given up, or given up while fewer folds than usual took part."""
    state = rungs["number"].map(trials["state"])
    group = state.where(state.isin(["complete", "pruned"]))
    probe = (
        (state == "pruned")
        & (axis_of(rungs) == "budget")
        & (rungs["folds"] < rungs["folds"].max())
    )
    return group.mask(probe.fillna(False), "probe")


def _some(rungs: pd.DataFrame) -> pd.DataFrame:
    """Whole curves, evenly spread over the trials, as many as a trace has points for."""
    numbers = rungs["number"].unique()
    each = len(rungs) / max(len(numbers), 1) + 1
    most = max(1, int(style.MOST / each))
    if len(numbers) <= most:
        return rungs
    kept = {int(numbers[round(i * (len(numbers) - 1) / (most - 1))]) for i in range(most)}
    return rungs[rungs["number"].isin(kept)].head(style.MOST)


def _lines(rungs: pd.DataFrame, name: str, colour: str, *, ends: bool) -> list[Spec]:
    if rungs.empty:
        return []
    x: list[Any] = []
    y: list[Any] = []
    before = None
    for number, at, score in zip(rungs["number"], rungs["x"], rungs["score"], strict=True):
        gap: list[Any] = (
            [None] if before not in (None, number) else []
        )  # between one curve and the next
        x += [*gap, at]
        y += [*gap, score]
        before = number
    more = {"hoverinfo": "skip", "opacity": 0.35, "line": {"width": 1}, "legendgroup": name}
    traces = [style.line(x[: style.MOST], y[: style.MOST], name, (colour, "solid"), **more)]
    if ends:
        last = rungs.groupby("number").tail(1)
        look = (colour, "triangle-down" if colour == style.ORANGE else "x-thin")
        hover = f"trial %{{customdata}} {name} at %{{x:.4g}}<br>%{{y:.6g}}<extra></extra>"
        told: Spec = {"customdata": last["number"].tolist(), "hovertemplate": hover}
        told |= {"legendgroup": name, "showlegend": False}
        traces.append(style.points(last["x"], last["score"], name, look, **told))
    return traces


def _marked(rungs: pd.DataFrame, record: StudyRecord) -> list[Spec]:
    """The first point and the best trial, above the others."""
    looks = [
        (
            record.baseline,
            record.first_point.removeprefix("the "),
            (style.PINK, "dash"),
            "diamond",
        ),
        (record.best, "best", (style.GREEN, "solid"), "star"),
    ]
    traces = []
    for trial, name, look, symbol in looks:
        curve = rungs[rungs["number"] == (trial.number if trial else -1)]
        if len(curve):
            more = {"mode": "lines+markers", "line": {"width": 3}, "marker": {"symbol": symbol}}
            hover = f"{name}: %{{y:.6g}} at %{{x:.4g}}<extra></extra>"
            traces.append(
                style.line(curve["x"], curve["score"], name, look, hovertemplate=hover, **more)
            )
    return traces
