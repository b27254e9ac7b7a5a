"""What happened in the trials of a study: their table, their scores by fold and by rung, why they
failed, and where the time went."""

import math
import re
from collections.abc import Mapping
from statistics import fmean
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.tables.frame import frame
from tuneflow.storage.records import HoldoutRecord, TrialRecord
from tuneflow.storage.study_record import StudyRecord, is_feasible, is_scored, score_of, seconds_of

STATES = ("complete", "pruned", "fail", "running", "waiting")
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
        - ``rank``: 1 is the best of the complete trials, those whose score is finite and which
          break no constraint;
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
    is_ranked = (table["score"].abs() < math.inf) & (table["state"] != "infeasible")
    better = table["score"].where(is_ranked) * record.sign
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
        "state": trial.state.name.lower() if is_feasible(trial) else "infeasible",
        "score": score_of(trial),
        "last": score_of(trial) if complete else last,
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


def folds(record: StudyRecord) -> pd.DataFrame:
    """Scores of the folds, one row a trial and fold.

    Returns:
        A frame with columns ``number``, ``fold`` (from 0), ``score``, and ``improvement``: the
        score over that of the defaults on the same fold; positive is better.
    """
    base = dict(enumerate(record.scores(record.baseline)))
    rows = [
        (number, fold, score, (score - base.get(fold, math.nan)) * record.sign)
        for number, entry in enumerate(record.records)
        if entry
        for fold, score in enumerate(entry.scores)
    ]
    return frame(rows, {"number": int, "fold": int, "score": float, "improvement": float})


def rungs(record: StudyRecord) -> pd.DataFrame:
    """Scores on the way up, one row a trial and rung.

    Returns:
        A frame with columns ``number``, ``rung`` (from 0), ``folds`` (how many took part; missing
        in studies of others), ``budget`` (for these, the step reported) and ``score``.
    """
    rows: list[tuple[Any, ...]] = []
    for trial, entry in zip(record.trials, record.records, strict=True):
        steps = sorted(trial.intermediate_values.items())
        curve = entry.curve if entry else [(None, step, score) for step, score in steps]
        rows += [(trial.number, rung, *reached) for rung, reached in enumerate(curve)]
    kinds = {"number": int, "rung": int, "folds": "Int64", "budget": float, "score": float}
    return frame(rows, kinds)


def holdout(record: HoldoutRecord | None) -> pd.DataFrame:
    """Score in the folds and on held-out rows, one row for each trial that was the best so far.

    Where the inner score goes on rising and the one on held-out rows falls, the search has begun
    to fit the folds: overtuning (Schneider, Bischl, Feurer 2025).

    Returns:
        A frame indexed by ``number`` with columns ``inner``, ``holdout``, ``optimism`` (inner less
        holdout) and ``overtuned`` (by how much an earlier one was better on the held-out rows);
        empty where no rows were held out.
    """
    kinds = {"number": int, "inner": float, "holdout": float}
    table = frame(record.path if record else (), kinds, "number")
    table["optimism"] = table["inner"] - table["holdout"]
    table["overtuned"] = table["holdout"].cummax() - table["holdout"]
    return table


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
    rows = []
    for trial, entry in zip(record.trials, record.records, strict=True):
        if kind := _kind(trial, entry):
            line = entry.error.strip().split("\n")[0] if entry else ""
            message = line if len(line) <= LONGEST else f"{line[:LONGEST]}…"
            params = (f"{name} {parameter_value(value)}" for name, value in trial.params.items())
            rows.append((kind, trial.number, message, ", ".join(params)))
    kinds = {"error": "str", "first": int, "message": "str", "parameters": "str"}
    errors = frame(rows, kinds).groupby("error", sort=False)
    table = errors.first()
    table.insert(0, "trials", errors.size())
    return table.sort_values("trials", ascending=False, kind="stable")


def _kind(trial: FrozenTrial, entry: TrialRecord | None) -> str | None:
    if trial.state.name == "COMPLETE":
        return None if is_scored(trial) or not is_feasible(trial) else NOT_FINITE
    if trial.state.name != "FAIL" or (entry and entry.ended == "surplus"):
        return None
    if entry and entry.ended in _NO_ERRORS:
        return _NO_ERRORS[entry.ended]
    named = _INNERMOST.match(entry.error) if entry else None
    return named[1] if named else "no reason was kept"


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
    if "pruned" in sums.index:
        spent = trials.loc[trials["state"] == "pruned", "seconds"]
        sums.loc["pruned", "saved"] = (typical_seconds(trials) - spent).clip(lower=0).sum()
    if "complete" in sums.index and record.header:
        last = record.header.growth.get("last")
        peaked = [entry for entry in record.records if entry and entry.ended == "patience"]
        reached = [(entry.seconds_fit, entry.curve[-1][1]) for entry in peaked if entry.curve]
        sums.loc["complete", "saved"] = sum(  # training, from where it ended to the last rung
            seconds * max(0.0, last / budget - 1)
            for seconds, budget in reached
            if budget and isinstance(last, int | float)
        )
    return sums.reindex([state for state in STATES if state in sums.index])


def typical_seconds(trials: pd.DataFrame) -> float:
    """The median time of a complete trial; NaN if there is none."""
    return float(trials.loc[trials["state"] == "complete", "seconds"].median())


def timeline(trials: pd.DataFrame) -> pd.DataFrame:
    """When trials ran, beside each other where they ran at once.

    Returns:
        A frame with columns ``number``, ``state``, ``worker`` (from 0; the first that was free),
        ``start`` and ``end`` in seconds since the first trial began.
    """
    ran = trials.dropna(subset="started").sort_values("started", kind="stable")
    start = (ran["started"] - ran["started"].min()).dt.total_seconds()
    now = (start + ran["seconds"].fillna(0)).max()
    end = (start + ran["seconds"]).fillna(now)  # a running trial has got as far as the others
    rows, free_from = [], list[float]()  # by worker
    for number, state, begun, ended in zip(ran.index, ran["state"], start, end, strict=True):
        free = (i for i, at in enumerate(free_from) if at <= begun + 1e-6)
        worker = next(free, len(free_from))
        free_from[worker : worker + 1] = [max(ended, begun)]
        rows.append((number, state, worker, begun, ended))
    kinds = {"number": int, "state": "str", "worker": int, "start": float, "end": float}
    return frame(rows, kinds)
