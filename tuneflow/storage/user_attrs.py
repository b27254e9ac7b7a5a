"""Reads and writes user attributes; nothing else in the package touches them.

Each record of :mod:`tuneflow.storage.records` is one JSON object under one key, written in one
call. Whatever is read may have been written by anybody: what is no record is taken for none, and
nothing is unpickled.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, fields
from functools import cache
from typing import Any, TypeVar

import optuna
from pydantic import TypeAdapter

from tuneflow.errors import StudyError
from tuneflow.storage.optuna_internals import create_running_trial
from tuneflow.storage.records import FORMAT, Header, HoldoutRecord, RunRecord, TrialRecord

T = TypeVar("T")

KEY = "tuneflow"  # the header of a study, the record of a trial
RUN = "tuneflow:run"
HOLDOUT = "tuneflow:holdout"
GOAL = "tuneflow:goal"
RETRY = "tuneflow:retry of"
CLAIM = "tuneflow:claimed by"
HEARTBEAT = "tuneflow:heartbeat:"
#: Keys of earlier versions, which are still read.
OLD_HOLDOUT = "tuneflow:outer"
OLD_FIELDS = {"gain_low": "improvement_low", "gain_high": "improvement_high"}


# ---------- of a study ----------


def write_header(study: optuna.Study, header: Header) -> None:
    """Put the header on a new study."""
    study.set_user_attr(KEY, asdict(header))


def read_header(study: optuna.Study) -> Header | None:
    """The header of a study; None if tuneflow did not make it.

    Raises:
        StudyError: A later version wrote it, or it is damaged.
    """
    value = study.user_attrs.get(KEY)
    if value is None:
        return None
    version = value.get("format") if isinstance(value, dict) else None
    if version != FORMAT:
        raise StudyError(
            f"study {study.study_name!r}: this version reads format {FORMAT}; "
            f"got {version!r}. Upgrade tuneflow."
        )
    header = _parse(Header, value)
    if header is None or not _is_json_object(header.recipe_json):
        raise StudyError(
            f"study {study.study_name!r}: its header is damaged; got {sorted(value)}."
        )
    return header


def write_run_record(study: optuna.Study, record: RunRecord) -> None:
    """Note of which comparison a study is a run, and how far it is."""
    study.set_user_attr(RUN, asdict(record))


def read_run_record(study: optuna.Study) -> RunRecord | None:
    """Of which comparison a study is a run; None if it is of none."""
    return _parse(RunRecord, study.user_attrs.get(RUN))


def write_holdout(study: optuna.Study, record: HoldoutRecord) -> None:
    """Note on a study what its models score on held-out rows."""
    study.set_user_attr(HOLDOUT, _map_leaves(asdict(record), _null))


def read_holdout(study: optuna.Study) -> HoldoutRecord | None:
    """What models of a study score on held-out rows; None if there are none."""
    attrs = study.user_attrs
    value = attrs.get(HOLDOUT, attrs.get(OLD_HOLDOUT))
    if isinstance(value, dict):
        value = {OLD_FIELDS.get(name, name): item for name, item in value.items()}
    return _parse(HoldoutRecord, value)


def write_goal(study: optuna.Study, n_trials: int | None) -> None:
    """Note how many trials the study shall have, for those who join it."""
    if study.user_attrs.get(GOAL) != n_trials:
        study.set_user_attr(GOAL, n_trials)


def read_goal(study: optuna.Study) -> int | None:
    """How many trials the study shall have; None if nobody has said."""
    return _whole_number(study.user_attrs.get(GOAL))


def write_heartbeat(study: optuna.Study, process: str, time: float) -> None:
    """Note when a process was last at work on a study; 0 when it has left."""
    study.set_user_attr(HEARTBEAT + process, time)


def read_heartbeats(study: optuna.Study) -> dict[str, float]:
    """When each process that has not left was last at work on a study."""
    return {
        key.removeprefix(HEARTBEAT): time
        for key, time in study.user_attrs.items()
        if key.startswith(HEARTBEAT) and isinstance(time, float) and time
    }


# ---------- of a trial ----------


def begin_trial(
    study: optuna.Study,
    claim: str | None,
    point: Mapping[str, Any] | None = None,
    retry_of: int | None = None,
) -> optuna.Trial:
    """Make a running trial, in one write.

    Args:
        study: Where it belongs.
        claim: Who runs it; None if nobody else can see it.
        point: Where it is; None if the sampler is to choose.
        retry_of: The number of the trial that was lost at this point; None if none was.
    """
    attrs = {CLAIM: claim, RETRY: retry_of}
    present = {key: value for key, value in attrs.items() if value is not None}
    return create_running_trial(study, present, point)


def write_claim(trial: optuna.Trial, process: str) -> None:
    """Note who runs a trial that another process has made."""
    trial.set_user_attr(CLAIM, process)


def read_claim(trial: optuna.trial.FrozenTrial) -> str | None:
    """Who runs a trial; None if that is not known."""
    return trial.user_attrs.get(CLAIM)


def read_retry(trial: optuna.trial.FrozenTrial) -> int | None:
    """The number of the trial whose point is tried again here; None if it is none."""
    return _whole_number(trial.user_attrs.get(RETRY))


def write_trial_record(trial: optuna.Trial, record: TrialRecord) -> None:
    """Put the record on a running trial, in one write."""
    trial.set_user_attr(KEY, _map_leaves(vars(record), _null))


def read_trial_record(trial: optuna.trial.FrozenTrial) -> TrialRecord | None:
    """The record of a trial; None if there is none."""
    return _parse(TrialRecord, trial.user_attrs.get(KEY))


# ---------- JSON to dataclasses and back ----------


def _parse(kind: type[T], value: Any) -> T | None:
    """A record as it was written; None if it is none, or is damaged."""
    which: Any = kind  # to mypy, not every class can be a key
    parse, nullable = _parser(which)
    if not isinstance(value, dict) or not nullable.keys() >= value.keys():
        return None
    filled = {k: v if nullable[k] else _map_leaves(v, _nan) for k, v in value.items()}
    try:
        record: T = parse(filled)
    except ValueError:  # a field is missing, or holds another type
        return None
    return record


@cache
def _parser(kind: type[Any]) -> tuple[Callable[[Any], Any], dict[str, bool]]:
    """What makes a record of JSON and checks every type; and whether each field may be None."""
    return TypeAdapter(kind).validate_python, {f.name: "None" in str(f.type) for f in fields(kind)}


def _nan(leaf: Any) -> Any:
    """JSON has no NaN: null in a list or an object was a number that is not finite."""
    return math.nan if leaf is None else leaf


def _null(leaf: Any) -> Any:
    """The reverse of `_nan`: a number that is not finite becomes null."""
    return None if isinstance(leaf, float) and not math.isfinite(leaf) else leaf


def _map_leaves(value: Any, change: Callable[[Any], Any]) -> Any:
    """The same dicts and lists, with each value inside changed."""
    if isinstance(value, dict):
        return {key: _map_leaves(item, change) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_map_leaves(item, change) for item in value]
    return change(value)


def _whole_number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
