"""A real table from end to end: several recipes tuned, compared on rows that none has seen."""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuneflow.storage.records import read_header

if TYPE_CHECKING:
    import pandas as pd

    from tuneflow.tuning.result import Result

RECIPES = ("elastic_net", "svm", "lightgbm", "random_forest", "mlp")
SCORING = "r2"
TEST_SHARE = 0.25
ABOUT = """diabetes (Efron et al. 2004, shipped with scikit-learn): 442 patients,
10 measurements; to be predicted is how far the disease has got a year later. Scores are R2:
1 is perfect, and 0 is no better than the mean."""


@dataclass(frozen=True)
class Table:
    """The rows to tune on, and the rows that are held out."""

    X: pd.DataFrame
    y: pd.Series
    X_test: pd.DataFrame
    y_test: pd.Series

    @classmethod
    def load(cls, seed: int) -> Table:
        """Read the table and hold a part out."""
        from sklearn.datasets import load_diabetes
        from sklearn.model_selection import train_test_split

        X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
        X, X_test, y, y_test = train_test_split(X, y, test_size=TEST_SHARE, random_state=seed)
        return cls(X, y, X_test, y_test)

    def score(self, result: Result) -> float:
        """What the refitted model is worth on the rows held out."""
        from sklearn.metrics import r2_score

        return float(r2_score(self.y_test, result.predict(self.X_test)))


@dataclass(frozen=True)
class Limits:
    """What each recipe may spend, and the seed of everything."""

    trials: int
    seconds: float
    seed: int


@dataclass(frozen=True)
class Outcome:
    """What became of one recipe.

    Attributes:
        result: The tuned recipe.
        test_defaults: Score of the defaults, refitted, on the rows held out.
        test_tuned: The same of the best configuration.
        seconds: Wall clock, refits included.
    """

    result: Result
    test_defaults: float
    test_tuned: float
    seconds: float

    @property
    def cells(self) -> dict[str, Any]:
        """A line of the leaderboard."""
        return {
            "recipe": self.result.recipe.name,
            "trials": len(self.result.study.get_trials(deepcopy=False)),
            "defaults": round(self.result.default_score, 4),
            "tuned": round(self.result.best_score, 4),
            "improvement": round(self.result.improvement, 4),
            "test defaults": round(self.test_defaults, 4),
            "test tuned": round(self.test_tuned, 4),
            "seconds": math.ceil(self.seconds),
        }


def run(recipe: str, table: Table, limits: Limits, *, progress: bool = True) -> Outcome:
    """Tune one recipe, and score its defaults and its best on the rows held out."""
    import optuna

    from tuneflow.tuning.tune import tune

    started = time.perf_counter()
    storage = optuna.storages.InMemoryStorage()  # the second call goes on where the first ended
    defaults, tuned = (
        tune(
            table.X,
            table.y,
            recipe,
            scoring=SCORING,
            n_trials=trials,
            timeout=seconds,
            storage=storage,
            random_state=limits.seed,
            progress=progress and trials > 1,
        )
        for trials, seconds in ((1, None), (limits.trials, limits.seconds))
    )
    scores = table.score(defaults), table.score(tuned)
    return Outcome(tuned, *scores, seconds=time.perf_counter() - started)


def leaderboard(outcomes: Sequence[Outcome]) -> pd.DataFrame:
    """One row a recipe, best first by cross-validation: the rows held out choose nothing."""
    import pandas as pd

    rows = pd.DataFrame([outcome.cells for outcome in outcomes])
    return rows.sort_values("tuned", ascending=False, ignore_index=True)


def as_text(board: pd.DataFrame) -> str:
    """The leaderboard for a terminal."""
    return board.to_string(index=False, float_format="{:.3f}".format)


def verdict(board: pd.DataFrame) -> str:
    """What the leaderboard says, and how far it can be trusted."""
    first = board.iloc[0]
    lifted = int((board["improvement"] > 0).sum())
    held = int((board["test tuned"] > board["test defaults"]).sum())
    return (
        f"Cross-validation picks {first['recipe']}: {first['tuned']:.3f}, and "
        f"{first['test tuned']:.3f} on the rows held out (its defaults: "
        f"{first['test defaults']:.3f}).\n"
        f"Tuning raised the score in cross-validation for {lifted} of {len(board)} recipes, "
        f"and on the rows held out for {held}.\n"
        "'tuned' is the best of all trials, so it flatters; 'test tuned' does not, but rests on "
        "few rows:\ndifferences of a few hundredths may be chance."
    )


def write_report(folder: Path, outcomes: Sequence[Outcome], limits: Limits) -> None:
    """Write ``leaderboard.csv``, ``report.md`` and the trials of each recipe into a folder."""
    board = leaderboard(outcomes)
    board.to_csv(folder / "leaderboard.csv", index=False)
    for outcome in outcomes:
        name = outcome.result.recipe.name
        outcome.result.trials().to_csv(folder / f"trials-{name}.csv")
    text = "\n\n".join(_sections(board, outcomes, limits)) + "\n"
    (folder / "report.md").write_text(text, encoding="utf-8")


def _sections(board: pd.DataFrame, outcomes: Sequence[Outcome], limits: Limits) -> tuple[str, ...]:
    header = read_header(outcomes[0].result.study)
    rows = header.rows if header else 0
    return (
        "# tuneflow demo",
        ABOUT,
        f"{rows} rows were tuned on in 5 folds; {TEST_SHARE:.0%} of all rows were held out.",
        _markdown(board),
        verdict(board),
        "## The best configurations",
        *(f"```\n{outcome.result!r}\n```" for outcome in outcomes),
        "## How to repeat it",
        f"```\ntuneflow demo --seed {limits.seed} --trials {limits.trials} "
        f"--seconds {limits.seconds:g}\n```",
        _repeatable(board, limits),
        _surroundings(header.versions if header else {}),
    )


def _repeatable(board: pd.DataFrame, limits: Limits) -> str:
    cut = board.loc[board["trials"] < limits.trials, "recipe"]
    if cut.empty:
        return "No recipe ran out of time, so the same versions give the same numbers."
    return (
        f"Out of time before trial {limits.trials}: {', '.join(cut)}. Their numbers depend on the "
        "machine; the others come out the same with the same versions."
    )


def _surroundings(versions: Any) -> str:
    python = f"Python {platform.python_version()} on {platform.platform()}, {os.cpu_count()} cores"
    return "; ".join([python, *(f"{name} {number}" for name, number in versions.items())]) + "."


def _markdown(board: pd.DataFrame) -> str:
    shown = [[_cell(value) for value in row] for row in board.astype(object).to_numpy().tolist()]
    lines = [[*map(str, board.columns)], ["---"] * board.shape[1], *shown]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _cell(value: Any) -> str:
    return f"{value:.3f}" if isinstance(value, float) else str(value)
