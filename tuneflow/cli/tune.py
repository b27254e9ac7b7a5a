"""The commands `tune` and `predict`: a table in, a model out; new rows in, predictions out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Argument, Option

from tuneflow.cli import options
from tuneflow.cli.files import make_folder, read_table, save_result
from tuneflow.cli.options import pruner_names, recipe_names, sampler_names
from tuneflow.cli.terminal import exit_if_interrupted, without_chance_note
from tuneflow.errors import DataError, did_you_mean

if TYPE_CHECKING:
    from tuneflow.tuning.several_recipes import Recipes

TRIALS = 50  # as `tuneflow.tune` has it


def tune(  # noqa: PLR0913 -- the options of a command are its signature
    data: options.Data,
    *,
    target: options.Target,
    recipe: Annotated[
        str, Option("--recipe", "-r", help="Names, files or auto.", autocompletion=recipe_names)
    ] = "lightgbm",
    sampler: Annotated[
        str | None,
        Option(help="A word: tpe; by default the recipe's.", autocompletion=sampler_names),
    ] = None,
    pruner: Annotated[
        str | None,
        Option(help="A word: none; by default the recipe's.", autocompletion=pruner_names),
    ] = None,
    trials: Annotated[
        int | None, Option(help="By default 50, the whole grid, or what fits into --timeout.")
    ] = None,
    timeout: Annotated[float | None, Option(help="Seconds in all, the refit included.")] = None,
    task: options.Task = None,
    positive: options.Positive = None,
    scoring: options.Scoring = None,
    cv: options.Folds = 5,
    groups: options.Groups = None,
    weights: options.Weights = None,
    test_size: options.TestSize = None,
    drop: options.Drop = "",
    separator: options.Separator = None,
    storage: options.Storage = None,
    study: Annotated[
        str | None, Option(help="Name of the study; by default the recipe's.")
    ] = None,
    jobs: options.Jobs = 1,
    trial_timeout: options.TrialTimeout = None,
    seed: Annotated[int, Option(help="Of folds, models and sampler.")] = 0,
    out: Annotated[
        Path | None, Option(help="Folder for model.skops, trials.csv and best.json.")
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Tune a recipe on a table; refit the best on every row."""
    make_folder(out)
    recipes, frame = _load_recipes(recipe), read_table(data, separator=separator, drop=drop)
    from tuneflow.study.workers.workers import Workers
    from tuneflow.tuning import tune as tuning  # takes seconds: wrong names are refused before

    with without_chance_note(not quiet):
        result = tuning.tune(
            frame,
            target,
            recipes,
            task=task,
            pos_label=positive,
            scoring=scoring,
            cv=cv,
            groups=groups,
            sample_weight=weights,
            test_size=test_size,
            sampler=sampler,
            pruner=pruner,
            n_trials=_limit(trials, timeout, sampler or getattr(recipes, "sampler", None)),
            timeout=timeout,
            storage=storage,
            study_name=study,
            n_jobs=Workers(jobs, trial_timeout=trial_timeout),
            random_state=seed,
            progress=not quiet,
        )
    if out:
        save_result(result, out)
    if not quiet:
        typer.echo(f"{result!r}\n{_what_was_saved(out)}")
    exit_if_interrupted(result.remarks)


def _load_recipes(names: str) -> Recipes:
    """A recipe, or those that share a budget: wrong names are refused before anything is read."""
    from tuneflow.recipe.catalogue import load_recipe

    if names == "auto":
        return names
    recipes = [load_recipe(name) for name in names.split(",")]
    return recipes if len(recipes) > 1 else recipes[0]


def _limit(trials: int | None, timeout: float | None, sampler: str | None) -> int | None:
    """The number of trials; None where time or the end of a grid is the limit."""
    if trials is None and timeout is None and sampler != "grid":
        return TRIALS
    return trials


def _what_was_saved(out: Path | None) -> str:
    if out is None:
        return "Nothing was saved; --out DIR keeps the model."
    return f"""Saved: model.skops, trials.csv and best.json in {out}. To use the model:

  import tuneflow
  model = tuneflow.load({str(out / "model.skops")!r}); model.predict(new_rows)"""


def predict(
    model: Annotated[Path, Argument(help="What tune --out has saved.")],
    data: Annotated[Path, Argument(help="New rows; further columns do no harm.")],
    out: Annotated[
        Path | None, Option(help="The CSV file to be written; by default the terminal.")
    ] = None,
    proba: Annotated[
        bool, Option("--proba", help="One column a class, with its probability.")
    ] = False,
    id_: Annotated[str | None, Option("--id", help="A column to put in front.")] = None,
    separator: options.Separator = None,
) -> None:
    """Predict new rows with a saved model, as CSV."""
    import pandas as pd

    from tuneflow.models.saving import categorical_columns, load

    if not model.is_file():
        raise DataError(f"model: there is no file {model}.")
    make_folder(out and out.parent)
    fitted = load(model)
    rows = read_table(data, categorical_columns(fitted), separator)
    if id_ is not None and id_ not in rows:
        raise DataError(
            f"--id: a column is needed; got {id_!r}. {did_you_mean(id_, map(str, rows))}"
        )
    if proba and not hasattr(fitted, "predict_proba"):
        raise DataError("proba: a model that has probabilities is needed; this one has none.")
    try:
        if proba:
            predicted = pd.DataFrame(fitted.predict_proba(rows), columns=fitted.classes_)
        else:
            predicted = pd.DataFrame({"prediction": fitted.predict(rows)})
    except (ValueError, TypeError) as error:
        raise DataError(f"data: {data} is not like the table of the training. {error}") from error
    if id_ is not None:
        predicted.insert(0, id_, rows[id_].to_numpy())
    predicted.to_csv(out or sys.stdout, index=False)
    if out:
        typer.echo(f"Saved: {len(predicted)} predictions in {out}.", err=True)
