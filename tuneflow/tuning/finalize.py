"""`finalize()`: from a study whose trials have ended to a result."""

import math
import time

import optuna

from tuneflow.errors import NoTrialError, warn
from tuneflow.storage.study_record import read_study
from tuneflow.storage.user_attrs import write_holdout
from tuneflow.study.optimize import INTERRUPTED
from tuneflow.study.plan import Plan
from tuneflow.tuning.holdout import judge
from tuneflow.tuning.refit import refit
from tuneflow.tuning.remarks import significance_note, write_remarks
from tuneflow.tuning.result import Result
from tuneflow.tuning.selection import Select, select_trial


def finalize(
    study: optuna.Study,
    plan: Plan,
    select: Select = "best",
    interruption: str = "",
    deadline: float = math.inf,
) -> Result:
    """Refit a trial, score it on the held-out rows, and write remarks.

    Args:
        study: Trials, all of which have ended.
        plan: What they are about.
        select: Which of them is refitted.
        interruption: What ended the study, if not its budget.
        deadline: When that should end, in seconds of `time.monotonic`.

    Raises:
        NoTrialError: No trial came to a score.
        TrialError: The model refused to be trained on every row.
    """
    record = read_study(study)
    if record.best is None:
        raise NoTrialError(
            f"tune: no trial came to a score.{record.failure_reasons()} "
            "Give more time, or another recipe."
        )
    if interruption not in ("", INTERRUPTED):
        warn(interruption)
    trial = select_trial(record, select)
    plan.evaluation.forget_folds()  # every row is about to be there once more
    model = refit(plan, trial, deadline - time.monotonic())
    holdout = None
    if plan.holdout is not None:
        holdout = judge(record, plan, trial, model, plan.holdout, deadline)
        write_holdout(study, holdout)
    if note := significance_note(record, trial):
        warn(f"tune: {note}")
    remarks = tuple(write_remarks(record, plan, trial, interruption))
    return Result(study, plan.recipe, model, remarks, select, holdout)
