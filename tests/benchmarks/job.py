"""What a contender is told, and what it hands back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import spaces
import tables


@dataclass(frozen=True)
class Limit:
    """What ends a search: a number of trials or of seconds."""

    trials: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Job:
    """Rows to tune on, and how: all that a contender is told."""

    X: pd.DataFrame
    y: pd.Series
    scoring: str
    family: str
    limit: Limit
    seed: int

    @property
    def regression(self) -> bool:
        return self.scoring == tables.RMSE

    def folds(self) -> Any:
        return spaces.splitter(self.scoring, self.seed)

    def estimator(self) -> tuple[Any, str]:
        return spaces.estimator(self.family, self.scoring, self.seed)


Outcome = tuple[Any, int | None]
