"""Which sampler: recipes by tables by seeds by samplers, made with `compare()` itself.

Run by `make bench BENCH=samplers`. The tables are a suite: few rows of each to tune on, others to
score what was found. The studies live in a journal, so that what was killed goes on; what came of
a run is a line of `measured/samplers.jsonl`, and is not measured again.
"""

from __future__ import annotations

import argparse
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

from lines import MEASURED, ONE_THREAD, Line, append, begin

os.environ.update(ONE_THREAD)

import optuna
import pandas as pd
import tables
from run import score
from tables import Table

import tuneflow as tf
from tuneflow.storage.open import open_storage

RECIPES = ("lightgbm", "svm", "knn")
DATA = ("attrition", "credit_data", "magic", "hpc_data", "bikeshare", "diamonds")
SAMPLERS = ("grid", "random", "qmc", "tpe", "cmaes", "gp")
# As many trials as the grids of SVM and neighbours have points; few rows, for trials to be cheap.
TRIALS, ROWS, TEST_ROWS, FOLDS = 30, 400, 2_000, 3
KEY = ("recipe", "table", "contender", "seed")
At = tuple[str, str, str, int]
Split = dict[str, Table]


def main() -> None:
    """Measure what the file does not hold yet, seed by seed and recipe by recipe."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipes", default=",".join(RECIPES))
    parser.add_argument("--seeds", default="0,1,2,3,4")
    parser.add_argument("--out", type=Path, default=MEASURED / "samplers.jsonl")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done = {key(line) for line in begin(options.out) if line["mode"] == "samplers"}
    storage = open_storage(options.out.with_suffix(".journal"))
    split = {name: cut(tables.load(name, 0)) for name in DATA}
    for seed in map(int, options.seeds.split(",")):
        for recipe in options.recipes.split(","):
            for line in measured(recipe, seed, split, storage, done):
                append(options.out, line)


def key(line: Line) -> At:
    return line["recipe"], line["table"], line["contender"], line["seed"]


def cut(table: Table) -> Table:
    """A sample of both parts of a table, the same in every run."""
    X = table.X_train.sample(min(ROWS, len(table.X_train)), random_state=0)
    X_test = table.X_test.sample(min(TEST_ROWS, len(table.X_test)), random_state=0)
    return Table(X, X_test, table.y_train[X.index], table.y_test[X_test.index], table.scoring)


def measured(
    recipe: str, seed: int, split: Split, storage: optuna.storages.BaseStorage, done: set[At]
) -> Iterator[Line]:
    """The runs of one recipe and seed that are not yet done."""
    wanted = [(recipe, name, who, seed) for name in split for who in SAMPLERS]
    if set(wanted) <= done:
        return
    comparison = compared(recipe, seed, split, storage)
    for name, table in split.items():
        of_defaults = kept((recipe, name, "random", seed), table, None, 1)
        for at in wanted:
            if at[1] == name and at not in done:
                test = kept(at, table, storage, TRIALS)
                yield {**line_of(comparison, at), "test": test, "test_default": of_defaults}


def compared(
    recipe: str, seed: int, split: Split, storage: optuna.storages.BaseStorage
) -> tf.Comparison:
    """A seed of all samplers on all tables; it joins those that are in the storage."""
    return tf.compare(
        {name: (table.X_train, table.y_train) for name, table in split.items()},
        recipe=recipe,
        samplers=SAMPLERS,
        n_seeds=1,
        n_trials=TRIALS,
        cv=FOLDS,
        storage=storage,
        name=recipe,
        random_state=seed,
        progress=False,
    )


def line_of(comparison: tf.Comparison, at: At) -> Line:
    """One run: its row, and the trials that made the best better, with the last."""
    run, steps = (frame[of(frame, at)] for frame in (comparison.runs, comparison.steps))
    better = steps["best"].diff().ne(0) & steps["best"].notna()
    better.iloc[-1] = True
    climb = steps.loc[better, ["trial", "seconds", "best"]].round({"seconds": 3})
    line = run.iloc[0].to_dict() | {"recipe": at[0]}
    return {"mode": "samplers", **line, "steps": climb.to_numpy(object).tolist()}


def of(frame: pd.DataFrame, at: At) -> pd.Series:
    """The rows of one run."""
    return (frame[list(KEY[1:])] == list(at[1:])).all(axis=1)


def kept(
    at: At,
    table: Table,
    storage: optuna.storages.BaseStorage | None,
    n_trials: int,
) -> float:
    """Score of the test rows: the study has its trials, so that `tune` has but to refit."""
    recipe, name, who, seed = at
    result = tf.tune(
        table.X_train,
        table.y_train,
        recipe,
        sampler=who,
        n_trials=n_trials,
        cv=FOLDS,
        storage=storage,
        study_name=f"{recipe} / {name} / {who} / {seed}",
        random_state=seed,
        progress=False,
    )
    return score(result, table.X_test, table.y_test, table.scoring)


if __name__ == "__main__":
    main()
