"""The table of trials: everything that happened, one row each; and the reasons of failures."""

import math
import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import StudyRecord, is_scored, score_of, seconds_of

KINDS: Mapping[str, Any] = {
    "number": int,
    "state": "str",
    "score": float,
    "last": float,
    "ended": "str",
    "error": "str",
    "budget": "Int64",
    "seconds": float,
    "seconds_fit": float,
    "seconds_score": float,
    "started": "datetime64[us]",
}


def trials(record: StudyRecord) -> pd.DataFrame:
    """Every trial of a study, one row each, by number.

    Returns:
        A frame indexed by ``number``:

        - ``state``: ``complete``, ``pruned``, ``fail``, ``running`` or ``waiting``;
        - ``score``: what the study is about, for complete trials;
        - ``rank``: 1 is the best of the complete trials, those whose score is finite;
        - ``improvement``: by how much the score is better than that of the first point, which is
          the defaults in tuneflow's studies; negative where it is worse;
        - ``last``: the last score reported, also of trials that were pruned;
        - ``ended``: why training ended; ``error``: why it failed;
        - ``budget``: units of growth spent for one model; missing where tuneflow wrote nothing;
        - ``seconds``, ``seconds_fit``, ``seconds_score``: wall clock;
        - ``started``: when, by the clock of the storage;
        - ``metric:`` and a name: the mean of another metric, if there are some, at the best rung;
        - one column a parameter, by its name; a parameter that was not active is missing.
    """
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.params))
    metrics = record.header.also if record.header else ()
    table = frame(
        (_row(record, trial) for trial in record.trials),
        {**KINDS, **{f"metric:{name}": float for name in metrics}},
        "number",
        [f"param:{name}" for name in names],
    )
    better = table["score"].where(table["score"].abs() < math.inf) * record.sign
    table.insert(2, "rank", better.rank(ascending=False, method="min").astype("Int64"))
    table.insert(3, "improvement", better - record.default_score * record.sign)
    return table.rename(columns={f"param:{name}": column_of(name) for name in names})


def column_of(name: str) -> str:
    """The column of a parameter in the table of trials."""
    return f"param:{name}" if name in (*KINDS, "rank", "improvement") else name


def none_as_text(value: Any) -> Any:
    """None is a choice like others, and must not look as if the parameter were missing."""
    return "None" if value is None else value


def _row(record: StudyRecord, trial: FrozenTrial) -> dict[str, Any]:
    complete = trial.state.name == "COMPLETE"
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    row: dict[str, Any] = {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "score": score_of(trial),
        "last": score_of(trial) if complete else last,
        "ended": "",
        "error": "",
        "seconds": seconds_of(trial),
        "started": trial.datetime_start,
    }
    if entry := record.record(trial):
        row |= {"ended": entry.ended, "error": entry.error, "budget": entry.amount}
        row |= {"seconds_fit": entry.seconds_fit, "seconds_score": entry.seconds_score}
        for name, scores in entry.also.items():
            numbers = [math.nan if score is None else score for score in scores]
            row[f"metric:{name}"] = fmean(numbers or [math.nan])
    return row | {f"param:{name}": none_as_text(value) for name, value in trial.params.items()}


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
