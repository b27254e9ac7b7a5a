"""Learning curves by budget, and scores by fold and on held-out rows."""

import pandas as pd

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Drawing, Look, Spec
from tuneflow.reporting.format import number
from tuneflow.storage.study_record import StudyRecord

LOG_FROM = 20  # ratio of the last budget to the first from which a log axis reads better
# Groups of trials, each with a name, and how its lines and their ends look.
GROUPS: dict[str, tuple[str, Look]] = {
    "complete": ("complete", (style.BLUE, "")),
    "pruned": ("pruned", (style.ORANGE, "triangle-down")),
    "probe": ("pruned on fewer folds", (style.RED, "x-thin")),
}


def curves(rungs: pd.DataFrame, trials: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Scores on the way up; nothing where no trial has two rungs."""
    along, x = on_the_way(rungs)
    if not along["number"].duplicated().any():
        return None
    state = along["number"].map(trials["state"])
    fewer = (along["folds"] < along["folds"].max()) & (x == "budget")
    probes = (state == "pruned") & fewer.fillna(False)
    along = along.assign(x=along[x], group=state.mask(probes, "probe"))
    traces, drawn, all_ = [], 0, 0
    for group, (name, look) in GROUPS.items():
        rows = along[along["group"] == group]
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
    wide = x == "budget" and low > 0 and high / low >= LOG_FROM
    log = style.log_axis(low, high) if wide else {}
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
    x, y = ([at for _, one in groups[axis] for at in (*one, None)] for axis in ("x", "score"))
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


LINES = (
    ("inner", "in the folds", (style.GREEN, "solid")),
    ("holdout", "on held-out rows", (style.PINK, "dash")),
)


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


def holdout(frame: pd.DataFrame, record: StudyRecord) -> Drawing | None:
    """Two lines along the study, and the interval of the model that was kept; nothing where no
    rows were held out, or only one trial led."""
    holdout = record.holdout
    if holdout is None or len(frame) < 2:
        return None
    more = {
        "mode": "lines+markers",
        "hovertemplate": "trial %{x}<br>%{y:.6g}",
        "line": style.STEPS,
    }
    traces = [
        style.line(frame.index, frame[column], name, look, **more) for column, name, look in LINES
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
