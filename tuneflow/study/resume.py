"""A study is opened: a new one, or one that agrees with the call."""

from __future__ import annotations

from dataclasses import dataclass

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuneflow.errors import StudyError
from tuneflow.recipe.space import Params
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.records import (
    Header,
    TrialRecord,
    queued_point,
    read_header,
    read_trial_record,
    retried,
    write_header,
)
from tuneflow.storage.retry import is_of, said, with_retry
from tuneflow.storage.study_record import is_counted
from tuneflow.study.objective import told
from tuneflow.study.plan import Plan


def open_study(storage: optuna.storages.BaseStorage, name: str, plan: Plan) -> optuna.Study:
    """A study with the header of this call: a new one, or one that agrees with it."""
    try:
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            pruner=plan.search.make_pruner(len(plan.evaluation.decisions)),
            load_if_exists=True,
        )
        optuna.logging.set_verbosity(before)
    except Exception as error:
        if not is_of(error, ("StorageInternalError", "SQLAlchemyError")):
            raise
        raise StudyError(f"storage: the study {name!r} cannot be opened. {said(error)}") from error
    agree(study, plan.header)  # MySQL takes Churn for churn, so that a new name may be an old one
    if read_header(study) is None:
        with_retry(lambda: write_header(study, plan.header))
    return study


def agree(study: optuna.Study, mine: Header) -> None:
    """Refuse a study that is about something else, and say what differs."""
    theirs = read_header(study)
    if study.directions != [StudyDirection.MAXIMIZE]:
        told = ", ".join(each.name.lower() for each in study.directions)
        raise StudyError(
            f"study {study.study_name!r}: one that maximizes is needed, since scores are better "
            f"the higher they are; got {told}. Choose another study_name."
        )
    if theirs is None and study.get_trials(deepcopy=False):
        raise StudyError(
            f"study {study.study_name!r}: only a study that tuneflow made can be resumed; this "
            "one has trials but no header. Choose another study_name."
        )
    if theirs and (differences := theirs.differences(mine)):
        raise StudyError(
            f"study {study.study_name!r} exists and is about something else:\n  "
            + "\n  ".join(differences)
            + "\nRepeat the call that made it, or choose another study_name."
        )


def reclaim_lost_trials(
    study: optuna.Study, plan: Plan, heartbeat: Heartbeat, *, leaving: bool = False
) -> None:
    """Tell trials that nobody runs any more: as they ended, or that they were lost on the way."""
    for trial in heartbeat.abandoned(leaving=leaving):
        entry = read_trial_record(trial) or TrialRecord(ended="interrupted")
        state, value = told(entry, trial.number, len(plan.evaluation.folds))
        try:
            study.tell(trial.number, value, state)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another call was faster


@dataclass(frozen=True)
class QueuedPoint:
    """A point that is not for the sampler to choose.

    Attributes:
        params: Where it is.
        again: The number of the trial that was lost there; None if it is new.
    """

    params: Params
    again: int | None = None


def queued_points(study: optuna.Study, plan: Plan) -> list[QueuedPoint]:
    """What is to be tried before the sampler is asked: points whose trial was lost, once, then
    those of the search that no call has tried on all folds, or is about to."""
    trials = study.get_trials(deepcopy=False)
    taken = [
        queued_point(t) or t.params for t in trials if _is_taken(t, len(plan.evaluation.folds))
    ]
    new = [QueuedPoint(point) for point in plan.search.initial_points if point not in taken]
    again = {number for trial in trials if (number := retried(trial)) is not None}
    lost = [
        QueuedPoint(t.params, t.number)
        for t in trials
        if t.number not in again and t.params and t.params not in taken and _is_lost(t)
    ]
    return [*lost, *(point for point in new if point.params not in [p.params for p in lost])]


def _is_taken(trial: FrozenTrial, folds: int) -> bool:
    if not trial.state.is_finished():
        return True
    entry = read_trial_record(trial)
    cut = entry is not None and entry.ended == "deadline"
    return is_counted(trial) and (not cut or len(entry.scores if entry else ()) == folds)


def _is_lost(trial: FrozenTrial) -> bool:
    if trial.state != TrialState.FAIL or retried(trial) is not None:
        return False
    entry = read_trial_record(trial)
    return entry is None or entry.ended == "interrupted"
