"""What failed, and why."""

import re

import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.records import TrialRecord
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


def failures(record: StudyRecord) -> pd.DataFrame:
    """Why trials failed, one row a kind of error, the most frequent first.

    Returns:
        A frame indexed by ``error``: how many ``trials``, the number of the ``first``, its
        ``message`` and its ``parameters``.
    """
    groups: dict[str, list[FrozenTrial]] = {}
    for trial, entry in zip(record.trials, record.records, strict=True):
        if kind := _kind(trial, entry):
            groups.setdefault(kind, []).append(trial)
    rows = []
    for kind, failed in sorted(groups.items(), key=lambda group: -len(group[1])):
        first = failed[0]
        entry = record.record(first)
        line = entry.error.strip().split("\n")[0] if entry else ""
        message = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
        params = (f"{name} {parameter_value(value)}" for name, value in first.params.items())
        rows.append((kind, len(failed), first.number, message, ", ".join(params)))
    kinds = {"error": "str", "trials": int, "first": int, "message": "str", "parameters": "str"}
    return frame(rows, kinds, "error")


def _kind(trial: FrozenTrial, entry: TrialRecord | None) -> str | None:
    if trial.state.name == "COMPLETE":
        return None if is_scored(trial) else NOT_FINITE
    if trial.state.name != "FAIL" or (entry and entry.ended == "surplus"):
        return None
    if entry and entry.ended in _NO_ERRORS:
        return _NO_ERRORS[entry.ended]
    named = _INNERMOST.match(entry.error) if entry else None
    return named[1] if named else "no reason was kept"
