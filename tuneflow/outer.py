"""Rows that the search must not see, and what its models score on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit

from tuneflow.data import Data, IntArray
from tuneflow.errors import DataError
from tuneflow.folds import Folds
from tuneflow.ledger import Aside
from tuneflow.metrics import Metric
from tuneflow.reporting import outside
from tuneflow.schema import FloatArray

DRAWS = 1000  # of the bootstrap; a scorer of one's own is asked a tenth as often
SURE = (2.5, 97.5)  # per cent


class Said(Protocol):
    """What a call says of its rows."""

    @property
    def groups(self) -> Any:
        """Group of each row."""

    @property
    def test_size(self) -> Any:
        """A share of the rows, or positions."""


@dataclass(frozen=True)
class Outer(Aside):
    """What models score on rows that nothing has looked at; see :class:`tuneflow.ledger.Aside`.

    >>> print(Outer("r2", 88, 0.5, 0.43, 0.31, 0.52, 0.4, 0.0, 0.1, ()))
    0.43 (0.31 to 0.52 at 95 %, on 88 rows kept aside)
    """

    @property
    def optimism(self) -> float:
        """By how much the folds were too good."""
        return self.inner - self.score

    def table(self) -> pd.DataFrame:
        """Inner against outer score along the study, one row for each trial that led.

        Returns:
            The table ``outer`` of a report; see :func:`tuneflow.reporting.outside.outer`.
        """
        return outside.outer(self)

    def __str__(self) -> str:
        span = f"{self.low:.5g} to {self.high:.5g} at 95 %"
        return f"{self.score:.5g} ({span}, on {self.rows} rows kept aside)"


def held_out(
    data: Data, cv: Any, said: Said, random_state: int
) -> tuple[Data, npt.NDArray[Any] | None, Data | None]:
    """Rows for the search, their groups, and rows that it must not see, if some are kept.

    Raises:
        DataError: Neither a share nor positions.
    """
    groups = None if said.groups is None else np.asarray(said.groups)
    if said.test_size is None:
        return data, groups, None
    aside = _aside(data, cv, groups, said.test_size, random_state)
    kept = np.ones(len(data.y), dtype=bool)
    kept[aside] = False
    inner = np.flatnonzero(kept)
    return data.take(inner), None if groups is None else groups[inner], data.take(aside)


def _aside(data: Data, cv: Any, groups: Any, test_size: Any, random_state: int) -> IntArray:
    rows = len(data.y)
    share = isinstance(test_size, float) and 0 < test_size < 1
    if isinstance(test_size, bool | int | str) or (np.ndim(test_size) == 0 and not share):
        msg = f"test_size: a share between 0 and 1, or positions, are needed; got {test_size!r}."
        raise DataError(msg)
    if share and isinstance(cv, TimeSeriesSplit):  # the future stays the future
        return np.arange(rows - max(1, round(test_size * rows)), rows)
    if not share:
        rest = np.setdiff1d(np.arange(rows), np.asarray(test_size))
        test_size = [(rest, np.asarray(test_size))]
    return np.sort(Folds.of(data, test_size, groups, random_state)[0].valid)


def judge(
    outer: Data,
    metric: Metric,
    outputs: Sequence[tuple[int, float, FloatArray]],
    default: int | None,
    chosen: tuple[float, FloatArray],
) -> Outer:
    """Score models on the rows that were kept aside.

    Args:
        outer: These rows.
        metric: What is good.
        outputs: For each trial that led: number, inner score, and predictions for the rows.
        default: The number of the defaults; None, or one that is missing, if they have no score.
        chosen: Inner score of the model that is handed back, and its predictions.
    """
    rows = np.arange(len(outer.y))
    before = next((said for number, _, said in outputs if number == default), None)
    inside, kept = chosen

    def scores(at: IntArray) -> tuple[float, float]:
        base = math.nan if before is None else metric.score(before[at], outer, at)
        return metric.score(kept[at], outer, at), base

    score, base = scores(rows)
    drawn = _drawn(scores, len(rows), DRAWS if metric.quick else DRAWS // 10)
    low, high = np.nanpercentile(drawn[:, 0], SURE)
    gains = drawn[:, 0] - drawn[:, 1]
    gain_low, gain_high = (math.nan, math.nan) if before is None else np.nanpercentile(gains, SURE)
    path = tuple((n, inner, metric.score(said, outer, rows)) for n, inner, said in outputs)
    ends = (float(low), float(high), base, float(gain_low), float(gain_high))
    return Outer(metric.name, len(rows), inside, score, *ends, path)


def _drawn(scores: Callable[[IntArray], tuple[float, float]], rows: int, draws: int) -> FloatArray:
    """Scores on rows drawn anew, again and again; NaN where the draw has no score."""
    chance, found = np.random.default_rng(rows), []
    for _ in range(draws):
        try:
            found.append(scores(chance.integers(0, rows, rows)))
        except ValueError:  # a draw without one of the classes
            found.append((np.nan, np.nan))
    return np.array(found)
