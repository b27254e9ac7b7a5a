"""`join()`: work on a study that another call has begun, from this machine or any other."""

import math
import time
from typing import Any

import optuna

from tuneflow.errors import StudyError, did_you_mean
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.records import Header
from tuneflow.storage.user_attrs import read_goal, read_header
from tuneflow.study.budget import Budget
from tuneflow.study.loop import Callback, RunOptions
from tuneflow.study.optimize import optimize
from tuneflow.study.plan import Plan, Settings, make_plan
from tuneflow.study.resume import open_study
from tuneflow.study.workers.workers import Workers


def join(
    storage: Storage,
    study_name: str,
    table: tuple[Any, Any],
    *,
    n_trials: int | None = None,
    timeout: float | None = None,
    workers: Workers | None = None,
    callback: Callback = lambda study, trial: None,
    progress: bool = True,
) -> str:
    """Work on a study; recipe, folds, metric and search are what its header says.

    Args:
        storage: Where the study is.
        study_name: Its name.
        table: The same table as everybody else's, and its target or the name of that column.
        n_trials: Trials in all, whoever runs them; by default what the study was begun with.
        timeout: Seconds for this call.
        workers: Where trials run; by default here, one at a time.
        callback: Called after every trial.
        progress: Show a bar.

    Returns:
        What interrupted it; empty if nothing did.

    Raises:
        StudyError: There is no such study, the table is another, or its folds cannot be made here.
    """
    started, opened = time.monotonic(), open_storage(storage)
    names = optuna.get_all_study_names(opened)
    if study_name not in names:
        hint = did_you_mean(study_name, names)
        raise StudyError(f"study: one in the storage is needed; got {study_name!r}. {hint}")
    header = read_header(optuna.load_study(study_name=study_name, storage=opened))
    if header is None:
        raise StudyError(f"study {study_name!r}: only a study that tuneflow made can be joined.")
    plan = _plan(header, study_name, *table)
    study = open_study(opened, study_name, plan)
    goal = read_goal(study) if n_trials is None else n_trials
    if goal is None and timeout is None and not plan.search.is_finite:
        raise StudyError(
            f"study {study_name!r}: it was begun without a number of trials; give one, or time."
        )
    budget = Budget(goal, started, math.inf if timeout is None else started + timeout)
    return optimize(study, plan, RunOptions(budget, Workers.of(workers), [callback], progress))


def _plan(header: Header, name: str, X: Any, y: Any) -> Plan:
    """The call that began the study, again."""
    try:
        recipe = Recipe.model_validate_json(header.recipe_json)
    except ValueError as error:
        raise StudyError(f"study {name!r}: its recipe is damaged. {error}") from error
    missing = {
        "its folds were given as a splitter, pairs or groups": header.cv is None,
        "its rows have weights": header.weighted,
        "a part of its recipe was handed over in Python": recipe.digest() != header.recipe_digest,
    }
    if reasons := [reason for reason, is_missing in missing.items() if is_missing]:
        raise StudyError(
            f"study {name!r}: {reasons[0]}, which the storage does not hold. Repeat the call of "
            "tune() here: it joins the study as well."
        )
    assert header.cv is not None
    settings = Settings(
        scoring=[header.scoring, *header.also],
        cv=int(header.cv) if header.cv.is_integer() else header.cv,
        test_size=header.test_size,
        sampler=header.sampler,
        pruner={"name": header.pruner, **header.pruner_options},
        random_state=header.random_state,
    )
    return make_plan(X, y, recipe, settings)
