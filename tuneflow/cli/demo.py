"""The command `demo`: several recipes tuned on a real table, and scored on rows held out."""

from __future__ import annotations

import math
import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer import Option

from tuneflow.cli.files import make_folder
from tuneflow.cli.terminal import exit_if_interrupted, is_interrupted

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.tuning.result import Result

RECIPES = ("elastic_net", "svm", "lightgbm", "random_forest", "mlp")
BOARD = [
    *("recipe", "trials", "defaults", "tuned", "improvement"),
    *("test defaults", "test tuned", "seconds"),
]
TEST_SHARE = 0.25
ABOUT = """diabetes (Efron et al. 2004, shipped with scikit-learn): 442 patients,
10 measurements; to be predicted is how far the disease has got a year later. Scores are R2:
1 is perfect, and 0 is no better than the mean."""
SPLIT = f"{TEST_SHARE:.0%} of the rows are held out; the others are tuned on in 5 folds."


def demo(
    out: Annotated[
        Path | None, Option(help="Folder for report.md, leaderboard.csv and the trials.")
    ] = None,
    trials: Annotated[int, Option(help="Most trials for a recipe.")] = 40,
    seconds: Annotated[float, Option(help="Most seconds for a recipe.")] = 8,
    seed: Annotated[int, Option(min=0, help="Of the split, folds, models and sampler.")] = 0,
) -> None:
    """Tune five recipes on a real table, in a minute."""
    from sklearn.datasets import load_diabetes

    from tuneflow.tuning.tune import tune

    make_folder(out)
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    typer.echo(f"The table is {ABOUT}\n{SPLIT}")
    results: list[Result] = []
    for number, recipe in enumerate(RECIPES, start=1):
        place = f"[{number}/{len(RECIPES)}] {recipe}"
        typer.echo(f"{place}: {trials} trials or {seconds:g} s", err=True)
        # All recipes have the same folds, and the same rows held out.
        options: dict[str, Any] = {"scoring": "r2", "test_size": TEST_SHARE, "random_state": seed}
        results.append(tune(X, y, recipe, n_trials=trials, timeout=seconds, **options))
        if is_interrupted(results[-1].remarks):
            break
    board = leaderboard(results)
    said = f"{board.to_string(index=False, float_format='{:.3f}'.format)}\n\n{verdict(board)}"
    typer.echo(f"\n{said}")
    if out:
        repeat = f"tuneflow demo --seed {seed} --trials {trials} --seconds {seconds:g}"
        sections = [f"# tuneflow demo\n\n{ABOUT}\n{SPLIT}", f"```\n{said}\n```"]
        sections += ["## The best configurations", *(f"```\n{each!r}\n```" for each in results)]
        sections += [f"## How to repeat it\n\n```\n{repeat}\n```", *_repeatable(results, trials)]
        (out / "report.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")
        board.to_csv(out / "leaderboard.csv", index=False)
        for result in results:
            result.trials().to_csv(out / f"trials-{result.recipe.name}.csv")
        typer.echo(f"Saved: report.md, leaderboard.csv and the trials of each recipe in {out}.")
    exit_if_interrupted(results[-1].remarks)


def leaderboard(results: Sequence[Result]) -> pd.DataFrame:
    """One row a recipe, best first by cross-validation: the rows held out choose nothing."""
    import pandas as pd

    rows = []
    for result in results:
        trials, holdout = result.trials(), result.holdout
        folds = (result.default_score, result.best_score, result.improvement)
        held_out = (holdout.default, holdout.score) if holdout else (math.nan, math.nan)
        seconds = math.ceil(trials["seconds"].sum())
        rows.append((result.recipe.name, len(trials), *folds, *held_out, seconds))
    board = pd.DataFrame(rows, columns=BOARD).round(4)
    return board.sort_values("tuned", ascending=False, ignore_index=True)


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


def _repeatable(results: Sequence[Result], trials: int) -> list[str]:
    """How far the numbers come out the same again, and which versions gave them."""
    unfinished = [
        r.recipe.name for r in results if len(r.study.get_trials(deepcopy=False)) < trials
    ]
    same = "No recipe ran out of time, so the same versions give the same numbers."
    if unfinished:
        same = (
            f"Out of time before trial {trials}: {', '.join(unfinished)}. Their numbers depend on "
            "the machine; the others come out the same with the same versions."
        )
    python = f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    libraries = (f"{name} {number}" for name, number in results[0].header.versions.items())
    return [same, "; ".join([python, *libraries]) + "."]
