"""A study is opened or resumed: its header is checked, lost trials are taken up again.

A trial is lost when the call that ran it has died: nobody living claims it, but the study still
says that it is running. Whoever works on the study next tells it, as it ended if its record had
been written, as failed otherwise (`reclaim_lost_trials`), and tries its point once more
(`queued_points`).
"""

from typing import TypeAlias

import optuna
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from tuneflow.errors import StudyError
from tuneflow.recipe.space import Params
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.optuna_internals import queued_point
from tuneflow.storage.records import Header, TrialRecord
from tuneflow.storage.retry import driver_message, is_kind_of, with_retry
from tuneflow.storage.study_record import is_counted
from tuneflow.storage.user_attrs import read_header, read_retry, read_trial_record, write_header
from tuneflow.study.objective import state_and_value
from tuneflow.study.plan import Plan
from tuneflow.study.warnings_filter import suppress_warnings

#: A point that is not for the sampler to choose, and the number of the trial that was lost there;
#: None if the point is new.
QueuedPoint: TypeAlias = tuple[Params, int | None]


def open_study(storage: optuna.storages.BaseStorage, name: str, plan: Plan) -> optuna.Study:
    """A study with the header of this call: a new one, or one that agrees with it.

    Raises:
        StudyError: The storage cannot be read, or the study in it is about something else.
    """
    try:
        with suppress_warnings():
            study = optuna.create_study(
                storage=storage,
                study_name=name,
                direction="maximize",
                pruner=plan.search.make_pruner(len(plan.evaluation.decisions)),
                load_if_exists=True,
            )
    except Exception as error:
        if not is_kind_of(error, ("StorageInternalError", "SQLAlchemyError")):
            raise
        message = f"storage: the study {name!r} cannot be opened. {driver_message(error)}"
        raise StudyError(message) from error
    check_header(study, plan.header)  # MySQL takes Churn for churn: a new name may be an old one
    if read_header(study) is None:
        with_retry(lambda: write_header(study, plan.header))
    return study


def check_header(study: optuna.Study, header: Header) -> None:
    """Refuse a study that is about something else, and say what differs."""
    stored, name, hint = read_header(study), study.study_name, "Choose another study_name."
    if study.directions != [StudyDirection.MAXIMIZE]:
        directions = ", ".join(each.name.lower() for each in study.directions)
        raise StudyError(f"study {name!r}: one that maximizes is needed; got {directions}. {hint}")
    if stored is None and study.get_trials(deepcopy=False):
        message = "only tuneflow's can be resumed; got trials but no header"
        raise StudyError(f"study {name!r}: {message}. {hint}")
    if stored and (differences := stored.differences(header)):
        raise StudyError(
            "\n  ".join([f"study {name!r} exists and is about something else:", *differences])
            + "\nRepeat the call that made it, or choose another study_name."
        )


def reclaim_lost_trials(
    study: optuna.Study, plan: Plan, heartbeat: Heartbeat, *, leaving: bool = False
) -> None:
    """Tell trials that nobody runs any more: as they ended, or as interrupted.

    Args:
        study: The study.
        plan: What it is about.
        heartbeat: This call.
        leaving: Whether this call runs none of its own trials any more, either.
    """
    for trial in heartbeat.abandoned(leaving=leaving):
        record = read_trial_record(trial) or TrialRecord(ended="interrupted")
        state, value = state_and_value(record, trial.number, len(plan.evaluation.folds))
        try:
            study.tell(trial.number, value, state)
        except (ValueError, optuna.exceptions.UpdateFinishedTrialError):
            continue  # another call was faster


def queued_points(study: optuna.Study, plan: Plan) -> list[QueuedPoint]:
    """What is to be tried before the sampler is asked: points whose trial was lost, once, then
    initial points that no call has tried on all folds or is about to."""
    trials, folds = study.get_trials(deepcopy=False), len(plan.evaluation.folds)
    begun = [trial for trial in trials if _is_taken(trial, folds)]
    taken = [point for t in begun if (point := queued_point(t)) is not None or (point := t.params)]
    retries = {read_retry(trial) for trial in trials}
    lost = [t for t in trials if t.params and t.params not in taken and _is_lost(t, retries)]
    taken += [trial.params for trial in lost]
    new = [(point, None) for point in plan.search.initial_points if point not in taken]
    return [*((trial.params, trial.number) for trial in lost), *new]


def _is_taken(trial: FrozenTrial, folds: int) -> bool:
    """Whether a trial's point need not be tried again: it still runs, or has ended by itself and
    not by a deadline before all folds were scored."""
    if not trial.state.is_finished():
        return True
    record = read_trial_record(trial) or TrialRecord()
    is_cut = record.ended == "deadline" and len(record.scores) < folds
    return is_counted(trial) and not is_cut


def _is_lost(trial: FrozenTrial, retries: set[int | None]) -> bool:
    """Whether a trial was lost, is no retry itself, and has not been retried."""
    if trial.state != TrialState.FAIL or read_retry(trial) is not None or trial.number in retries:
        return False
    record = read_trial_record(trial)
    return record is None or record.ended == "interrupted"
