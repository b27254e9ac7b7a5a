"""`recipe="auto"` against each of its recipes alone, an equal division, and FLAML as it comes.

Run by `make bench BENCH=auto`, which measures what `measured/auto.jsonl` does not hold yet and
writes `AUTO.md`. All have the same seconds and one thread; a quarter of the rows is kept back for
the score.
"""

from __future__ import annotations

import argparse
import os
import time
import warnings
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"

import pandas as pd
import spaces
import tables
from contenders import CONTENDERS
from job import Job, Limit
from lines import MEASURED, Line, append, begin
from results import machines, markdown
from run import score

import tuneflow as tf
from tuneflow.tuning.several_recipes import AUTO

SINGLE = ("lightgbm", "random_forest", "svm", "mlp", "linear")
HEAD = """# Several families in the time of one

Written by `make bench BENCH=auto`. "best single" is the family whose mean rank is best over the
tables and seeds that all families were run on, and "best at hindsight" the best of the families
run by run, which nobody can know beforehand. A share of pairs is that of auto being ahead; a tie
is half a pair won.
"""


def alone(job: Job, family: str) -> Any:
    """One family with the whole budget."""
    linear = "elastic_net" if job.regression else "logistic"
    return _tuned(job, linear if family == "linear" else family, job.limit.seconds)


def equally(job: Job) -> Any:
    """The families of auto, each with the same part of the budget; the best by its folds."""
    part = (job.limit.seconds or 0.0) / len(SINGLE)
    found = [_tuned(job, name, part) for name in _recipes(job)]
    return max(found, key=lambda result: result.best_score)


def _recipes(job: Job) -> list[str]:
    task = "regression" if job.regression else "binary"
    return [name for name in AUTO if task in tf.load_recipe(name).tasks]


def _tuned(job: Job, recipe: str, seconds: float | None) -> Any:
    return tf.tune(
        job.X,
        job.y,
        recipe,
        scoring=job.scoring,
        n_trials=None,
        timeout=seconds,
        random_state=job.seed,
        progress=False,
    )


WHO: dict[str, Callable[[Job], Any]] = {
    "auto": lambda job: _tuned(job, "auto", job.limit.seconds),
    "equally": equally,
    **{name: partial(alone, family=name) for name in SINGLE},
    "flaml": lambda job: CONTENDERS["flaml_any"](job)[0],
}


def main() -> None:
    """Measure what the file does not hold yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--data", default=",".join(tables.TABLES))
    parser.add_argument("--who", default=",".join(WHO))
    parser.add_argument("--measured", type=Path, default=MEASURED / "auto.jsonl")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("AUTO.md"))
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    known = {key(line) for line in begin(options.measured) if line["mode"] == "auto"}
    for seed in range(options.seeds):
        for table in options.data.split(","):
            for who in options.who.split(","):
                if (table, seed, options.seconds, who) not in known:
                    append(options.measured, measure(table, seed, options.seconds, who))
    options.out.write_text("\n".join(page(begin(options.measured))), encoding="utf-8")


def key(line: Line) -> tuple[Any, ...]:
    """What makes a line the measurement of one run."""
    return tuple(line[name] for name in ("table", "seed", "limit", "family"))


def measure(table: str, seed: int, seconds: float, who: str) -> Line:
    """One run, and the score of the rows that were kept back."""
    loaded = tables.load(table, seed)
    X, X_test = loaded.X_train, loaded.X_test
    if who == "flaml":
        X, X_test = spaces.categories(X, X_test)
    limit = Limit(seconds=seconds)
    job = Job(X, loaded.y_train, loaded.scoring, "lightgbm", limit, seed)
    started = time.perf_counter()
    model = WHO[who](job)
    spent = round(time.perf_counter() - started, 2)
    found = score(model, X_test, loaded.y_test, loaded.scoring)
    line = {"mode": "auto", "table": table, "seed": seed, "limit": seconds, "family": who}
    chosen = model.recipe.name if hasattr(model, "recipe") else ""
    return {**line, "chosen": chosen, "score": found, "seconds": spent}


def page(lines: list[Line]) -> Iterator[str]:
    """Who was ahead, and every score."""
    yield HEAD
    yield from machines(lines)
    frame = pd.DataFrame([line for line in lines if line["mode"] == "auto"])
    for limit, runs in frame.groupby("limit"):
        yield f"\n## {limit:g} seconds\n"
        wide = runs.pivot(index=["table", "seed"], columns="family", values="score")
        wide = wide.reindex(columns=[name for name in WHO if name in wide])
        if {"auto", *SINGLE} <= set(wide):
            yield markdown(_pairs(wide))
        chosen = runs[runs["family"] == "auto"].set_index(["table", "seed"])["chosen"]
        wide.insert(0, "auto chose", chosen)
        wide.index = [f"{table}, {seed}" for table, seed in wide.index]
        spent = runs.groupby("family")["seconds"].median()
        wide.loc["seconds, median"] = spent.reindex(wide.columns)
        yield ""
        yield markdown(wide.rename_axis("table, seed"))
    yield ""


def _pairs(wide: pd.DataFrame) -> pd.DataFrame:
    """Auto against each of the others, and against the families by their ranks."""
    families = wide[list(SINGLE)].dropna()
    best = families.rank(axis=1).mean().idxmax()
    others = {name: wide[name] for name in ("equally", "flaml") if name in wide}
    others[f"best single ({best})"] = wide[best]
    others["best at hindsight"] = families.max(axis=1)
    rows = {name: _against(wide["auto"], other) for name, other in others.items()}
    return pd.DataFrame(rows).T.rename_axis("auto against")


def _against(mine: pd.Series, theirs: pd.Series) -> dict[str, object]:
    both = pd.concat([mine, theirs], axis=1).dropna()
    won = (both.iloc[:, 0] > both.iloc[:, 1]) + 0.5 * (both.iloc[:, 0] == both.iloc[:, 1])
    return {"pairs": str(len(both)), "ahead in": f"{won.mean():.0%}"}


if __name__ == "__main__":
    main()
