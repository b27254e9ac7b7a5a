"""A trial's configuration, trained anew on every row that the search was given."""

import math
from dataclasses import replace

from optuna.trial import FrozenTrial

from tuneflow.errors import TrialError
from tuneflow.models.pipeline import Refit
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import read_trial_record
from tuneflow.study.plan import Plan


def refit(plan: Plan, trial: FrozenTrial, seconds_left: float = math.inf) -> Refit:
    """Train the configuration of a trial on every row that the search was given.

    Args:
        plan: What the trial was about; a learning rate that was held is lowered.
        trial: One that is complete.
        seconds_left: Seconds there are for it, as a lower rate takes longer.

    Raises:
        TrialError: The model refused to be trained on every row.
    """
    record = read_trial_record(trial) or TrialRecord()
    evaluation, values = plan.evaluation, trial.params
    if plan.rate:
        values = plan.rate.lower(values, plan.refit_seconds(record), seconds_left)
    budget = record.budget or evaluation.budgets[-1]
    # Calibration may choose other labels, and if these are what was scored, they stay.
    job = replace(plan.job, probabilities=evaluation.metric.needs != "labels")
    try:
        return Refit.fit(evaluation.data, job, evaluation.space, values, evaluation.growth, budget)
    except evaluation.engine.errors as error:
        raise TrialError(
            f"refit: a model that has scored on the folds has to take every row; got "
            f"{type(error).__name__} from trial {trial.number}: {error}. All trials are in the "
            f"study, if it has a storage. Look for numbers of an absurd size, or narrow the space."
        ) from error
