"""Trials and seconds that descending takes to reach what TPE has reached after 50 trials.

Run by `make bench BENCH=gradient`, which measures what `measured/gradient.jsonl` does not hold yet
and writes `GRADIENT.md`. Both samplers get the same folds, starting points and seed, and TPE the
recipe's pruner. A run of the gradient sampler ends where it reaches TPE's best.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import optuna
import pandas as pd
import tables
from lines import MEASURED, Line, append, begin
from results import machines, markdown

import tuneflow as tf

TRIALS = 50
CASES = [
    *(("logistic", name) for name in ("attrition", "credit_data", "caravan")),
    *((recipe, name) for recipe in ("ridge", "elastic_net") for name in ("ames", "bikeshare")),
    *(("ridge", "diamonds"), ("elastic_net", "diamonds"), ("kernel_ridge", "ames")),
]
NEAR = 0.01  # of TPE's improvement over the defaults
HEAD = f"""# Gradient against TPE

Written by `make bench BENCH=gradient`. TPE runs {TRIALS} trials; "reached" is the first trial of
the gradient sampler with a score that is at least as good as the best of them, and "nearly" the
first within {NEAR:.0%} of TPE's improvement over the defaults. The defaults and starting points,
which both try first, are counted. A dash: not within {TRIALS} trials, or there was no improvement.
Seconds are those of a whole run up to that trial, the refit left out.
"""


def main() -> None:
    """Measure what the file does not hold yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--recipes", default=",".join(dict.fromkeys(r for r, _ in CASES)))
    parser.add_argument("--scorings", default=f"{tables.LOG_LOSS},{tables.AUC},{tables.RMSE}")
    parser.add_argument("--measured", type=Path, default=MEASURED / "gradient.jsonl")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("GRADIENT.md"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    lines = begin(options.measured)
    for seed in range(options.seeds):
        for case in cases(options.recipes.split(","), options.scorings.split(",")):
            if not any(key(line) == (*case, seed) for line in lines if line["mode"] == "gradient"):
                append(options.measured, measure(*case, seed))
    lines = begin(options.measured)
    options.out.write_text("\n".join(page(lines)), encoding="utf-8")


def cases(recipes: list[str], scorings: list[str]) -> Iterator[tuple[str, str, str]]:
    """Recipe, table and metric of every case that is wanted."""
    for recipe, table in CASES:
        fitting = (tables.LOG_LOSS, tables.AUC) if recipe == "logistic" else (tables.RMSE,)
        if recipe in recipes:
            yield from ((recipe, table, scoring) for scoring in fitting if scoring in scorings)


def key(line: Line) -> tuple[Any, ...]:
    """What makes a line the measurement of one case."""
    return tuple(line[name] for name in ("recipe", "table", "scoring", "seed"))


def measure(recipe: str, table: str, scoring: str, seed: int) -> Line:
    """Both samplers in turn: the best score after each trial, and the seconds until then."""
    loaded = tables.load(table, seed)
    tpe, tpe_seconds = run(loaded, recipe, scoring, seed, "tpe")
    gradient, gradient_seconds = run(loaded, recipe, scoring, seed, "gradient", goal=tpe[-1])
    return {
        "mode": "gradient",
        **{"recipe": recipe, "table": table, "scoring": scoring, "seed": seed},
        **{"tpe": tpe, "tpe_seconds": tpe_seconds},
        **{"gradient": gradient, "gradient_seconds": gradient_seconds},
    }


def run(
    loaded: tables.Table, recipe: str, scoring: str, seed: int, sampler: str, goal: float = np.inf
) -> tuple[list[float], list[float]]:
    """One study, which ends where the goal is reached."""
    best, seconds = [], []

    def note(study: optuna.Study, trial: optuna.trial.FrozenTrial) -> None:
        complete = trial.state == optuna.trial.TrialState.COMPLETE
        best.append(max([*best[-1:], *([trial.value] if complete else [])]))
        seconds.append(round(time.perf_counter() - started, 3))
        if best[-1] >= goal:
            study.stop()

    started = time.perf_counter()
    tf.tune(
        loaded.X_train,
        loaded.y_train,
        recipe,
        scoring=scoring,
        sampler=sampler,
        n_trials=TRIALS,
        random_state=seed,
        progress=False,
        callbacks=[note],
    )
    return best, seconds


def page(lines: list[Line]) -> Iterator[str]:
    """Medians first, then every case."""
    yield HEAD
    yield from machines(lines)
    frame = pd.DataFrame([reached(line) for line in lines if line["mode"] == "gradient"])
    if frame.empty:
        return
    yield "\n## Medians\n"
    counted = frame.groupby(["recipe", "metric"]).size()
    medians = frame.fillna(np.inf).groupby(["recipe", "metric"])[MEDIANS].median()
    medians.insert(0, "runs", counted)
    medians.index = [", ".join(at) for at in medians.index]
    overall = frame.fillna(np.inf)[MEDIANS].median()
    medians.loc["all"] = [len(frame), *overall]
    yield markdown(medians.replace(np.inf, np.nan).rename_axis("recipe, metric"))
    yield "\n## Every case\n"
    yield markdown(frame.set_index("recipe"))
    yield ""


MEDIANS = ["TPE's best at", "reached at", "nearly at", "seconds, x TPE", "nearly, s, x TPE"]


def reached(line: Line) -> dict[str, Any]:
    """At which trial the gradient sampler has reached TPE's best, and after which seconds."""
    tpe, seconds = np.array(line["tpe"]), line["tpe_seconds"]
    goal, improvement = tpe[-1], tpe[-1] - tpe[0]
    exact, near = (first(line["gradient"], at) for at in (goal, goal - NEAR * improvement))
    spent = {n: line["gradient_seconds"][n - 1] for n in (exact, near) if n is not None}
    return {
        "recipe": line["recipe"],
        "table": line["table"],
        "metric": line["scoring"].removeprefix("neg_"),
        "seed": line["seed"],
        "TPE, s": seconds[-1],
        "TPE's best at": first(tpe, goal),
        "reached at": exact,
        "nearly at": near,
        "seconds, x TPE": spent[exact] / seconds[-1] if exact else None,
        "nearly, s, x TPE": spent[near] / seconds[-1] if near else None,
    }


def first(best: Any, goal: float) -> int | None:
    """The first trial, from 1, after which the best is at least `goal`."""
    there = np.flatnonzero(np.asarray(best) >= goal)
    return int(there[0]) + 1 if len(there) else None


if __name__ == "__main__":
    main()
