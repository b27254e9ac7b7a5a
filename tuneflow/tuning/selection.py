"""Which trial is refitted: the best one, or a faster one that is about as good."""

import math
from statistics import stdev
from typing import Literal, TypeAlias

from optuna.trial import FrozenTrial

from tuneflow.errors import SearchError, did_you_mean
from tuneflow.storage.study_record import StudyRecord, score_of

Select: TypeAlias = Literal["best", "one_se"]

RULES = ("best", "one_se")


def check_select(select: str) -> None:
    """Refuse a rule that does not exist."""
    if select not in RULES:
        hint = did_you_mean(str(select), RULES)
        raise SearchError(f"select: a rule is needed; got {select!r}. {hint}")


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
    candidates = [
        trial
        for trial in record.scored
        if score_of(trial) >= lowest and len(record.scores(trial)) == len(scores)
    ]
    return min(candidates, key=lambda trial: (record.seconds(trial), trial.number))
