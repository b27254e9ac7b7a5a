"""The command `demo`: several recipes tuned on a real table, and scored on rows held out."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tuneflow.cli.files import make_folder
from tuneflow.cli.terminal import exit_if_interrupted

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.tuning.result import Result

RECIPES = ("elastic_net", "svm", "lightgbm", "random_forest", "mlp")
TEST_SHARE = 0.25
ABOUT = """diabetes (Efron et al. 2004, shipped with scikit-learn): 442 patients,
10 measurements; to be predicted is how far the disease has got a year later. Scores are R2:
1 is perfect, and 0 is no better than the mean."""


@dataclass(frozen=True)
class Limits:
    """What each recipe may spend, and the seed of everything."""

    trials: int
    seconds: float
    seed: int


def demo(
    out: Annotated[
        Path | None, Option(help="Folder for report.md, leaderboard.csv and the trials.")
    ] = None,
    trials: Annotated[int, Option(help="Most trials for a recipe.")] = 40,
    seconds: Annotated[float, Option(help="Most seconds for a recipe.")] = 8,
    seed: Annotated[int, Option(min=0, help="Of the split, folds, models and sampler.")] = 0,
) -> None:
    """Tune five recipes on a real table, in a minute."""
    make_folder(out)
    typer.echo(f"The table is {ABOUT}")
    typer.echo(f"{TEST_SHARE:.0%} of the rows are held out; the others are tuned on in 5 folds.")
    limits, results, rows = Limits(trials, seconds, seed), [], []
    for number, recipe in enumerate(RECIPES, start=1):
        typer.echo(
            f"[{number}/{len(RECIPES)}] {recipe}: {trials} trials or {seconds:g} s", err=True
        )
        started = time.perf_counter()
        results.append(tune_one(recipe, limits))
        rows.append(scores_of(results[-1], time.perf_counter() - started))
        if any(remark.startswith("interrupted") for remark in results[-1].remarks):
            break
    board = leaderboard(rows)
    typer.echo(f"\n{as_text(board)}\n\n{verdict(board)}")
    if out:
        write_report(out, board, results, limits)
        typer.echo(f"Saved: report.md, leaderboard.csv and the trials of each recipe in {out}.")
    exit_if_interrupted(results[-1].remarks)


def tune_one(recipe: str, limits: Limits) -> Result:
    """Tune one recipe; all recipes have the same folds, and the same rows held out."""
    from sklearn.datasets import load_diabetes

    from tuneflow.tuning.tune import tune

    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    return tune(
        X,
        y,
        recipe,
        scoring="r2",
        test_size=TEST_SHARE,
        n_trials=limits.trials,
        timeout=limits.seconds,
        random_state=limits.seed,
    )


def scores_of(result: Result, seconds: float) -> dict[str, Any]:
    """A row of the leaderboard: scores in the folds, and on the rows held out."""
    holdout = result.holdout
    return {
        "recipe": result.recipe.name,
        "trials": len(result.study.get_trials(deepcopy=False)),
        "defaults": round(result.default_score, 4),
        "tuned": round(result.best_score, 4),
        "improvement": round(result.improvement, 4),
        "test defaults": round(holdout.default, 4) if holdout else math.nan,
        "test tuned": round(holdout.score, 4) if holdout else math.nan,
        "seconds": math.ceil(seconds),
    }


def leaderboard(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """One row a recipe, best first by cross-validation: the rows held out choose nothing."""
    import pandas as pd

    return pd.DataFrame(rows).sort_values("tuned", ascending=False, ignore_index=True)


def as_text(board: pd.DataFrame) -> str:
    """The leaderboard for a terminal, and for a report."""
    return board.to_string(index=False, float_format="{:.3f}".format)


def verdict(board: pd.DataFrame) -> str:
    """What the leaderboard says, and how far it can be trusted."""
    first = board.iloc[0]
    in_folds = int((board["improvement"] > 0).sum())
    held_out = int((board["test tuned"] > board["test defaults"]).sum())
    return (
        f"Cross-validation picks {first['recipe']}: {first['tuned']:.3f}, and "
        f"{first['test tuned']:.3f} on the rows held out (its defaults: "
        f"{first['test defaults']:.3f}).\n"
        f"Tuning raised the score in cross-validation for {in_folds} of {len(board)} recipes, "
        f"and on the rows held out for {held_out}.\n"
        "'tuned' is the best of all trials, so it flatters; 'test tuned' does not, but rests on "
        "few rows:\ndifferences of a few hundredths may be chance."
    )


def write_report(
    folder: Path, board: pd.DataFrame, results: Sequence[Result], limits: Limits
) -> None:
    """Write ``leaderboard.csv``, ``report.md`` and the trials of each recipe into a folder."""
    board.to_csv(folder / "leaderboard.csv", index=False)
    for result in results:
        result.trials().to_csv(folder / f"trials-{result.recipe.name}.csv")
    command = "tuneflow demo --seed {0.seed} --trials {0.trials} --seconds {0.seconds:g}"
    sections = (
        "# tuneflow demo",
        ABOUT,
        f"{TEST_SHARE:.0%} of all rows were held out; the others were tuned on in 5 folds.",
        f"```\n{as_text(board)}\n```",
        verdict(board),
        "## The best configurations",
        *(f"```\n{result!r}\n```" for result in results),
        "## How to repeat it",
        f"```\n{command.format(limits)}\n```",
        _repeatable(board, limits),
        _versions(results[0]),
    )
    (folder / "report.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _repeatable(board: pd.DataFrame, limits: Limits) -> str:
    unfinished = board.loc[board["trials"] < limits.trials, "recipe"]
    if unfinished.empty:
        return "No recipe ran out of time, so the same versions give the same numbers."
    return (
        f"Out of time before trial {limits.trials}: {', '.join(unfinished)}. Their numbers depend "
        "on the machine; the others come out the same with the same versions."
    )


def _versions(result: Result) -> str:
    from tuneflow.storage.records import read_header

    header = read_header(result.study)
    python = f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    libraries = header.versions if header else {}
    return "; ".join([python, *(f"{name} {number}" for name, number in libraries.items())]) + "."
