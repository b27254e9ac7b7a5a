"""What a reader of a result should know: interruptions, an improvement that may be chance, a trial
that was chosen for its speed, trials that failed."""

import math
from collections.abc import Iterator

from optuna.trial import FrozenTrial

from tuneflow.storage.study_record import StudyRecord
from tuneflow.study.plan import Plan


def write_remarks(
    record: StudyRecord, plan: Plan, chosen: FrozenTrial, interruption: str
) -> Iterator[str]:
    """Remarks on a result, one sentence or two each.

    Args:
        record: A study with a complete trial.
        plan: What it is about.
        chosen: The trial that was refitted.
        interruption: What ended the study, if not its budget.
    """
    yield from plan.header.notes
    if interruption:
        yield interruption
    scored, folds = len(record.scores(record.best)), len(plan.evaluation.folds)
    if 0 < scored < folds:
        yield (
            f"time was up after {scored} of {folds} folds of the first trial: its score is from "
            "these alone."
        )
    if plan.stopping and plan.stopping.is_due(record.counted):
        yield f"ended early, after {len(record.counted)} trials: nothing more was to be gained."
    yield from _improvement_remark(record, chosen)
    if record.best and chosen.number != record.best.number:
        yield (
            f"trial {chosen.number} stands for trial {record.best.number}, whose score is "
            f"{record.best_score:.5g}: it is faster, and within one standard error."
        )
    if reasons := record.failure_reasons():
        yield f"failed trials:{reasons}"


def _improvement_remark(record: StudyRecord, chosen: FrozenTrial) -> Iterator[str]:
    if len(record.counted) == 1:
        yield "only the defaults were tried."
    elif record.best and record.best.number == 0:
        yield "nothing was found to be better than the defaults."
    elif note := significance_note(record, chosen):
        yield note


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
