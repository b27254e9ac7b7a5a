"""The shell's command `compare`: contenders on a table, and who is ahead."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tuneflow.cli.terminal import as_text, interrupted
from tuneflow.errors import SearchError

if TYPE_CHECKING:
    from tuneflow.comparison.comparison import Comparison

SHOWN = ["runs", "failed", "median", "spread", "rank", "wins", "trials_to_best", "seconds"]
OUT = (".csv", ".html")


def add_to(app: typer.Typer) -> None:
    """Give an application this command."""
    app.command("compare")(compare)


def compare(  # noqa: PLR0913 -- the options of a command are its signature
    data: Annotated[Path, Argument(help="A .csv, .csv.gz, .tsv or .parquet file.")],
    *,
    target: Annotated[str, Option("--target", "-y", help="The column to be predicted.")],
    samplers: Annotated[str | None, Option(help="Words with commas: random,tpe.")] = None,
    recipes: Annotated[str | None, Option(help="Names or files with commas.")] = None,
    pruners: Annotated[str | None, Option(help="Words with commas: none,median.")] = None,
    recipe: Annotated[str, Option("--recipe", "-r", help="A name or a TOML file.")] = "lightgbm",
    seeds: Annotated[int, Option(help="Runs of every contender.")] = 5,
    trials: Annotated[
        int | None, Option(help="Of every run; by default 50, or what fits into --timeout.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds of every run.")] = None,
    scoring: Annotated[
        str | None, Option(help="A scikit-learn scorer; by default one for the task.")
    ] = None,
    cv: Annotated[float, Option(help="Number of folds, or the share of a holdout: 0.25.")] = 5,
    storage: Annotated[
        str | None, Option(help="Keep the runs, and resume: cmp.db, or a URL.")
    ] = None,
    name: Annotated[str, Option(help="Of the comparison in the storage.")] = "comparison",
    jobs: Annotated[int, Option("--jobs", "-j", help="Trials at a time; -1: one a core.")] = 1,
    seed: Annotated[int, Option(help="The first seed.")] = 0,
    out: Annotated[
        Path | None, Option(help="A page, .html; or the table of contenders, .csv.")
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print notes and errors only.")] = False,
) -> None:
    """Compare samplers, recipes or pruners over several seeds."""
    from tuneflow.cli.files import read_table

    _check(out)
    frame = read_table(data)
    from tuneflow.comparison.compare import compare as compare_

    comparison = compare_(
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
        cv=int(cv) if float(cv).is_integer() else cv,
        storage=storage,
        name=name,
        n_jobs=jobs,
        random_state=seed,
        progress=not quiet,
    )
    _save(comparison, out)
    if not quiet:
        typer.echo(_told(comparison, out))
    if interrupted(comparison):
        raise typer.Exit(130)


def _check(out: Path | None) -> None:
    """Refuse a file that cannot be written before hours are spent on what it shall hold."""
    if out is None:
        return
    if out.suffix not in OUT:
        raise SearchError(f"--out: a file that ends in {' or '.join(OUT)} is needed; got {out}.")
    out.parent.mkdir(parents=True, exist_ok=True)


def _split(words: str | None) -> list[str] | None:
    return None if words is None else [word.strip() for word in words.split(",") if word.strip()]


def _save(comparison: Comparison, out: Path | None) -> None:
    if out is None:
        return
    if out.suffix == ".csv":
        comparison.table().to_csv(out)
    else:
        comparison.report().save(out)


def _told(comparison: Comparison, out: Path | None) -> str:
    notes = [f"note: {remark}" for remark in comparison.remarks]
    saved = [f"Saved: {out}."] if out else []
    table = as_text(comparison.table()[SHOWN].reset_index())
    return "\n".join([table, "", comparison.verdict, *notes, *saved])
