"""From a study whose trials have ended to a result: choose a trial, train it anew on every row,
score it on the held-out rows, and remark on what a reader of the result should know."""

import math
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from statistics import stdev
from typing import Literal, TypeAlias, get_args

import optuna
from optuna.trial import FrozenTrial
from sklearn.calibration import CalibratedClassifierCV

from tuneflow.data.column_remarks import column_remarks
from tuneflow.data.metrics import Responses
from tuneflow.errors import NoTrialError, SearchError, TrialError, did_you_mean, warn
from tuneflow.models.pipeline import Refit
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import StudyRecord, read_study, score_of
from tuneflow.storage.user_attrs import write_holdout
from tuneflow.study.optimize import INTERRUPTED
from tuneflow.study.plan import Plan
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.tuning.holdout import judge
from tuneflow.tuning.result import Result

Select: TypeAlias = Literal["best", "one_se"]
CALIBRATED = (
    "probabilities: {} has none of its own; those of a calibration over three folds of the "
    "training rows stand in, in trials and in the model."
)


def check_select(select: str) -> None:
    """Refuse a rule that does not exist."""
    if select not in (rules := get_args(Select)):
        hint = did_you_mean(str(select), rules)
        raise SearchError(f"select: a rule is needed; got {select!r}. {hint}")


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
        reasons = record.failure_reasons()
        hint = f"{plan.baseline_name} has to, since all else is compared with it: mend the reason."
        raise NoTrialError(
            f"tune: no trial came to a score.{reasons} "
            f"{hint if reasons else 'Give more time, or another recipe.'}"
        )
    if interruption not in ("", INTERRUPTED):
        warn(interruption)
    trial = select_trial(record, select)
    plan.evaluation.forget_folds()  # every row is about to be there once more
    model = refit(plan, record, trial, deadline - time.monotonic())
    holdout = None
    if plan.holdout is not None:
        predictions = predict_holdout(plan, record, trial, model, deadline)
        holdout = judge(record, plan.evaluation.metric, plan.holdout, trial, predictions)
        write_holdout(study, holdout)
    if note := significance_note(record, trial):
        warn(f"tune: {note}")
    unused = plan.rate.note if plan.rate and not trial.params else ""
    notes = [note for note in plan.header.notes if note != unused]
    if plan.recipe.template is not None and isinstance(model.model[-1], CalibratedClassifierCV):
        notes.append(CALIBRATED.format(plan.recipe.title))
    notes += [*plan.evaluation.data.schema.notes, *column_remarks(plan.evaluation.data)]
    remarks = tuple(filter(None, [*notes, interruption, *write_remarks(record, plan, trial)]))
    said = model, trial, remarks, select, holdout, plan.evaluation.metric.scorer
    return Result(study, plan.header, plan.recipe, *said)


def select_trial(record: StudyRecord, select: Select) -> FrozenTrial:
    """The trial that a rule takes, of a study that has a complete one.

    ``one_se``: of the trials within one standard error of the best, over its folds, the one that
    was fastest to train and to score (Breiman et al. 1984, section 3.4.3).
    """
    best, scores = record.best, record.scores(record.best)
    assert best is not None
    if select == "best" or len(scores) < 2:
        return best
    lowest = record.best_score - stdev(scores) / math.sqrt(len(scores))
    if len(record.scores(record.baseline)) == len(scores):
        lowest = max(lowest, record.default_score)  # never worse than the baseline
    on_all_folds = [trial for trial in record.scored if len(record.scores(trial)) == len(scores)]
    candidates = [trial for trial in on_all_folds if score_of(trial) >= lowest]
    return min(candidates, key=lambda trial: (record.seconds(trial), trial.number))


def refit(
    plan: Plan, record: StudyRecord, trial: FrozenTrial, seconds_left: float = math.inf
) -> Refit:
    """Train the configuration of a trial on every row that the search was given.

    Args:
        plan: What the trial was about; a learning rate that was held is lowered.
        record: The study.
        trial: One that is complete.
        seconds_left: Seconds there are for it, as a lower rate takes longer.

    Raises:
        TrialError: The model refused to be trained on every row.
    """
    entry = record.record(trial) or TrialRecord()
    evaluation, values = plan.evaluation.at(trial.params), trial.params
    if plan.rate and values:
        values = plan.rate.lower(values, plan.refit_seconds(entry), seconds_left)
    budget = entry.budget or evaluation.budgets[-1]
    # Calibration may choose other labels, and if these are what was scored, they stay.
    probabilities = evaluation.metric.needs != "labels"
    job = replace(plan.job, recipe=evaluation.recipe, probabilities=probabilities)
    space, growth = evaluation.space, evaluation.growth
    try:
        with suppress_warnings():
            model = Refit.fit(evaluation.data, job, space, values, growth, budget)
    except Exception as error:
        raise TrialError(
            f"refit: a model that has scored on the folds has to take every row; got "
            f"{type(error).__name__} from trial {trial.number}: {error}. All trials are in the "
            f"study, if it has a storage. Look for numbers of an absurd size, or narrow the space."
        ) from error
    if values:
        return model
    defaults = evaluation.engine.defaults()
    names = [name for name in plan.evaluation.space.params if name in defaults]
    return replace(model, params={name: defaults[name] for name in names})


def predict_holdout(
    plan: Plan, record: StudyRecord, chosen: FrozenTrial, model: Refit, deadline: float
) -> dict[int, Responses]:
    """What each trial that was the best so far predicts for the held-out rows, by its number.

    All are refitted at the learning rate of the chosen one, so that they can be compared; after
    the deadline, the defaults alone.
    """
    assert plan.holdout is not None
    rows, metric = plan.holdout, plan.evaluation.metric
    if plan.rate and chosen.params.get(plan.rate.name) == plan.rate.search_rate:
        plan = replace(plan, rate=replace(plan.rate, refit_rate=model.params[plan.rate.name]))
    predictions = {chosen.number: model.responses(rows, metric)}
    for trial in record.incumbents:
        is_wanted = trial is record.baseline or time.monotonic() < deadline
        if trial.number != chosen.number and is_wanted:
            with suppress(TrialError):  # it takes the rows of the folds, and not all of them
                predictions[trial.number] = refit(plan, record, trial).responses(rows, metric)
    return predictions


def write_remarks(record: StudyRecord, plan: Plan, chosen: FrozenTrial) -> Iterator[str]:
    """Remarks on what the trials came to, one sentence or two each: time that was up, an
    improvement that may be chance, a trial that was chosen for its speed, trials that failed."""
    scored, folds = len(record.scores(record.best)), len(plan.evaluation.folds)
    if 0 < scored < folds:
        yield f"time was up: the score is that of {scored} of {folds} folds of the first trial."
    if plan.stopping and plan.stopping.is_due(record.counted):
        yield f"ended early, after {len(record.counted)} trials: nothing more was to be gained."
    if len(record.counted) == 1:
        yield "only the defaults were tried."
    elif record.best is record.baseline:
        yield "nothing was better than the defaults, so these were refitted."
    elif note := significance_note(record, chosen):
        yield note
    if record.best and chosen.number != record.best.number:
        yield (
            f"trial {chosen.number} stands for trial {record.best.number}, whose score is "
            f"{record.best_score:.5g}: it is faster, and within one standard error."
        )
    if reasons := record.failure_reasons():
        yield f"failed trials:{reasons}"


def significance_note(record: StudyRecord, chosen: FrozenTrial) -> str:
    """Why a trial may be no better than the defaults; empty if there is no reason to think so."""
    improvement = record.improvement(chosen)
    is_unknown = len(record.counted) < 2 or not math.isfinite(improvement.low)
    if is_unknown or improvement.is_certain:
        return ""
    if record.baseline and chosen.number == record.baseline.number:
        why = "no trial was better" if record.best is record.baseline else "they were taken"
        return f"the improvement over the defaults is none: {why}."
    return (
        "the improvement over the defaults may be chance: paired over "
        f"{len(improvement.by_fold)} folds it is {improvement.low:+.3g} to "
        f"{improvement.high:+.3g} at 95 %. More rows or repeated folds tell more."
    )
