"""Study to frames: one function a table, with columns that stay."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean
from typing import TYPE_CHECKING, Any

from tuneflow.storage.study_record import StudyRecord, read_study, score_of, seconds_of

if TYPE_CHECKING:
    import optuna
    import pandas as pd

COLUMNS = (
    "number",
    "state",
    "score",
    "last",
    "ended",
    "error",
    "budget",
    "seconds",
    "seconds_fit",
    "seconds_score",
    "started",
)
SECONDS = ("seconds", "seconds_fit", "seconds_score")
FOLDS = ("number", "fold", "score", "improvement")
RUNGS = ("number", "rung", "folds", "budget", "score")


def trials(study: optuna.Study | StudyRecord) -> pd.DataFrame:
    """Every trial of a study, one row each, by number.

    Args:
        study: Any Optuna study with one objective.

    Returns:
        A frame indexed by ``number``:

        - ``state``: ``complete``, ``pruned``, ``fail``, ``running`` or ``waiting``;
        - ``score``: what the study is about, for complete trials;
        - ``rank``: 1 is the best of the complete trials, those whose score is finite;
        - ``improvement``: the score over that of the defaults, the first point; positive is better;
        - ``last``: the last score reported, also of trials that were given up;
        - ``ended``: why growth ended; ``error``: why it failed;
        - ``budget``: units of growth spent for one model; missing where tuneflow wrote nothing;
        - ``seconds``, ``seconds_fit``, ``seconds_score``: wall clock;
        - ``started``: when, by the clock of the storage;
        - ``metric:`` and a name: the mean of another metric, if there are some, at the best rung;
        - one column a parameter, by its name; a parameter that was not active is missing.
    """
    import pandas as pd

    record = study if isinstance(study, StudyRecord) else read_study(study)
    rows = [_row(record, trial) for trial in record.trials]
    names = list(dict.fromkeys(name for trial in record.trials for name in trial.params))
    also = [f"metric:{name}" for name in (record.header.also if record.header else ())]
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *also, *(f"param:{name}" for name in names)])
    texts = dict.fromkeys(("state", "ended", "error"), "str")
    kinds: dict[str, Any] = {"number": int, "score": float, "last": float, "budget": "Int64"}
    kinds |= {**dict.fromkeys((*SECONDS, *also), float), "started": "datetime64[us]"}
    return _ranked(frame.astype({**kinds, **texts}).set_index("number"), names, record)


def folds(record: StudyRecord) -> pd.DataFrame:
    """Scores of the folds, one row a trial and fold.

    Returns:
        A frame with columns ``number``, ``fold`` (from 0), ``score``, and ``improvement``: the score
        over that of the defaults on the same fold; positive is better.
    """
    import pandas as pd

    entry = record.record(record.baseline)
    base = dict(enumerate(entry.scores if entry else ()))
    rows = [
        (number, fold, score, (score - base.get(fold, math.nan)) * record.sign)
        for number, entry in enumerate(record.records)
        if entry
        for fold, score in enumerate(entry.scores)
    ]
    kinds = {"number": int, "fold": int, "score": float, "improvement": float}
    return pd.DataFrame(rows, columns=list(FOLDS)).astype(kinds)


def rungs(record: StudyRecord) -> pd.DataFrame:
    """Scores on the way up, one row a trial and rung.

    Returns:
        A frame with columns ``number``, ``rung`` (from 0), ``folds`` (how many took part; missing
        in studies of others), ``budget`` (for these, the step reported) and ``score``.
    """
    import pandas as pd

    rows: list[tuple[Any, ...]] = []
    for trial, entry in zip(record.trials, record.records, strict=True):
        steps = trial.intermediate_values.items() if entry is None else ()
        curve = entry.curve if entry else [(None, step, score) for step, score in sorted(steps)]
        rows += [(trial.number, rung, *at) for rung, at in enumerate(curve)]
    kinds: dict[str, Any] = {"number": int, "rung": int, "folds": "Int64"}
    kinds |= {"budget": float, "score": float}
    return pd.DataFrame(rows, columns=list(RUNGS)).astype(kinds)


def column_of(name: str) -> str:
    """The column of a parameter in the table of trials."""
    return f"param:{name}" if name in (*COLUMNS, "rank", "improvement") else name


def _row(record: StudyRecord, trial: optuna.trial.FrozenTrial) -> dict[str, Any]:
    entry = record.record(trial)
    complete = trial.state.name == "COMPLETE"
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    return {
        "number": trial.number,
        "state": trial.state.name.lower(),
        "score": score_of(trial),
        "last": score_of(trial) if complete else last,
        "ended": entry.ended if entry else "",
        "error": entry.error if entry else "",
        "budget": entry.amount if entry else None,
        "seconds": seconds_of(trial),
        "seconds_fit": entry.seconds_fit if entry else math.nan,
        "seconds_score": entry.seconds_score if entry else math.nan,
        "started": trial.datetime_start,
        **{
            f"metric:{name}": _mean(scores)
            for name, scores in (entry.also if entry else {}).items()
        },
        **{f"param:{name}": told(value) for name, value in trial.params.items()},
    }


def _mean(scores: Sequence[float | None]) -> float:
    known = [math.nan if score is None else score for score in scores]
    return fmean(known) if known else math.nan


def told(value: Any) -> Any:
    """None is a choice like others, and must not look as if the parameter were missing."""
    return "None" if value is None else value


def _ranked(frame: pd.DataFrame, names: Sequence[str], record: StudyRecord) -> pd.DataFrame:
    """Add rank and improvement behind the score; give parameters their own names where these are free."""
    finite = frame["score"].abs() < math.inf
    better = frame["score"].where(finite) * record.sign
    frame.insert(2, "rank", better.rank(ascending=False, method="min").astype("Int64"))
    frame.insert(3, "improvement", better - score_of(record.baseline) * record.sign)
    return frame.rename(columns={f"param:{name}": column_of(name) for name in names})
