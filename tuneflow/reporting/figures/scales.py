"""Where the values of a parameter stand on an axis."""

from typing import Any

import numpy as np

from tuneflow.reporting.figures import style
from tuneflow.reporting.figures.style import Spec
from tuneflow.reporting.format import plain
from tuneflow.reporting.tables.parameters import is_choice
from tuneflow.storage.study_record import StudyRecord, score_of

LONGEST = 24  # characters of a choice


def place(value: Any, dist: Any) -> float:
    """A number is its own place; a choice has that of its name, or 0 if it is one no more."""
    if not is_choice(dist):
        return float(value)
    names = [str(choice) for choice in dist.choices]
    return names.index(str(value)) if str(value) in names else 0


def spread(dist: Any, count: int) -> list[float]:
    """Numbers that divide a range evenly, on the parameter's own scale."""
    between: Any = np.geomspace if dist.log else np.linspace
    return [float(value) for value in between(dist.low, dist.high, count)]


def axis(dist: Any) -> Spec:
    """An axis of all values of a parameter, with a tick for each choice."""
    if is_choice(dist):
        names = [plain(choice) for choice in dist.choices]
        short = [n if len(n) <= LONGEST else f"{n[: LONGEST - 1]}…" for n in names]
        return {**style.ticks(range(len(names)), short), "range": [-0.5, len(names) - 0.5]}
    low, high = float(dist.low), float(dist.high)
    if dist.log and high > low:
        return style.log_axis(low, high)
    room = (high - low) * 0.04 or 0.5
    return {"range": [low - room, high + room]}


def landmarks(record: StudyRecord, *names: str) -> list[Spec]:
    """Where the first point and the best trial lie, by one parameter and the score, or by two."""
    marker = {"size": 13, "opacity": 1, "line": {"color": "#ffffff", "width": 1}}
    traces = []
    for trial, title, look in style.landmarks(record):
        if set(names) <= trial.params.keys():
            places = [place(trial.params[name], record.spaces[name]) for name in names]
            x, y = [*places, score_of(trial)][:2]
            more: Spec = {"hovertemplate": f"{title}: trial {trial.number}<extra></extra>"}
            traces.append(style.points([x], [y], title, look, marker=marker, **more))
    return traces
