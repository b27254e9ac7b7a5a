"""Several recipes share one budget: each has a study of its own, and what they show decides.

Successive halving over recipes (Karnin et al. 2013, sequential halving): every round gets the same
share of the budget, of time the last one twice as much, divided equally between the recipes that
are left, and the better half of them goes on. Trials are compared with those of their own recipe
only, so that a pruner still compares like with like; recipes are compared by scores on the same
folds.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from statistics import fmean
from typing import Any

import optuna
import pandas as pd
from optuna.trial import TrialState

from tuneflow.errors import DataError, RecipeError, SearchError
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.custom import resolve_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.reporting.report import Report
from tuneflow.storage.study_record import read_study
from tuneflow.study.plan import Plan
from tuneflow.study.resume import open_study
from tuneflow.tuning.result import INTERRUPTED, Result, in_memory

#: What ``recipe="auto"`` tries, if it is for the task: a few families that err differently, those
#: that are quick first.
AUTO = ("logistic", "elastic_net", "lightgbm", "svm", "random_forest", "mlp")
DEFAULTS = 4  # the part of the time that the defaults have, one divided by this; of what is left
# of it, each has half, as those come first that are quick
FAVOURITE = "lightgbm"  # of auto: once it is tuned, it is ahead on most tables
ENOUGH = 3  # trials, to see how far tuning moves a recipe
MOST_ROWS = {"svm": 20_000}  # training takes the square of the rows or more

Recipes = str | Path | Recipe | Sequence[str | Path | Recipe]
Period = tuple[float, float]
Spend = Callable[[optuna.Study, Plan, int | None, Period], str]


@dataclass(frozen=True)
class Candidate:
    """One recipe of several: its study, and what that is about."""

    study: optuna.Study
    plan: Plan | Any  # None in a result that was pickled

    def scores(self, trials: int | None = None) -> list[list[float]]:
        """Scores of the folds of each complete trial, of the first so many that have ended."""
        record = read_study(self.study)
        first = [t for t in record.counted[:trials] if t.state == TrialState.COMPLETE]
        return [scores for trial in first if (scores := record.scores(trial))]

    def standing(self) -> tuple[int, float]:
        """Folds and score of its best trial."""
        return max(((len(s), fmean(s)) for s in self.scores()), default=(0, -math.inf))

    def seconds(self) -> float:
        """What a trial on all folds takes, as far as is known."""
        record = read_study(self.study)
        scored = [trial for trial in record.scored if record.scores(trial)]
        spent = [record.seconds(trial) / len(record.scores(trial)) for trial in scored]
        return len(self.plan.evaluation.folds) * min(spent, default=math.inf)


@dataclass(frozen=True, repr=False)
class SeveralRecipesResult(Result):
    """The outcome of several recipes that shared a budget: the best one, fitted, and all others.

    Attributes:
        members: Every recipe with its study, in the order given.
    """

    members: tuple[Candidate, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the studies go along in memory, and what they are about stays."""
        members = tuple(Candidate(in_memory(m.study), None) for m in self.members)
        return {**super().__getstate__(), "members": members}

    def leaderboard(self) -> pd.DataFrame:
        """The studies, one row each, the best first; see the table ``studies`` of a report."""
        return self._studies.sort_values("best", ascending=False, kind="stable")

    def report(self) -> Report:
        """Tables, figures and a page about the best study, the others beside it."""
        report = Report.of([member.study for member in self.members])
        return report.about(self.study.study_name)

    @cached_property
    def _studies(self) -> pd.DataFrame:
        return self.report().tables["studies"]

    def _facts(self) -> dict[str, str]:
        rows = self.leaderboard()[["recipe", "best", "trials"]].to_numpy()
        shown = (f"{name} {best:.5g} ({n} trial{'s' * (n != 1)})" for name, best, n in rows)
        return {"recipes": "; ".join(shown), **super()._facts()}


def are_several(recipe: Any) -> bool:
    """Whether recipes are asked to share a budget, rather than one to have it."""
    return recipe == "auto" or (isinstance(recipe, Sequence) and not isinstance(recipe, str))


def plans_of(recipe: Recipes, plan: Callable[[Recipe], Plan]) -> list[Plan]:
    """What each recipe is about; all of them take the target alike.

    Args:
        recipe: ``auto``, or several recipes.
        plan: Understands the call for one of them.

    Raises:
        RecipeError: There is none, two have one name, or they take the target differently.
    """
    if recipe == "auto":
        evaluation = plan(load_recipe("lightgbm")).evaluation  # takes any target as it is
        rows, task = evaluation.folds.smallest_train, evaluation.data.task
        fitting = [load_recipe(name) for name in AUTO if rows <= MOST_ROWS.get(name, rows)]
        return _told([plan(each) for each in fitting if task in each.tasks])
    assert not isinstance(recipe, str | Path | Recipe)
    loaded = [resolve_recipe(each) for each in recipe]
    names = [each.name or each.title for each in loaded]
    if not names or len(set(names)) < len(names):
        raise RecipeError(f"recipe: several need names that differ; got {names}.")
    plans = [plan(each) for each in loaded]
    tasks = {name: each.evaluation.data.task for name, each in zip(names, plans, strict=True)}
    if len(set(tasks.values())) > 1:
        raise RecipeError(
            f"recipe: several must take the target alike; got {tasks}. Leave some out."
        )
    return _told(plans)


def _on_the_same_folds(plans: Sequence[Plan]) -> None:
    """Refuse a splitter that makes other folds whenever it is asked."""
    found = {plan.header.recipe: plan.header.folds for plan in plans}
    if len(set(found.values())) > 1:
        raise DataError(
            f"cv: several recipes are compared on the same folds; got others for each: {found}. "
            "Give the splitter a random_state, or hand over its pairs."
        )


def _told(plans: Sequence[Plan]) -> list[Plan]:
    """The plans, with a note in their headers that they share a budget."""
    _on_the_same_folds(plans)
    names = ", ".join(plan.header.recipe for plan in plans)
    note = f"one of several recipes that share a budget, the better half going on: {names}."
    headers = [replace(p.header, notes=(*p.header.notes, note)) for p in plans]
    return [replace(p, header=header) for p, header in zip(plans, headers, strict=True)]


def rounds(recipes: int, n_trials: int | None) -> list[tuple[int, int | None]]:
    """How many recipes take part in each round, and how many trials each has after it.

    The defaults of all come first. What is left over by rounding is for the last.

    >>> rounds(4, 60)
    [(4, 1), (4, 5), (2, 15), (1, 35)]
    """
    if recipes == 1:
        return [(1, n_trials)]
    alive = [recipes]
    while alive[-1] > 1:
        alive.append(alive[-1] // 2)
    if n_trials is None:
        return [(recipes, 1), *((each, None) for each in alive)]
    if n_trials < recipes:
        raise SearchError(
            f"n_trials: every recipe needs a trial; got {n_trials} for {recipes} recipes."
        )
    part = n_trials / len(alive)
    totals = [max(1, int(total)) for total in accumulate(part / each for each in alive)]
    gone = [before - after for before, after in pairwise(alive)]
    totals[-1] = n_trials - sum(n * total for n, total in zip(gone, totals, strict=False))
    return [(recipes, 1), *zip(alive, totals, strict=True)]


def open_members(
    plans: Sequence[Plan], storage: optuna.storages.BaseStorage, name: str | None
) -> tuple[Candidate, ...]:
    """A study for each plan, in one storage; several have the name of their recipe in theirs."""
    if len(plans) == 1:
        names = [name or plans[0].recipe.name or "custom"]
    else:
        names = [f"{name or 'recipes'} / {plan.header.recipe}" for plan in plans]
    pairs = zip(names, plans, strict=True)
    return tuple(Candidate(open_study(storage, each, plan), plan) for each, plan in pairs)


def share(
    members: Sequence[Candidate],
    n_trials: int | None,
    deadline: float,
    spend: Spend,
    favourite: str = "",
) -> str:
    """Spend a budget on those that show most; say what cut it short, if anything did.

    Args:
        members: The recipes, each with its study.
        n_trials: Trials of all of them together, those of earlier calls included.
        deadline: When all has to end, in seconds of `time.monotonic`.
        spend: Goes on with one study, up to a number of trials or for a time.
        favourite: The recipe that stays until the last round, if there is one.
    """
    plan = rounds(len(members), n_trials)
    left = list(members)
    known: int | None = 0 if n_trials else None  # so that a call that goes on decides as before
    for at, (count, total) in enumerate(plan):
        left = _kept(left, count, known, favourite if count > 1 else "")
        left = left if n_trials else _still_competitive(left, favourite)
        last, defaults = len(left) == 1 or at == len(plan) - 1, at == 0 < len(plan) - 1
        ends = _part(deadline, DEFAULTS if defaults else 1 if last else len(plan) - at + 1)
        equal = (ends - time.monotonic()) / len(left)
        for member in left:
            now = time.monotonic()
            part = now, _part(ends, 2) if defaults else now + equal
            if not (n_trials or defaults or last) and member.seconds() > equal:
                continue  # what would not get far leaves its time to the others
            try:
                cut_short = spend(member.study, member.plan, total, part)
            except KeyboardInterrupt:  # the study at hand has nothing to show; others may have
                if not any(each.scores() for each in members):
                    raise
                return INTERRUPTED
            if cut_short:
                return cut_short
        if last:
            break
        known = total if n_trials else None
    return ""


def _better(members: Sequence[Candidate], trials: int | None) -> list[Candidate]:
    """Those whose best is better first, on the folds on which all of them have been scored."""
    scores = {id(member): member.scores(trials) for member in members}
    folds = _common(scores.values())
    return sorted(members, key=lambda m: max(_means(scores[id(m)], folds)), reverse=True)


def _kept(
    members: Sequence[Candidate], count: int, trials: int | None, favourite: str
) -> list[Candidate]:
    """The best so many; the favourite, if it is not among them, in the place of the last."""
    ranked = _better(members, trials)
    behind = [each for each in ranked[count:] if each.plan.header.recipe == favourite]
    return [*ranked[: count - len(behind)], *behind]


def _still_competitive(members: list[Candidate], favourite: str) -> list[Candidate]:
    """The leader, and whoever's best is not worse than each of the trials of the leader: tuning
    moves a recipe no further than it has moved the best one."""
    scores = [member.scores() for member in members]
    folds = _common(scores)
    if len(scores[0]) < ENOUGH:
        return members
    floor = min(_means(scores[0], folds))
    return [
        member
        for member, mine in zip(members, scores, strict=True)
        if max(_means(mine, folds)) >= floor or member.plan.header.recipe == favourite
    ]


def _common(scores: Iterable[list[list[float]]]) -> int:
    """Folds on which the best-scored trial of all has been scored, of those that have one."""
    return min((max(map(len, mine)) for mine in scores if mine), default=0)


def _means(scores: list[list[float]], folds: int) -> list[float]:
    return [fmean(s[:folds]) for s in scores if len(s) >= folds > 0] or [-math.inf]


def best_of(members: Sequence[Candidate]) -> Candidate:
    """The one with the best score, on the most folds; of equal ones, the first."""
    return max(members, key=Candidate.standing)


def _part(until: float, parts: int) -> float:
    """When the next of so many equal parts of the time ends."""
    now = time.monotonic()
    return now + max(0.0, until - now) / parts
