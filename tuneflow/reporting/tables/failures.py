"""What failed, and why."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.study_record import StudyRecord, is_scored

# The chain "TrialError: LightGBMError: why" is about a LightGBMError.
_INNERMOST = re.compile(r"(?:[\w.]*(?:Error|Exception): )*([\w.]*(?:Error|Exception|Interrupt))\b")
_NO_ERRORS = {  # what may end a trial beside an error inside it
    "timeout": "took too long",
    "crashed": "its process died",
    "interrupted": "interrupted",
}
NOT_FINITE = "score is not finite"
LONGEST = 300  # characters of a message


def failures(trials: pd.DataFrame, record: StudyRecord) -> pd.DataFrame:
    """Why trials failed, one row a kind of error, the most frequent first.

    Returns:
        A frame indexed by ``error``: how many ``trials``, the number of the ``first``, its
        ``message`` and its ``parameters``.
    """
    errors = trials["error"].tolist()
    groups: dict[str, list[FrozenTrial]] = {}
    for trial in record.trials:
        if kind := _kind(trial, errors[trial.number], record):
            groups.setdefault(kind, []).append(trial)
    rows = [
        (
            kind,
            len(failed),
            failed[0].number,
            _message(errors[failed[0].number]),
            _params(failed[0]),
        )
        for kind, failed in sorted(groups.items(), key=lambda group: -len(group[1]))
    ]
    kinds = {"error": "str", "trials": int, "first": int, "message": "str", "parameters": "str"}
    return frame(rows, kinds, "error")


def _kind(trial: FrozenTrial, error: str, record: StudyRecord) -> str | None:
    entry = record.record(trial)
    if trial.state.name == "COMPLETE":
        return None if is_scored(trial) else NOT_FINITE
    if trial.state.name != "FAIL" or (entry and entry.ended == "surplus"):
        return None
    if entry and entry.ended in _NO_ERRORS:
        return _NO_ERRORS[entry.ended]
    named = _INNERMOST.match(error)
    return named[1] if named else "no reason was kept"


def _message(error: str) -> str:
    """The first line of a message, not too long."""
    line = error.strip().split("\n")[0]
    return line if len(line) <= LONGEST else f"{line[:LONGEST]}…"


def _params(trial: Any) -> str:
    return ", ".join(f"{name} {parameter_value(value)}" for name, value in trial.params.items())
