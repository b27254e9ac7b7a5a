"""The options that commands share, and the words that the shell completes."""

from pathlib import Path
from typing import Annotated

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


def number(text: str) -> float:
    """A whole number if it is one, so that 5 is a number of folds and 0.25 a share."""
    value = float(text)
    return int(value) if value.is_integer() else value


Data = Annotated[Path, Argument(help="A .csv, .csv.gz, .tsv or .parquet file.")]
Target = Annotated[str, Option("--target", "-y", help="The column to be predicted.")]
Scoring = Annotated[str | None, Option(help="A scikit-learn scorer; by default one for the task.")]
Folds = Annotated[
    float,
    Option(
        parser=number, metavar="<float>", help="Number of folds, or the share of a holdout: 0.25."
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
