"""Other ways to use a sampler than those that `tune()` has words for: does one of them pay?

Run by `make bench BENCH=variants`. TPE with a quasi-random start, CMA-ES with margin for integers,
each against the word; and NSGA-II, which with one objective is a (mu + mu) evolution strategy,
against random draws. All have the same few rows, folds and starting points, and choose the
learning rate, too; the recipe has integers, a choice, and more of both where a table has strings.

And TPE with pruners of several rungs, hyperband being what BOHB is made of, for the same seconds
on all rows, with the recipe as it is.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lines import MEASURED, ONE_THREAD, Line, append, begin

os.environ.update(ONE_THREAD)

import optuna
import pandas as pd
import tables
from optuna.samplers import BaseSampler, CmaEsSampler, QMCSampler, RandomSampler, TPESampler
from samplers import DATA, FOLDS, cut

import tuneflow as tf

RECIPE, TRIALS = "lightgbm", 50
START = 10  # TPE's own number of first trials; a recipe's starting points are among them
# What is held against what.
PAIRS = (("tpe after qmc", "tpe"), ("cmaes with margin", "cmaes"), ("nsga2", "random"))
SECONDS = 10
PRUNERS = ("hyperband", "halving", "median", "percentile")  # the last is the recipe's own
PRUNED = (
    ("hyperband", "median"),
    ("halving", "median"),
    ("halving", "hyperband"),
    ("hyperband", "percentile"),
    ("halving", "percentile"),
)


class AfterQMC(BaseSampler):
    """TPE whose first points come from a scrambled Sobol sequence instead of at random."""

    def __init__(self, seed: int) -> None:
        self._first = QMCSampler(
            scramble=True,
            seed=seed,
            independent_sampler=RandomSampler(seed=seed),
            warn_independent_sampling=False,
            warn_asynchronous_seeding=False,
        )
        self._then = _tpe(seed)

    def _at(self, trial: optuna.trial.FrozenTrial) -> BaseSampler:
        return self._first if trial.number < START else self._then

    def infer_relative_search_space(self, study: Any, trial: Any) -> Any:
        return self._at(trial).infer_relative_search_space(study, trial)

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> Any:
        return self._at(trial).sample_relative(study, trial, search_space)

    def sample_independent(self, study: Any, trial: Any, name: str, distribution: Any) -> Any:
        return self._at(trial).sample_independent(study, trial, name, distribution)


def _tpe(seed: int) -> TPESampler:
    return TPESampler(seed=seed, multivariate=True, n_startup_trials=START)


def _with_margin(seed: int) -> CmaEsSampler:
    return CmaEsSampler(
        seed=seed,
        with_margin=True,
        consider_pruned_trials=True,
        independent_sampler=_tpe(seed),
        warn_independent_sampling=False,
    )


VARIANTS: dict[str, Callable[[int], str | BaseSampler]] = {
    "tpe": lambda seed: "tpe",
    "tpe after qmc": AfterQMC,
    "cmaes": lambda seed: "cmaes",
    "cmaes with margin": _with_margin,
    "nsga2": lambda seed: "nsga2",
    "random": lambda seed: "random",
}


def main() -> None:
    """Measure what the file does not hold yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--who", default=",".join((*VARIANTS, *PRUNERS)))
    parser.add_argument("--out", type=Path, default=MEASURED / "variants.jsonl")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done = {key(line) for line in begin(options.out) if line["mode"] == "variants"}
    for seed in range(options.seeds):
        for table in DATA:
            for variant in options.who.split(","):
                if (table, seed, variant) not in done:
                    append(options.out, measured(table, seed, variant))


def key(line: Line) -> tuple[str, int, str]:
    return line["table"], line["seed"], line["variant"]


def measured(name: str, seed: int, variant: str) -> Line:
    """One run: the score of the folds."""
    table = tables.load(name, seed)
    if variant in PRUNERS:
        pruner = None if variant == "percentile" else variant
        how = {"recipe": RECIPE, "pruner": pruner, "n_trials": None, "timeout": SECONDS}
    else:
        recipe = tf.load_recipe(RECIPE).replace(growth={"hold": None})
        how = {
            "recipe": recipe,
            "sampler": VARIANTS[variant](seed),
            "n_trials": TRIALS,
            "cv": FOLDS,
        }
        table = cut(table)
    rows = table.X_train, table.y_train
    result = tf.tune(*rows, scoring=table.scoring, random_state=seed, progress=False, **how)
    line = {"mode": "variants", "table": name, "seed": seed, "variant": variant}
    return line | {"score": result.best_score, "default": result.default_score}


def pairs(lines: list[Line]) -> pd.DataFrame:
    """How often each variant found a better score than what it is a variant of."""
    frame = pd.DataFrame([line for line in lines if line["mode"] == "variants"])
    if frame.empty:
        return frame
    wide = frame.pivot(index=["table", "seed"], columns="variant", values="score")
    rows = {}
    for one, other in (*PAIRS, *PRUNED):
        if not {one, other} <= set(wide):
            continue
        apart = (wide[one] - wide[other]).dropna()
        rows[f"{one}, against {other}"] = {
            "pairs": str(len(apart)),
            "ahead": str((apart > 0).sum()),
            "behind": str((apart < 0).sum()),
        }
    return pd.DataFrame(rows).T.rename_axis(f"{TRIALS} trials of {RECIPE}; pruners {SECONDS} s")


if __name__ == "__main__":
    main()
