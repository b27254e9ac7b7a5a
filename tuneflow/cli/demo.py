"""The command `demo`: several recipes tuned on a real table, and scored on rows held out."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Mapping, Sequence
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
    make_folder(out)
    typer.echo(f"The table is {ABOUT}\n{SPLIT}")
    limit, results, rows = f"{trials} trials or {seconds:g} s", [], []
    for number, recipe in enumerate(RECIPES, start=1):
        typer.echo(f"[{number}/{len(RECIPES)}] {recipe}: {limit}", err=True)
        started = time.perf_counter()
        results.append(tune_one(recipe, trials, seconds, seed))
        rows.append(scores_of(results[-1], time.perf_counter() - started))
        if is_interrupted(results[-1].remarks):
            break
    board = leaderboard(rows)
    typer.echo(f"\n{as_text(board)}\n\n{verdict(board)}")
    if out:
        repeat = f"tuneflow demo --seed {seed} --trials {trials} --seconds {seconds:g}"
        write_report(out, board, results, f"```\n{repeat}\n```\n\n{_repeatable(board, trials)}")
        typer.echo(f"Saved: report.md, leaderboard.csv and the trials of each recipe in {out}.")
    exit_if_interrupted(results[-1].remarks)


def tune_one(recipe: str, trials: int, seconds: float, seed: int) -> Result:
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
        n_trials=trials,
        timeout=seconds,
        random_state=seed,
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
    folder: Path, board: pd.DataFrame, results: Sequence[Result], how_to_repeat: str
) -> None:
    """Write ``leaderboard.csv``, ``report.md`` and the trials of each recipe into a folder."""
    board.to_csv(folder / "leaderboard.csv", index=False)
    for result in results:
        result.trials().to_csv(folder / f"trials-{result.recipe.name}.csv")
    sections = (
        f"# tuneflow demo\n\n{ABOUT}\n{SPLIT}",
        f"```\n{as_text(board)}\n```\n\n{verdict(board)}",
        "## The best configurations",
        *(f"```\n{result!r}\n```" for result in results),
        f"## How to repeat it\n\n{how_to_repeat}\n\n{_versions(results[0])}",
    )
    (folder / "report.md").write_text("\n\n".join(sections) + "\n", encoding="utf-8")


def _repeatable(board: pd.DataFrame, trials: int) -> str:
    unfinished = board.loc[board["trials"] < trials, "recipe"]
    if unfinished.empty:
        return "No recipe ran out of time, so the same versions give the same numbers."
    return (
        f"Out of time before trial {trials}: {', '.join(unfinished)}. Their numbers depend on the "
        "machine; the others come out the same with the same versions."
    )


def _versions(result: Result) -> str:
    from tuneflow.storage.user_attrs import read_header

    header = read_header(result.study)
    python = f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    libraries = header.versions if header else {}
    return "; ".join([python, *(f"{name} {number}" for name, number in libraries.items())]) + "."
