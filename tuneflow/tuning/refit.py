"""What a search came to: the model, what is to be said of it, and whether it was worth it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import optuna
from optuna.trial import FrozenTrial

from tuneflow.errors import NoTrialError, SearchError, TrialError, did_you_mean
from tuneflow.models.pipeline import Model
from tuneflow.storage.records import TrialRecord, read_trial_record, write_holdout
from tuneflow.storage.study_record import StudyRecord, read_study
from tuneflow.study.plan import Plan
from tuneflow.tuning.holdout import Holdout, judge
from tuneflow.tuning.result import Result, Select, selected

SELECTS = ("best", "one_se")


def check_select(select: str) -> None:
    """Refuse a rule that does not exist."""
    if select not in SELECTS:
        hint = did_you_mean(str(select), SELECTS)
        raise SearchError(f"select: a rule is needed; got {select!r}. {hint}")


def finalize(
    study: optuna.Study, plan: Plan, cut_short: str, select: Select, deadline: float = math.inf
) -> Result:
    """Refit, judge and say what a reader of the numbers should know.

    Args:
        study: Trials, all of which have ended.
        plan: What they are about.
        cut_short: What ended them, if not the budget.
        select: Which of them is refitted.
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
    chosen = selected(record, select)
    model = refit(plan, chosen, deadline - time.monotonic())
    holdout = _judged(record, plan, chosen, model, deadline)
    if holdout:
        write_holdout(study, holdout)
    remarks = _remarks(record, plan, cut_short, chosen)
    return Result(study, plan.recipe, model, remarks, select, holdout)


def refit(plan: Plan, trial: FrozenTrial, left: float = math.inf) -> Model:
    """A trial's configuration, trained on every row that the search was given.

    Args:
        plan: What the trial was about; a rate that was held is lowered.
        trial: One that is complete.
        left: Seconds there are for it, if a lower rate is a matter of time.
    """
    entry, evaluation, values = (
        read_trial_record(trial) or TrialRecord(),
        plan.evaluation,
        trial.params,
    )
    if plan.rate:
        values = plan.rate.lower(values, plan.refit_seconds(entry), left)
    budget = entry.budget or evaluation.budgets[-1]
    try:
        # Calibration may choose other labels, and if these are what was scored, they stay.
        job = replace(plan.job, probabilities=evaluation.metric.needs != "labels")
        return Model.fit(evaluation.data, job, evaluation.space, values, evaluation.growth, budget)
    except evaluation.engine.errors as error:
        raise TrialError(
            f"refit: a model that has scored on the folds has to take every row; got "
            f"{type(error).__name__} from trial {trial.number}: {error}. All trials are in the "
            f"study, if it has a storage. Look for numbers of an absurd size, or narrow the space."
        ) from error


def _judged(
    record: StudyRecord, plan: Plan, chosen: FrozenTrial, model: Model, deadline: float
) -> Holdout | None:
    """What was found scores on the rows that were kept aside: each trial that led, refitted at
    the rate of the one that was taken, as far as there is time; the defaults always."""
    if (holdout := plan.holdout) is None:
        return None
    rows = holdout.X if holdout.frame is None else holdout.frame
    labels = plan.evaluation.metric.needs == "labels"
    said = model.outputs(rows, labels=labels)
    default = record.baseline.number if record.baseline else None
    if plan.rate and chosen.params[plan.rate.name] == plan.rate.search_rate:
        rate = replace(plan.rate, refit_rate=model.params[plan.rate.name])
        plan = replace(plan, rate=rate)
    outputs = []
    for trial in record.incumbents:
        if trial.number == chosen.number:
            outputs.append((trial.number, trial.value or 0.0, said))
        elif trial.number == default or time.monotonic() < deadline:
            with suppress(TrialError):  # it takes the rows of the folds, and not all of them
                other = refit(plan, trial).outputs(rows, labels=labels)
                outputs.append((trial.number, trial.value or 0.0, other))
    return judge(holdout, plan.evaluation.metric, outputs, default, (chosen.value or 0.0, said))


def significance_note(record: StudyRecord, chosen: FrozenTrial) -> str:
    """Why a trial may be no better than the defaults; empty if there is no reason to think so."""
    improvement = record.improvement(chosen)
    unknown = len(record.counted) < 2 or not math.isfinite(improvement.low)
    if unknown or improvement.is_certain:
        return ""
    if record.baseline and chosen.number == record.baseline.number:
        why = "no trial was better" if record.best is record.baseline else "they were taken"
        return f"tune: the improvement over the defaults is none: {why}."
    return (
        f"tune: the improvement over the defaults may be chance: paired over "
        f"{len(improvement.by_fold)} folds it is {improvement.low:+.3g} to "
        f"{improvement.high:+.3g} at 95 %. More rows or repeated folds tell more."
    )


def _remarks(
    record: StudyRecord, plan: Plan, cut_short: str, chosen: FrozenTrial
) -> tuple[str, ...]:
    remarks = list(plan.header.notes)
    best, folds = record.best, len(plan.evaluation.folds)
    assert best is not None
    scored = len(record.scores(best))
    if cut_short:
        remarks.append(cut_short)
    if 0 < scored < folds:
        remarks.append(
            f"time was up after {scored} of {folds} folds of the first "
            "trial: its score is from these alone."
        )
    remarks += _of_the_search(record, plan, chosen)
    if chosen.number != best.number:
        remarks.append(
            f"trial {chosen.number} stands for trial {best.number}, whose score is "
            f"{best.value:.5g}: it is faster, and within one standard error."
        )
    if why := record.failure_reasons():
        remarks.append(f"failed trials:{why}")
    return tuple(remarks)


def _of_the_search(record: StudyRecord, plan: Plan, chosen: FrozenTrial) -> Iterator[str]:
    """Whether it ended early, and whether it found something."""
    ended = record.counted
    if plan.stopping and plan.stopping.is_due(ended):
        yield f"ended early, after {len(ended)} trials: nothing more was to be gained."
    if len(ended) == 1:
        yield "only the defaults were tried."
    elif record.best and record.best.number == 0:
        yield "nothing was found to be better than the defaults."
    elif doubt := significance_note(record, chosen):
        yield doubt.removeprefix("tune: ")
