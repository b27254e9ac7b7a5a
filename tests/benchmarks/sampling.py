"""From the lines of `samplers.py` to comparisons, and what the page of results says of them."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from lines import Line

import tuneflow as tf
from tuneflow.comparison.ranking import RUN, STEP

WHERE = {"of the folds": "score", "of the held-out rows": "test"}


def comparisons(lines: list[Line], score: str = "score") -> dict[str, tf.Comparison]:
    """One comparison a recipe, and one of all, whose tables are pairs of recipe and table.

    Args:
        lines: All lines of the benchmarks.
        score: ``score`` of the folds, or ``test`` for that of the held-out rows.
    """
    runs = pd.DataFrame([line for line in lines if line["mode"] == "samplers"])
    if runs.empty:
        return {}
    if score == "test":
        runs = runs.assign(score=runs["test"], default=runs["test_default"])
    parts = {str(recipe): part for recipe, part in runs.groupby("recipe", sort=False)}
    parts["all"] = runs.assign(table=runs["recipe"] + ", " + runs["table"])
    return {name: tf.Comparison(name, part[RUN], _steps(part)) for name, part in parts.items()}


def _steps(runs: pd.DataFrame) -> pd.DataFrame:
    """The trials that are in the lines, a row each."""
    every = runs[["table", "contender", "seed", "steps"]].explode("steps", ignore_index=True)
    every[["trial", "seconds", "best"]] = every["steps"].to_list()
    return every.assign(score=every["best"])[STEP]


def ranks(lines: list[Line], score: str) -> pd.DataFrame:
    """Mean rank of every sampler, over tables and seeds: a column a recipe, and one of all."""
    found = {name: c.table()["rank"] for name, c in comparisons(lines, score).items()}
    return pd.DataFrame(found).sort_values("all").rename_axis("sampler")


def improvements(lines: list[Line], score: str) -> pd.DataFrame:
    """Median score, from 0 for the defaults to 1 for the best known on each table."""
    found = {name: c.table()["median"] for name, c in comparisons(lines, score).items()}
    return pd.DataFrame(found).sort_values("all", ascending=False).rename_axis("sampler")


def costs(lines: list[Line]) -> pd.DataFrame:
    """Seconds of a run, those of the sampler, and the share of parameters it models."""
    parts = []
    for name, comparison in comparisons(lines).items():
        if name != "all":
            table = comparison.table()
            part = pd.DataFrame({"run, s": table["seconds"]})
            part["sampler, s"] = table["seconds_sampler"]
            part["models"] = [f"{share:.0%}" for share in table["modelled"]]
            parts.append(part.add_prefix(f"{name}: "))
    return pd.concat(parts, axis=1).rename_axis("sampler") if parts else pd.DataFrame()


def verdicts(lines: list[Line], score: str) -> Iterator[str]:
    """What the numbers allow to say, in the words of `compare()`."""
    for name, comparison in comparisons(lines, score).items():
        yield f"- {name}: {comparison.verdict.splitlines()[0].partition(': ')[2]}"


def size(lines: list[Line]) -> str:
    """How much was done."""
    runs = pd.DataFrame([line for line in lines if line["mode"] == "samplers"])
    if runs.empty:
        return "Not measured yet."
    counts = {f"{name}s": runs[name].nunique() for name in ("recipe", "table", "seed")}
    told = ", ".join(f"{number} {name}" for name, number in counts.items())
    hours = runs["seconds"].sum() / 3600
    return (
        f"{len(runs)} runs in {hours:.1f} hours: {told}, {runs['contender'].nunique()} samplers."
    )
