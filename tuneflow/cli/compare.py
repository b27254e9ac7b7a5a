"""The command `compare`: contenders on a table, and who is ahead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from tuneflow.cli import options
from tuneflow.cli.files import make_folder, read_table
from tuneflow.cli.terminal import as_text, exit_if_interrupted
from tuneflow.errors import SearchError

if TYPE_CHECKING:
    from tuneflow.comparison.comparison import Comparison

COLUMNS = ["runs", "failed", "median", "spread", "rank", "wins", "trials_to_best", "seconds"]
ENDINGS = (".csv", ".html")


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
    _check(out)
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
        typer.echo(_summary(comparison, out))
    exit_if_interrupted(comparison.remarks)


def _check(out: Path | None) -> None:
    """Refuse a file that cannot be written before hours are spent on what it shall hold."""
    if out and out.suffix not in ENDINGS:
        ends = " or ".join(ENDINGS)
        raise SearchError(f"--out: a file that ends in {ends} is needed; got {out}.")
    make_folder(out and out.parent)


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _summary(comparison: Comparison, out: Path | None) -> str:
    notes = [f"note: {remark}" for remark in comparison.remarks]
    saved = [f"Saved: {out}."] if out else []
    table = as_text(comparison.table()[COLUMNS].reset_index())
    return "\n".join([table, "", comparison.verdict, *notes, *saved])
