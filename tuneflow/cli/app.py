"""The shell's front door: a command reads files, calls one function and writes what it gave.

Libraries are imported inside the commands, so that ``tuneflow --help`` does not wait for them.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tuneflow.cli import compare as contest
from tuneflow.cli import report as publish
from tuneflow.cli import workers as cluster
from tuneflow.cli.terminal import Door, interrupted, recipe_list, recipe_page, said_once
from tuneflow.errors import DataError

if TYPE_CHECKING:
    from tuneflow.tuning.several_recipes import Recipes

TRIALS = 50  # as `tune` has it
EXITS = """Exit codes: 0 all is well; 1 no trial came to a score; 2 wrong input; 70 a bug;
130 interrupted."""

app = typer.Typer(
    cls=Door,
    help="One line tunes a tabular model well.",
    epilog=EXITS,
    no_args_is_help=True,
    rich_markup_mode=None,  # plain text: half the time, and the same in a log
    pretty_exceptions_enable=False,
)
publish.add_to(app)
contest.add_to(app)
cluster.add_to(app)


def main() -> None:
    """Run the command that the shell asks for; the process ends here."""
    app()


def _version(wanted: bool) -> None:
    if wanted:  # the package is loaded before its rooms, so nothing is imported upwards
        typer.echo(f"tuneflow {sys.modules['tuneflow'].__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, Option("--version", callback=_version, is_eager=True, help="Say which.")
    ] = False,
    debug: Annotated[
        bool, Option("--debug", help="Show tracebacks; may stand after the command too.")
    ] = False,
) -> None:
    """Take the options that all commands share."""


def _recipe_names(incomplete: str) -> list[str]:
    from tuneflow.recipe.recipe import recipes

    return _beginning(incomplete, recipes().index)


def _samplers(incomplete: str) -> list[str]:
    from tuneflow.search.strategy import SAMPLERS

    return _beginning(incomplete, SAMPLERS)


def _pruners(incomplete: str) -> list[str]:
    from tuneflow.search.strategy import PRUNERS

    return _beginning(incomplete, PRUNERS)


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]


@app.command("recipes")
def _recipes(
    name: Annotated[
        str | None, Argument(help="Show this one; all, if left out.", autocompletion=_recipe_names)
    ] = None,
    schema: Annotated[
        bool, Option("--schema", help="Print the JSON schema of a recipe file instead.")
    ] = False,
) -> None:
    """List the recipes, or show one."""
    from tuneflow.recipe import recipe

    if schema:
        typer.echo(recipe.json_schema(), nl=False)
    elif name is None:
        typer.echo(recipe_list(recipe.recipes()))
    else:
        typer.echo(recipe_page(recipe.load_recipe(name)))


@app.command("tune")
def _tune(  # noqa: PLR0913 -- the options of a command are its signature
    data: Annotated[Path, Argument(help="A .csv, .csv.gz, .tsv or .parquet file.")],
    *,
    target: Annotated[str, Option("--target", "-y", help="The column to be predicted.")],
    recipe: Annotated[
        str, Option("--recipe", "-r", help="Names, files or auto.", autocompletion=_recipe_names)
    ] = "lightgbm",
    sampler: Annotated[
        str | None, Option(help="A word: tpe; by default the recipe's.", autocompletion=_samplers)
    ] = None,
    pruner: Annotated[
        str | None, Option(help="A word: none; by default the recipe's.", autocompletion=_pruners)
    ] = None,
    trials: Annotated[
        int | None, Option(help="By default 50, the whole grid, or what fits into --timeout.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds in all, the refit included.")] = None,
    scoring: Annotated[
        str | None, Option(help="A scikit-learn scorer; by default one for the task.")
    ] = None,
    cv: Annotated[float, Option(help="Number of folds, or the share of a holdout: 0.25.")] = 5,
    storage: Annotated[
        str | None, Option(help="Keep the study, and resume it: churn.db, or a URL.")
    ] = None,
    study: Annotated[
        str | None, Option(help="Name of the study; by default the recipe's.")
    ] = None,
    jobs: Annotated[int, Option("--jobs", "-j", help="Trials at a time; -1: one a core.")] = 1,
    trial_timeout: Annotated[
        float | None, Option(help="Seconds after which a trial is given up.")
    ] = None,
    seed: Annotated[int, Option(help="Of folds, models and sampler.")] = 0,
    out: Annotated[
        Path | None, Option(help="Folder for model.skops, trials.csv and best.json.")
    ] = None,
    quiet: Annotated[bool, Option("--quiet", "-q", help="Print notes and errors only.")] = False,
) -> None:
    """Tune a recipe on a table; refit the best on every row."""
    from tuneflow.cli import files

    _folder(out)
    loaded, frame = _loaded(recipe), files.read_table(data)
    from tuneflow.study.workers.workers import Workers
    from tuneflow.tuning.tune import tune  # takes seconds: wrong names are refused before

    with said_once(not quiet):
        result = tune(
            frame,
            target,
            loaded,
            scoring=scoring,
            cv=int(cv) if float(cv).is_integer() else cv,
            sampler=sampler,
            pruner=pruner,
            n_trials=_limit(trials, timeout, sampler or getattr(loaded, "sampler", None)),
            timeout=timeout,
            storage=storage,
            study_name=study,
            n_jobs=Workers(jobs, trial_timeout=trial_timeout),
            random_state=seed,
            progress=not quiet,
        )
    if out:
        files.save_result(result, out)
    if not quiet:
        typer.echo(f"{result!r}\n{_left(out)}")
    if interrupted(result):
        raise typer.Exit(130)


def _loaded(names: str) -> Recipes:
    """A recipe, or those that share a budget: wrong names are refused before anything is read."""
    from tuneflow.recipe.recipe import load_recipe

    several = [] if names == "auto" else [load_recipe(name) for name in names.split(",")]
    return several[0] if len(several) == 1 else several or names


def _folder(path: Path | None) -> None:
    """Make a folder now: a long search shall not end in one that cannot be made."""
    if path:
        path.mkdir(parents=True, exist_ok=True)


def _limit(trials: int | None, timeout: float | None, sampler: str | None) -> int | None:
    given = trials is not None or timeout is not None
    return trials if given or sampler == "grid" else TRIALS


def _left(out: Path | None) -> str:
    if out is None:
        return "Nothing was saved; --out DIR keeps the model."
    return f"""Saved: model.skops, trials.csv and best.json in {out}. To use the model:

  import tuneflow
  model = tuneflow.load({str(out / "model.skops")!r}); model.predict(new_rows)"""


@app.command("predict")
def _predict(
    model: Annotated[Path, Argument(help="What tune --out has saved.")],
    data: Annotated[Path, Argument(help="New rows; further columns do no harm.")],
    out: Annotated[
        Path | None, Option(help="The CSV file to be written; by default the terminal.")
    ] = None,
    proba: Annotated[
        bool, Option("--proba", help="One column a class, with its probability.")
    ] = False,
) -> None:
    """Predict new rows with a saved model, as CSV."""
    import pandas as pd

    from tuneflow.cli.files import read_table
    from tuneflow.models.pipeline import load

    if not model.is_file():
        raise DataError(f"model: there is no file {model}.")
    _folder(out and out.parent)
    fitted = load(model)
    rows = read_table(data, [c.name for c in fitted.schema.columns if c.kind == "category"])
    if proba:
        predicted = pd.DataFrame(fitted.predict_proba(rows), columns=fitted.classes_)
    else:
        predicted = pd.DataFrame({"prediction": fitted.predict(rows)})
    predicted.to_csv(out or sys.stdout, index=False)
    if out:
        typer.echo(f"Saved: {len(predicted)} predictions in {out}.", err=True)


@app.command("demo")
def _demo(
    out: Annotated[
        Path | None, Option(help="Folder for report.md, leaderboard.csv and the trials.")
    ] = None,
    trials: Annotated[int, Option(help="Most trials for a recipe.")] = 40,
    seconds: Annotated[float, Option(help="Most seconds for a recipe.")] = 8,
    seed: Annotated[int, Option(min=0, help="Of the split, folds, models and sampler.")] = 0,
) -> None:
    """Tune five recipes on a real table, in a minute."""
    from tuneflow.cli import demo

    _folder(out)
    limits = demo.Limits(trials, seconds, seed)
    table = demo.Table.load(seed)
    typer.echo(f"The table is {demo.ABOUT}")
    typer.echo(f"{len(table.X)} rows are tuned on in 5 folds, {len(table.X_test)} are held out.")
    outcomes: list[demo.Outcome] = []
    for number, recipe in enumerate(demo.RECIPES, start=1):
        typer.echo(
            f"[{number}/{len(demo.RECIPES)}] {recipe}: {trials} trials or {seconds:g} s", err=True
        )
        outcomes.append(demo.run(recipe, table, limits))
        if interrupted(outcomes[-1].result):
            break
    board = demo.leaderboard(outcomes)
    typer.echo(f"\n{demo.as_text(board)}\n\n{demo.verdict(board)}")
    if out:
        demo.write_report(out, outcomes, limits)
        typer.echo(f"Saved: report.md, leaderboard.csv and the trials of each recipe in {out}.")
    if interrupted(outcomes[-1].result):
        raise typer.Exit(130)
