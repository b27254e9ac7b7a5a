"""Successive halving over recipes: each has a study of its own, and the better ones get more.

The budget is divided into rounds of equal size (Karnin et al. 2013, sequential halving); of time,
the last round gets twice as much. Within a round the budget is divided equally between the recipes
that are left; after it, the better half of them goes on. Before the first round the defaults of
every recipe are tried. A study has the trials of one recipe only, so that a pruner compares like
with like; recipes are compared by their scores on the same folds.

Which recipes go on follows from as many first trials as the round before had, so that a call that
is repeated decides as the first one did. Time cannot be divided alike twice: there, a recipe also
leaves as soon as it is far behind.
"""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from statistics import fmean
from typing import Any

import optuna
from optuna.trial import TrialState

from tuneflow.errors import SearchError
from tuneflow.storage.retry import with_retry
from tuneflow.storage.study_record import read_study
from tuneflow.storage.user_attrs import write_goal
from tuneflow.study.budget import Budget
from tuneflow.study.loop import RunOptions
from tuneflow.study.optimize import INTERRUPTED, optimize
from tuneflow.study.plan import Plan

DEFAULTS_PART = 4  # the defaults of all recipes together get one part in so many of the time
FEWEST_TRIALS = 3  # before a study shows how far tuning moves a recipe


@dataclass(frozen=True)
class Candidate:
    """One of several recipes.

    Attributes:
        study: Its study.
        plan: What that is about; None in a result that was pickled.
    """

    study: optuna.Study
    plan: Plan | Any

    @property
    def name(self) -> str:
        """The name of the recipe."""
        return str(self.plan.header.recipe)

    def scores(self, trials: int | None = None) -> list[list[float]]:
        """Scores by fold of each complete trial among the first so many that have ended."""
        record = read_study(self.study)
        complete = [t for t in record.counted[:trials] if t.state == TrialState.COMPLETE]
        return [scores for trial in complete if (scores := record.scores(trial))]

    def standing(self) -> tuple[int, float]:
        """Number of folds and score of its best trial; what has more folds is ahead."""
        return max(((len(s), fmean(s)) for s in self.scores()), default=(0, -math.inf))

    def seconds(self) -> float:
        """Seconds that its quickest trial would take on all folds; infinite without a trial."""
        record = read_study(self.study)
        trials = filter(record.scores, record.scored)
        by_fold = [record.seconds(trial) / len(record.scores(trial)) for trial in trials]
        return len(self.plan.evaluation.folds) * min(by_fold, default=math.inf)


def rounds(recipes: int, n_trials: int | None) -> list[tuple[int, int | None]]:
    """How many recipes take part in each round, and how many trials each has after it.

    The defaults of all come first. What is left over by rounding is for the last.

    >>> rounds(4, 60)
    [(4, 1), (4, 5), (2, 15), (1, 35)]
    """
    if recipes == 1:
        return [(1, n_trials)]
    counts = [recipes >> halvings for halvings in range(recipes.bit_length())]
    if n_trials is None:
        return [(recipes, 1), *((count, None) for count in counts)]
    if n_trials < recipes:
        got = f"{n_trials} for {recipes} recipes"
        raise SearchError(f"n_trials: every recipe needs a trial; got {got}.")
    part = n_trials / len(counts)
    totals = [max(1, int(total)) for total in accumulate(part / count for count in counts)]
    dropped = [before - after for before, after in pairwise(counts)]
    totals[-1] = n_trials - sum(n * total for n, total in zip(dropped, totals, strict=False))
    return [(recipes, 1), *zip(counts, totals, strict=True)]


def halve(candidates: Sequence[Candidate], options: RunOptions, favourite: str = "") -> str:
    """Spend a budget on several studies, round after round on fewer of them.

    Args:
        candidates: The recipes, each with its study.
        options: How studies are run; the budget is that of all of them together.
        favourite: The recipe that stays until the last round, if there is one.

    Returns:
        What interrupted the search; empty if nothing did.
    """
    n_trials, deadline = options.budget.total, options.budget.deadline
    schedule, remaining = rounds(len(candidates), n_trials), list(candidates)
    compared = None if n_trials is None else 0
    for number, (count, total) in enumerate(schedule):
        remaining = _better(remaining, count, compared, favourite if count > 1 else "")
        if n_trials is None:
            remaining = still_competitive(remaining, favourite)
        is_last = len(remaining) == 1 or number == len(schedule) - 1
        is_first = number == 0 and not is_last
        parts = DEFAULTS_PART if is_first else 1 if is_last else len(schedule) - number + 1
        end = _end_of_part(deadline, parts)
        share = (end - time.monotonic()) / len(remaining)
        for candidate in remaining:
            if n_trials is None and not is_first and not is_last and candidate.seconds() > share:
                continue  # it would not complete a trial: others get its time
            now = time.monotonic()
            until = _end_of_part(end, 2) if is_first else now + share  # quick ones come first
            budget = Budget(total, now, until)
            if interruption := _optimize(candidate, replace(options, budget=budget), candidates):
                return interruption
        if is_last:
            break
        compared = total if n_trials else None
    return ""


def _optimize(candidate: Candidate, options: RunOptions, candidates: Sequence[Candidate]) -> str:
    with_retry(lambda: write_goal(candidate.study, options.budget.total))
    try:
        return optimize(candidate.study, candidate.plan, options)
    except KeyboardInterrupt:  # this study has no score yet; others may have one
        if not any(each.scores() for each in candidates):
            raise
        return INTERRUPTED


def _better(
    candidates: Sequence[Candidate], count: int, trials: int | None, favourite: str
) -> list[Candidate]:
    """The best so many, by the best of their first trials on the folds that all have been scored
    on; the favourite takes the place of the last, if it is not among them."""
    best = list(map(max, _means(candidates, trials)))
    order = sorted(range(len(candidates)), key=best.__getitem__, reverse=True)
    ranked = [candidates[at] for at in order]
    behind = [candidate for candidate in ranked[count:] if candidate.name == favourite]
    return [*ranked[: count - len(behind)], *behind]


def still_competitive(candidates: list[Candidate], favourite: str) -> list[Candidate]:
    """Without those whose best trial is worse than every trial of the leader, which comes first:
    tuning moves a recipe no further than it has moved the best one."""
    means = _means(candidates)
    if len(means[0]) < FEWEST_TRIALS:
        return candidates
    return [
        candidate
        for candidate, by_trial in zip(candidates, means, strict=True)
        if max(by_trial) >= min(means[0]) or candidate.name == favourite
    ]


def _means(candidates: Sequence[Candidate], trials: int | None = None) -> list[list[float]]:
    """For each candidate, the mean scores of its first so many trials over the same folds: the
    first ones, as many as every candidate with a score has a trial on. Trials that lack one of
    them are left out; minus infinity if none is left."""
    scores = [candidate.scores(trials) for candidate in candidates]
    folds = min((max(map(len, by_trial)) for by_trial in scores if by_trial), default=0)
    return [
        [fmean(s[:folds]) for s in by_trial if len(s) >= folds > 0] or [-math.inf]
        for by_trial in scores
    ]


def _end_of_part(end: float, parts: int) -> float:
    """When the first of so many equal parts of the time until `end` is over."""
    now = time.monotonic()
    return now + max(0.0, end - now) / parts
