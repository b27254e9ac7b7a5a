"""Rows that the search must not see, and what its models score on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.model_selection import TimeSeriesSplit

from tuneflow.data import Data, IntArray
from tuneflow.errors import DataError
from tuneflow.folds import Folds
from tuneflow.metrics import Metric
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
class Outer:
    """What models score on rows that nothing has looked at.

    Attributes:
        scoring: The metric.
        rows: Number of these rows.
        score: The refitted model's score on them.
        low: Lower end of its interval at 95 %, from drawing the rows anew (Efron 1979).
        high: Upper end.
        default: Score of the defaults, refitted alike; NaN if they came to none.
        gain_low: Lower end of the interval of what the model gains over them, on the same draws.
        gain_high: Upper end.
        path: Trials that were the best so far, each with its score in the folds, and on the rows.

    >>> print(Outer("r2", 88, 0.43, 0.31, 0.52, 0.4, 0.0, 0.1, ()))
    0.43 (0.31 to 0.52 at 95 %, on 88 rows kept aside)
    """

    scoring: str
    rows: int
    score: float
    low: float
    high: float
    default: float
    gain_low: float
    gain_high: float
    path: tuple[tuple[int, float, float], ...]

    def table(self) -> pd.DataFrame:
        """Inner against outer score along the study, one row for each trial that led.

        Where the inner score goes on rising and the outer one falls, the search has begun to
        learn the folds by heart: overtuning (Schneider, Bischl, Feurer 2025).

        Returns:
            A frame indexed by ``number`` with columns ``inner``, ``outer``, ``optimism`` (inner
            less outer) and ``overtuned`` (by how much an earlier one was better outside).
        """
        frame = pd.DataFrame(list(self.path), columns=["number", "inner", "outer"])
        frame = frame.astype({"number": int, "inner": float, "outer": float})
        frame["optimism"] = frame["inner"] - frame["outer"]
        frame["overtuned"] = frame["outer"].cummax() - frame["outer"]
        return frame.set_index("number")

    def told(self) -> dict[str, Any]:
        """As it is kept in a study."""
        return asdict(self)

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
    chosen: FloatArray,
) -> Outer:
    """Score models on the rows that were kept aside.

    Args:
        outer: These rows.
        metric: What is good.
        outputs: For each trial that led: number, inner score, and predictions for the rows; the
            defaults first.
        chosen: Predictions of the model that is handed back.
    """
    rows = np.arange(len(outer.y))
    default = outputs[0][2]

    def scores(at: IntArray) -> tuple[float, float]:
        return metric.score(chosen[at], outer, at), metric.score(default[at], outer, at)

    score, base = scores(rows)
    drawn = _drawn(scores, len(rows), DRAWS if metric.quick else DRAWS // 10)
    low, high = np.nanpercentile(drawn[:, 0], SURE)
    gain_low, gain_high = np.nanpercentile(drawn[:, 0] - drawn[:, 1], SURE)
    path = tuple((n, inner, metric.score(said, outer, rows)) for n, inner, said in outputs)
    ends = (float(low), float(high), base, float(gain_low), float(gain_high))
    return Outer(metric.name, len(rows), score, *ends, path)


def _drawn(scores: Callable[[IntArray], tuple[float, float]], rows: int, draws: int) -> FloatArray:
    """Scores on rows drawn anew, again and again; NaN where the draw has no score."""
    chance, found = np.random.default_rng(rows), []
    for _ in range(draws):
        try:
            found.append(scores(chance.integers(0, rows, rows)))
        except ValueError:  # a draw without one of the classes
            found.append((np.nan, np.nan))
    return np.array(found)
