"""Where the time went, and what failed."""

from __future__ import annotations

import math
import re
from statistics import median
from typing import TYPE_CHECKING, Any

from tuneflow.reporting.parameters import shown
from tuneflow.storage.study_record import StudyRecord, is_scored

if TYPE_CHECKING:
    import pandas as pd

STATES = ("complete", "pruned", "fail", "running", "waiting")
COST = ("state", "trials", "seconds", "seconds_fit", "seconds_score", "seconds_other", "saved")
TIMELINE = ("number", "state", "worker", "start", "end")
FAILURES = ("error", "trials", "first", "message", "parameters")
# The chain "TrialError: LightGBMError: why" is about a LightGBMError.
_INNERMOST = re.compile(r"(?:[\w.]*(?:Error|Exception): )*([\w.]*(?:Error|Exception|Interrupt))\b")
_NO_ERRORS = {  # what may end a trial beside an error inside it
    "timeout": "took too long",
    "crashed": "its process died",
    "interrupted": "interrupted",
}
NOT_FINITE = "score is not finite"
LONGEST = 300  # characters of a message


def cost(trials: pd.DataFrame, record: StudyRecord) -> pd.DataFrame:
    """Time by what became of the trials, one row a state.

    Args:
        trials: The table of trials.
        record: The study.

    Returns:
        A frame indexed by ``state``: ``trials``; ``seconds`` of wall clock, of which
        ``seconds_fit`` went into training, ``seconds_score`` into scoring and ``seconds_other``
        into the rest; and ``saved``: for pruned trials, what they would have cost in addition at
        the median of complete ones; for complete trials, what growing on to the last rung would
        have cost had they not peaked. ``saved`` is an estimate, missing where nothing was.
    """
    sums = trials.groupby("state")[["seconds", "seconds_fit", "seconds_score"]].sum(min_count=1)
    sums.insert(0, "trials", trials["state"].value_counts())
    sums["seconds_other"] = sums["seconds"] - sums["seconds_fit"] - sums["seconds_score"]
    sums["saved"] = math.nan
    whole = trials.loc[trials["state"] == "complete", "seconds"].median()
    if "pruned" in sums.index:
        spent = trials.loc[trials["state"] == "pruned", "seconds"]
        sums.loc["pruned", "saved"] = (whole - spent).clip(lower=0).sum()
    if "complete" in sums.index and record.header:
        sums.loc["complete", "saved"] = _saved_by_patience(record)
    return sums.reindex([state for state in STATES if state in sums.index])


def _saved_by_patience(record: StudyRecord) -> float:
    """Seconds of training between where growth ended by itself and the last rung."""
    last = _last_rung(record)
    peaked = [entry for entry in record.records if entry and entry.ended == "patience"]
    reached = [(entry.seconds_fit, entry.curve[-1][1]) for entry in peaked if entry.curve]
    return sum(seconds * max(0.0, last / budget - 1) for seconds, budget in reached if budget)


def _last_rung(record: StudyRecord) -> float:
    last = record.header.growth.get("last") if record.header else None
    return float(last) if isinstance(last, int | float) else 0.0


def timeline(trials: pd.DataFrame) -> pd.DataFrame:
    """When trials ran, beside each other where they ran at once.

    Returns:
        A frame with columns ``number``, ``state``, ``worker`` (from 0; the first that was free),
        ``start`` and ``end`` in seconds since the first trial began.
    """
    import pandas as pd

    ran = trials.dropna(subset="started").sort_values("started", kind="stable")
    start = (ran["started"] - ran["started"].min()).dt.total_seconds()
    now = (start + ran["seconds"].fillna(0)).max() if len(ran) else 0.0
    end = (start + ran["seconds"]).fillna(now)  # a running trial has got as far as the others
    rows, free = [], list[float]()
    for number, begun, ended in zip(ran.index, start, end, strict=True):
        worker = next((i for i, at in enumerate(free) if at <= begun + 1e-6), len(free))
        free[worker : worker + 1] = [max(ended, begun)]
        rows.append((number, worker, begun, ended))
    frame = pd.DataFrame(rows, columns=["number", "worker", "start", "end"])
    frame.insert(1, "state", ran["state"].to_numpy() if rows else pd.Series(dtype="str"))
    return frame.astype({"number": int, "worker": int, "start": float, "end": float})


def failures(trials: pd.DataFrame, record: StudyRecord) -> pd.DataFrame:
    """Why trials failed, one row a kind of error, the most frequent first.

    Returns:
        A frame indexed by ``error``: how many ``trials``, the number of the ``first``, its
        ``message`` and its ``parameters``.
    """
    import pandas as pd

    groups: dict[str, list[int]] = {}
    errors = trials["error"].tolist()
    for trial in record.trials:
        if (kind := _kind(trial, errors[trial.number], record)) is not None:
            groups.setdefault(kind, []).append(trial.number)
    rows = [
        (kind, len(numbers), numbers[0], message(errors[numbers[0]]), parameters)
        for kind, numbers in sorted(groups.items(), key=lambda group: -len(group[1]))
        for parameters in [_listed(record.trials[numbers[0]].params)]
    ]
    kinds: dict[str, Any] = {"error": "str", "message": "str", "parameters": "str"}
    kinds |= {"trials": int, "first": int}
    return pd.DataFrame(rows, columns=list(FAILURES)).astype(kinds).set_index("error")


def _kind(trial: Any, error: str, record: StudyRecord) -> str | None:
    entry = record.record(trial)
    if trial.state.name == "COMPLETE":
        return None if is_scored(trial) else NOT_FINITE
    if trial.state.name != "FAIL" or (entry and entry.ended == "surplus"):
        return None
    if entry and entry.ended in _NO_ERRORS:
        return _NO_ERRORS[entry.ended]
    named = _INNERMOST.match(error)
    return named[1] if named else "no reason was kept"


def message(error: str) -> str:
    """The first line of a message, not too long."""
    line = error.strip().split("\n")[0]
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def typical_seconds(trials: pd.DataFrame) -> float:
    """The median time of a complete trial; NaN if there is none."""
    spent = trials.loc[trials["state"] == "complete", "seconds"].dropna()
    return median(spent) if len(spent) else math.nan


def _listed(params: dict[str, Any]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in params.items())
