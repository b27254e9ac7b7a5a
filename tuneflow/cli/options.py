"""The options that commands share, and the words that the shell completes."""

from pathlib import Path
from typing import Annotated, Any

from typer import Argument, Option


def recipe_names() -> list[str]:
    """What the shell completes, by what has been typed so far, to the name of a recipe."""
    from tuneflow.recipe.catalogue import recipes

    return list(recipes().index)


def sampler_names() -> list[str]:
    """The same for a sampler."""
    from tuneflow.search.samplers import SAMPLERS

    return list(SAMPLERS)


def pruner_names() -> list[str]:
    """The same for a pruner."""
    from tuneflow.search.strategy import PRUNERS

    return list(PRUNERS)


def folds(text: str) -> Any:
    """A whole number of folds, the share of a holdout, or folds that follow the order of rows."""
    if text == "time":
        from sklearn.model_selection import TimeSeriesSplit

        return TimeSeriesSplit()
    value = float(text)
    return int(value) if value.is_integer() else value


Data = Annotated[Path, Argument(help="A .csv, .csv.gz, .tsv or .parquet file.")]
Target = Annotated[str, Option("--target", "-y", help="The column to be predicted.")]
Scoring = Annotated[str | None, Option(help="A scikit-learn scorer; by default one for the task.")]
Task = Annotated[
    str | None, Option(help="classification or regression; by default a guess that is explained.")
]
Positive = Annotated[str | None, Option(help="The label that f1 and the like count as positive.")]
Groups = Annotated[str | None, Option(help="A column whose groups are never split.")]
Weights = Annotated[str | None, Option(help="A column of weights of rows.")]
TestSize = Annotated[float | None, Option(help="Share of the rows that no search sees: 0.2.")]
Drop = Annotated[str, Option(help="Columns to leave out, with commas.")]
Separator = Annotated[str | None, Option(help="Of a text file; by default a guess.")]
Folds = Annotated[
    Any,
    Option(
        parser=folds,
        metavar="<float>",
        help="Number of folds, share of a holdout: 0.25, or: time.",
    ),
]
Storage = Annotated[
    str | None, Option(help="Keep the study or studies, and resume them: churn.db, or a URL.")
]
Jobs = Annotated[int, Option("--jobs", "-j", help="Trials at a time; -1: one a core.")]
TrialTimeout = Annotated[
    float | None, Option(help="Seconds after which a trial is ended, and its process replaced.")
]
Quiet = Annotated[bool, Option("--quiet", "-q", help="Print notes and errors only.")]
Recipe = Annotated[
    str,
    Option("--recipe", "-r", help="A name or a TOML file.", autocompletion=recipe_names),
]
StoredIn = Annotated[str, Argument(metavar="STORAGE", help="A file or a URL that holds studies.")]
StudyName = Annotated[
    str | None, Option("--study", help="Which study; by default the one touched last.")
]
