"""A study is opened: a new one, or one that agrees with the call."""

from __future__ import annotations

import optuna
from optuna.trial import TrialState

from tuneflow.errors import StudyError
from tuneflow.ledger import Header, read_entry, read_header, sign_in, write_header
from tuneflow.plan import Plan


def open_study(storage: optuna.storages.BaseStorage, name: str, plan: Plan) -> optuna.Study:
    """A study with the header of this call: a new one, or one that agrees with it."""
    from sqlalchemy.exc import SQLAlchemyError

    try:
        existed = name in optuna.get_all_study_names(storage)
        before = optuna.logging.get_verbosity()
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        study = optuna.create_study(
            storage=storage,
            study_name=name,
            direction="maximize",
            pruner=plan.search.pruned(len(plan.work.decisions)),
            load_if_exists=True,
        )
        optuna.logging.set_verbosity(before)
    except (optuna.exceptions.StorageInternalError, SQLAlchemyError) as error:
        msg = f"storage: the study {name!r} cannot be opened. {error}"
        raise StudyError(msg) from error
    if existed:
        agree(study, plan.header)
    if read_header(study) is None:
        write_header(study, plan.header)
    if sign_in(study):
        sweep(study)
    return study


def agree(study: optuna.Study, mine: Header) -> None:
    """Refuse a study that is about something else, and say what differs."""
    theirs = read_header(study)
    if theirs is None and study.get_trials(deepcopy=False):
        msg = (
            f"study {study.study_name!r}: only a study that tuneflow made can be resumed; this "
            "one has trials but no header. Choose another study_name."
        )
        raise StudyError(msg)
    if theirs and (differences := theirs.differences(mine)):
        raise StudyError(
            f"study {study.study_name!r} exists and is about something else:\n  "
            + "\n  ".join(differences)
            + "\nRepeat the call that made it, or choose another study_name."
        )


def sweep(study: optuna.Study) -> None:
    """Trials left running by a process that is gone will never end: they failed."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        study.tell(trial.number, state=TrialState.FAIL)


def counts(trial: optuna.trial.FrozenTrial) -> bool:
    """Whether a trial came to an end by itself: not one that was killed or interrupted."""
    if not trial.state.is_finished():
        return False
    entry = read_entry(trial)
    return trial.state != TrialState.FAIL or (entry is not None and entry.ended == "failed")
