"""What a study is: its outcome in one row, its best trial, and its header."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from optuna.trial import FrozenTrial

from tuneflow.reporting.tables.frame import frame
from tuneflow.reporting.tables.trials import STATES, none_as_text
from tuneflow.storage.study_record import StudyRecord, score_of, seconds_of

STUDIES: Mapping[str, Any] = {
    **dict.fromkeys(("study", "made_by", "recipe", "scoring", "direction"), "str"),
    "best": float,
    "best_trial": "Int64",
    "trials": int,
    **dict.fromkeys(STATES, int),
    "sampler": "str",
    "pruner": "str",
    "updated": "datetime64[us]",
}
HEADER = ("recipe", "task", "scoring", "direction", "sampler", "pruner", "random_state")


def studies(records: Sequence[StudyRecord]) -> pd.DataFrame:
    """The studies of a report, one row each, in their order.

    Returns:
        A frame indexed by ``study``: ``made_by`` (``tuneflow`` or ``optuna``), ``recipe``,
        ``scoring``, ``direction``, the ``best`` score and its ``best_trial``, the number of
        ``trials`` and of those that are ``complete``, ``pruned``, ``fail``, ``running`` and
        ``waiting``, ``sampler``, ``pruner``, and when it was ``updated``, by the storage's clock.
    """
    return frame(map(_row, records), STUDIES, "study")


def _row(record: StudyRecord) -> dict[str, Any]:
    times = [trial.datetime_complete or trial.datetime_start for trial in record.trials]
    header = ("recipe", "scoring", "sampler", "pruner")
    return {
        "study": record.name,
        "made_by": "tuneflow" if record.header else "optuna",
        **{key: getattr(record.header, key, "") for key in header},
        "direction": _direction(record),
        "best": record.best_score,
        "best_trial": record.best.number if record.best else None,
        "trials": len(record.trials),
        **{state: record.states[state] for state in STATES},
        "updated": max(filter(None, times), default=None),
    }


def _direction(record: StudyRecord) -> str:
    return "maximize" if record.maximize else "minimize"


def best(record: StudyRecord) -> pd.DataFrame:
    """The best trial beside the first point, which is the defaults in tuneflow's studies.

    Returns:
        A frame indexed by ``what``: the trial's number, score, budget, seconds, the score of each
        fold, and every parameter; columns ``default`` and ``best``, as text, and ``difference``,
        missing where there is none to be taken.
    """
    default, chosen = _facts(record, record.baseline), _facts(record, record.best)
    pairs = [(what, default.get(what), chosen.get(what)) for what in default | chosen]
    rows = [(what, _text(a), _text(b), _difference(what, a, b)) for what, a, b in pairs]
    kinds = {"what": "str", "default": "str", "best": "str", "difference": float}
    return frame(rows, kinds, "what")


def _facts(record: StudyRecord, trial: FrozenTrial | None) -> dict[str, Any]:
    """What is known of a trial; nothing of none."""
    if trial is None:
        return {}
    facts: dict[str, Any] = {"trial": trial.number, "score": score_of(trial)}
    if entry := record.record(trial):
        facts["budget"] = entry.amount
    facts["seconds"] = seconds_of(trial)
    facts |= {f"fold {i}": score for i, score in enumerate(record.scores(trial))}
    params = {name: none_as_text(value) for name, value in record.values(trial).items()}
    return facts | {name: value for name, value in params.items() if name not in facts}


def _text(value: Any) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


def _difference(what: str, old: Any, new: Any) -> float:
    numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (old, new))
    return float(new - old) if numbers and what != "trial" else math.nan


def header(record: StudyRecord) -> pd.DataFrame:
    """All that is needed to repeat a study.

    Returns:
        A frame indexed by ``key`` with one column, ``value``, as text: what was searched and how,
        fingerprints of data, folds and recipe, the seed, notes, and versions of libraries.
    """
    facts: dict[str, Any] = {"study": record.name, "direction": _direction(record)}
    if header := record.header:
        facts = {"study": record.name, **{key: getattr(header, key) for key in HEADER}}
        facts |= {f"pruner, {key}": value for key, value in header.pruner_options.items()}
        facts |= {"table": f"{header.rows} rows x {header.columns} columns"}
        facts |= {"folds": header.n_folds, "recipe digest": header.recipe_digest}
        facts |= {"data digest": header.data, "fold digest": header.folds}
        facts |= {"modelled": f"{header.modelled:.0%}"}
        facts |= {f"note {i}": note for i, note in enumerate(header.notes, start=1)}
        facts |= {f"version of {name}": number for name, number in header.versions.items()}
    return frame(facts.items(), {"key": "str", "value": "str"}, "key")
