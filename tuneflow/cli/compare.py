"""The command `compare`: contenders on a table, and who is ahead."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from typer import Option

from tuneflow.cli import options
from tuneflow.cli.files import make_folder, read_table
from tuneflow.cli.terminal import as_text, exit_if_interrupted
from tuneflow.errors import SearchError

COLUMNS = ["runs", "failed", "median", "spread", "rank", "wins", "trials_to_best", "seconds"]


def compare(  # noqa: PLR0913 -- the options of a command are its signature
    data: options.Data,
    *,
    target: options.Target,
    samplers: Annotated[str | None, Option(help="Words with commas: random,tpe.")] = None,
    recipes: Annotated[str | None, Option(help="Names or files with commas.")] = None,
    pruners: Annotated[str | None, Option(help="Words with commas: none,median.")] = None,
    recipe: options.Recipe = "lightgbm",
    seeds: Annotated[int, Option(help="Runs of every contender.")] = 5,
    trials: Annotated[
        int | None, Option(help="Of every run; by default 50, or what fits into --timeout.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds of every run.")] = None,
    task: options.Task = None,
    positive: options.Positive = None,
    scoring: options.Scoring = None,
    cv: options.Folds = 5,
    storage: options.Storage = None,
    name: Annotated[str, Option(help="Of the comparison in the storage.")] = "comparison",
    jobs: options.Jobs = 1,
    seed: Annotated[int, Option(help="The first seed.")] = 0,
    out: Annotated[
        Path | None, Option(help="A page, .html; or the table of contenders, .csv.")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Compare samplers, recipes or pruners over several seeds."""
    if out and out.suffix not in (".csv", ".html"):  # before hours are spent on what it shall hold
        raise SearchError(f"--out: a file that ends in .csv or .html is needed; got {out}.")
    make_folder(out and out.parent)
    frame = read_table(data)
    from tuneflow.comparison import compare as comparing

    comparison = comparing.compare(
        frame,
        target,
        recipe,
        samplers=_split(samplers),
        recipes=_split(recipes),
        pruners=_split(pruners),
        n_seeds=seeds,
        n_trials=trials,
        timeout=timeout,
        task=task,
        pos_label=positive,
        scoring=scoring,
        cv=cv,
        storage=storage,
        name=name,
        n_jobs=jobs,
        random_state=seed,
        progress=not quiet,
    )
    if out and out.suffix == ".csv":
        comparison.table().to_csv(out)
    elif out:
        comparison.report().save(out)
    if not quiet:
        table = as_text(comparison.table()[COLUMNS].reset_index())
        notes = [f"note: {remark}" for remark in comparison.remarks]
        saved = [f"Saved: {out}."] if out else []
        typer.echo("\n".join([table, "", comparison.verdict, *notes, *saved]))
    exit_if_interrupted(comparison.remarks)


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]
