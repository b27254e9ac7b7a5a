"""Finished studies, made without training: what a report is about."""

from __future__ import annotations

import json
import math
import random
from dataclasses import asdict
from datetime import datetime, timedelta

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from tuneflow.storage.records import Header, HoldoutRecord, TrialRecord
from tuneflow.storage.user_attrs import KEY, write_header, write_holdout

SPACES: dict[str, BaseDistribution] = {
    "rate": FloatDistribution(0.01, 1.0, log=True),
    "leaves": IntDistribution(2, 64),
    "kind": CategoricalDistribution(["a", "b", None]),
    "depth": IntDistribution(1, 10),  # only where kind is b
}
HEADER = Header(
    recipe="double",
    recipe_digest="r1",
    recipe_json=json.dumps({"growth": {"schedule": "lockstep", "last": 16}}),
    task="binary",
    scoring="roc_auc",
    direction="maximize",
    data="d1",
    rows=40,
    columns=3,
    folds="f1",
    n_folds=3,
    sampler="tpe",
    pruner="halving",
    random_state=7,
    modelled=1.0,
    versions={"tuneflow": "0.1.0", "optuna": "5.0.0"},
)
BEGUN = datetime(2026, 1, 2, 3, 4, 5)
BUDGETS = (1.0, 2.0, 4.0, 8.0, 16.0)


def study(count: int = 40, *, ours: bool = True, direction: str = "maximize", **more):
    """A study of which every seventh trial failed, and every third of the others was pruned."""
    created = optuna.create_study(
        study_name=more.pop("name", "churn"), direction=direction, **more
    )
    if ours:
        write_header(created, HEADER)
    chance = random.Random(count)
    for number in range(count):
        created.add_trial(trial(number, chance, ours, 1 if direction == "maximize" else -1))
    return created


def holdout(count: int = 40):
    """A study with rows held out, on which a trial before the best was better."""
    created = study(count)
    path = ((0, 0.85, 0.78), (4, 0.9, 0.81), (9, 0.91, 0.8))
    write_holdout(
        created, HoldoutRecord("roc_auc", 50, 0.91, 0.8, 0.75, 0.86, 0.78, -0.01, 0.05, path)
    )
    return created


def trial(number: int, chance: random.Random, ours: bool = True, sign: int = 1) -> FrozenTrial:
    """One trial; two run at a time, each for a second."""
    params = {"rate": 10 ** chance.uniform(-2, 0), "leaves": chance.randint(2, 64)}
    params["kind"] = chance.choice(["a", "b", None])
    if params["kind"] == "b":
        params["depth"] = chance.randint(1, 10)
    good = 0.9 - 0.1 * (math.log10(params["rate"]) + 1) ** 2 + chance.gauss(0, 0.004)
    state = TrialState.FAIL if number % 7 == 6 else TrialState.COMPLETE
    state = TrialState.PRUNED if state.name == "COMPLETE" and number % 3 == 2 else state
    entry = climb(good, state, chance)
    begun = BEGUN + timedelta(seconds=number // 2)
    steps = {i: score * sign for i, (folds, _, score) in enumerate(entry.curve) if folds == 3}
    return FrozenTrial(
        number=number,
        trial_id=number,
        state=state,
        value=None if state == TrialState.FAIL else sign * (entry.curve[-1][2]),
        datetime_start=begun,
        datetime_complete=begun + timedelta(seconds=1),
        params=params,
        distributions={name: SPACES[name] for name in params},
        user_attrs={KEY: json.loads(json.dumps(asdict(entry)))} if ours else {},
        system_attrs={},
        intermediate_values=steps,
    )


def climb(good: float, state: TrialState, chance: random.Random) -> TrialRecord:
    """A probe of one fold, then three folds, up to where it ended."""
    if state == TrialState.FAIL:
        why = chance.choice(["TrialError: BoosterError: no leaves", "ValueError: rate\nmore"])
        return TrialRecord(ended="failed", error=why, seconds_fit=0.1)
    reached = 3 if state == TrialState.PRUNED else 5
    probe = [(1, budget, good - 0.2 / budget) for budget in BUDGETS[:3]]
    curve = [(3, budget, good - 0.2 / budget) for budget in BUDGETS[:reached]]
    last = curve[-1][2]
    ended = "pruned" if state == TrialState.PRUNED else "complete"
    scores = [last - 0.01 + chance.gauss(0, 0.001), last, last + 0.01]
    return TrialRecord(
        scores, BUDGETS[reached - 1], 10 * reached, [*probe, *curve], ended, "", 0.6, 0.2
    )


def plain(count: int, objective, **more) -> optuna.Study:
    """A study that Optuna alone has made."""
    created = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **more)
    created.optimize(objective, n_trials=count, catch=(ValueError,))
    return created


def conditional(trial: optuna.Trial) -> float:
    """An objective of somebody else's, with everything that may go wrong."""
    x = trial.suggest_float("x", 1e-3, 10, log=True)
    if trial.suggest_categorical("kind", ["a", "b", None]) == "b":
        trial.suggest_int("n", 1, 4)
    if trial.number % 5 == 3:
        msg = "x is bad"
        raise ValueError(msg)
    return math.inf if trial.number % 5 == 4 else abs(x - 1)


def empty() -> optuna.Study:
    return optuna.create_study()


def waiting() -> optuna.Study:
    created = optuna.create_study()
    created.enqueue_trial({"x": 1})
    created.ask()
    return created


# Every kind of study that a storage may hold.
STUDIES = {
    "tuneflow": lambda: study(60),
    "few": lambda: study(3),
    "held out": lambda: holdout(60),
    "one": lambda: study(1),
    "header only": lambda: study(0),
    "plain": lambda: study(60, ours=False),
    "minimized": lambda: study(60, ours=False, direction="minimize"),
    "conditional": lambda: plain(60, conditional),
    "infinite": lambda: plain(3, lambda trial: -math.inf),
    "failed": lambda: plain(3, lambda trial: math.nan),
    "no parameters": lambda: plain(12, lambda trial: trial.number),
    "fixed": lambda: plain(40, lambda trial: trial.suggest_float("x", 1, 1) + trial.number),
    "one parameter": lambda: plain(40, lambda trial: trial.suggest_int("x", 1, 9)),
    "odd names": lambda: plain(
        40, lambda t: t.suggest_float("score", 0, 1) + t.suggest_int("", 1, 3)
    ),
    "empty": empty,
    "waiting": waiting,
}
