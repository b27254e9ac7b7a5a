"""`tune()` for several recipes that share one budget, and its result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd

from tuneflow.errors import DataError, RecipeError, warn
from tuneflow.recipe.catalogue import load_recipe
from tuneflow.recipe.custom import resolve_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.reporting.report import Report
from tuneflow.storage.open import Storage, open_storage
from tuneflow.study.loop import RunOptions
from tuneflow.study.optimize import check_end
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.study.resume import open_study
from tuneflow.tuning.halving import Candidate, halve
from tuneflow.tuning.refit import Select, finalize
from tuneflow.tuning.result import Result, in_memory

#: What ``recipe="auto"`` tries, if it is for the task: a few families that err differently, those
#: that are quick first.
AUTO = ("logistic", "elastic_net", "lightgbm", "svm", "random_forest", "mlp")
FAVOURITE = "lightgbm"  # of auto: once it is tuned, it is ahead on most tables
MOST_ROWS = {"svm": 20_000}  # training takes the square of the rows or more

Recipes = str | Path | Recipe | Sequence[str | Path | Recipe]


@dataclass(frozen=True, repr=False)
class SeveralRecipesResult(Result):
    """The outcome of several recipes that shared a budget: the best one, fitted, and all others.

    Attributes:
        candidates: Every recipe with its study, in the order of the call.
    """

    candidates: tuple[Candidate, ...] = ()

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the studies, in memory, and not what they are about."""
        candidates = tuple(Candidate(in_memory(each.study), None) for each in self.candidates)
        return {**super().__getstate__(), "candidates": candidates}

    def leaderboard(self) -> pd.DataFrame:
        """The studies, one row each, the best first; see the table ``studies`` of a report."""
        studies = self.report().tables["studies"]
        return studies.sort_values("best", ascending=False, kind="stable")

    def report(self) -> Report:
        """Tables, figures and a page about the best study, the others beside it."""
        report = Report.of([candidate.study for candidate in self.candidates])
        return report.about(self.study.study_name)

    def _facts(self) -> dict[str, str]:
        rows = self.leaderboard()[["recipe", "best", "trials"]].to_numpy()
        recipes = (f"{name} {best:.5g} ({n} trial{'s' * (n != 1)})" for name, best, n in rows)
        return {"recipes": "; ".join(recipes), **super()._facts()}


def are_several(recipe: Any) -> bool:
    """Whether `recipe` asks for several recipes that share the budget."""
    return recipe == "auto" or (isinstance(recipe, Sequence) and not isinstance(recipe, str))


def tune_several(
    X: Any,
    y: Any,
    recipe: Recipes,
    settings: Settings,
    options: RunOptions,
    storage: Storage,
    study_name: str | None,
    select: Select,
) -> SeveralRecipesResult:
    """What :func:`tune <tuneflow.tune>` does for several recipes: the same steps for each, and the
    search in rounds."""
    plans = make_plans(X, y, recipe, settings)
    check_end(options.budget, *plans)
    opened, prefix = open_storage(storage), study_name or "recipes"
    names = [f"{prefix} / {plan.header.recipe}" for plan in plans]
    if len(plans) == 1:
        names = [study_name or plans[0].recipe.name or "custom"]
    studies = [open_study(opened, name, plan) for name, plan in zip(names, plans, strict=True)]
    candidates = tuple(map(Candidate, studies, plans))
    for note in dict.fromkeys(note for plan in plans for note in plan.search.notes):
        warn(note)
    interruption = halve(candidates, options, FAVOURITE if recipe == "auto" else "")
    best = max(candidates, key=Candidate.standing)
    result = finalize(best.study, best.plan, select, interruption, options.budget.deadline)
    return SeveralRecipesResult(**vars(result), candidates=candidates)


def make_plans(X: Any, y: Any, recipe: Recipes, settings: Settings) -> list[Plan]:
    """Plans for several recipes that take the target alike and have the same folds.

    Raises:
        RecipeError: There is no recipe, two have one name, or they take the target differently.
        DataError: The splitter makes other folds each time.
    """
    if recipe == "auto":
        evaluation = make_plan(X, y, "lightgbm", settings).evaluation  # takes any target as it is
        rows, task = evaluation.folds.smallest_train, evaluation.data.task
        recipes = [load_recipe(name) for name in AUTO if rows <= MOST_ROWS.get(name, rows)]
        recipes = [each for each in recipes if task in each.tasks]
    else:
        assert not isinstance(recipe, str | Path | Recipe)
        recipes = [resolve_recipe(each) for each in recipe]
    names = [each.name or each.title for each in recipes]
    if not names or len(set(names)) < len(names):
        raise RecipeError(f"recipe: several need names that differ; got {names}.")
    plans = [make_plan(X, y, each, settings) for each in recipes]
    tasks = {plan.header.recipe: plan.header.task for plan in plans}
    if len(set(tasks.values())) > 1:
        raise RecipeError(f"recipe: all must take the target alike; got {tasks}. Leave some out.")
    folds = {plan.header.recipe: plan.header.folds for plan in plans}
    if len(set(folds.values())) > 1:
        raise DataError(
            f"cv: several recipes are compared on the same folds; got others for each: {folds}. "
            "Give the splitter a random_state, or hand over its pairs."
        )
    all_names = ", ".join(tasks)
    note = f"one of several recipes that share a budget, the better half going on: {all_names}."
    headers = [replace(plan.header, notes=(*plan.header.notes, note)) for plan in plans]
    return [replace(plan, header=header) for plan, header in zip(plans, headers, strict=True)]
