"""Nested cross-validation: a search for each outer fold, judged on rows that it has not seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.schema import frame_of
from tuneflow.data.types import IntArray
from tuneflow.recipe.custom import as_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.study_record import corrected_interval
from tuneflow.study.optimize import INTERRUPTED
from tuneflow.study.workers.workers import Workers
from tuneflow.tuning.holdout import Holdout
from tuneflow.tuning.result import Result
from tuneflow.tuning.tune import tune


@dataclass(frozen=True)
class Nested:
    """What tuning is worth on rows that it has not seen: one search for each outer fold.

    Attributes:
        results: What each search came to, in the order of the outer folds.
        ratio: Rows kept aside for each that a search was given, on average.
    """

    results: tuple[Result, ...]
    ratio: float

    @property
    def score(self) -> float:
        """Mean score of the outer folds."""
        return fmean(outer.score for outer in self._outer())

    @property
    def interval(self) -> tuple[float, float]:
        """Where the score lies at 95 %, widened because the folds share training rows.

        Nadeau and Bengio 2003; NaN for a single fold.
        """
        scores = [outer.score for outer in self._outer()]
        return corrected_interval(scores, self.ratio)

    @property
    def optimism(self) -> float:
        """How much better the inner folds were than the outer ones, on average."""
        return fmean(result.optimism for result in self.results)

    def table(self) -> pd.DataFrame:
        """One row an outer fold: score on its held-out rows and in the inner folds, optimism,
        improvement over the defaults, number of held-out rows, and the chosen parameters."""
        rows = [
            {
                "holdout": outer.score,
                "inner": result.best_score,
                "optimism": result.optimism,
                "improvement": outer.score - outer.default,
                "rows": outer.rows,
                **result.best_params,
            }
            for result, outer in zip(self.results, self._outer(), strict=True)
        ]
        return pd.DataFrame(rows).rename_axis("fold")

    def _outer(self) -> Iterator[Holdout]:
        return (result.holdout for result in self.results if result.holdout)

    def __repr__(self) -> str:
        (low, high), improvement = self.interval, float(self.table()["improvement"].mean())
        first = next(self._outer())
        return (
            f"{self.results[0].recipe.title}, nested: {first.scoring} {self.score:.5g} "
            f"({low:.5g} to {high:.5g} at 95 %) over {len(self.results)} outer folds\n"
            f"  optimism {self.optimism:+.3g}, improvement over the defaults {improvement:+.3g}"
        )


def nested(  # noqa: PLR0913 -- a front door: wide, flat and keyword-only by design
    X: Any,
    y: Any,
    recipe: str | Path | Recipe | Any = "lightgbm",
    *,
    space: Mapping[str, Any] | None = None,
    outer: Any = 5,
    scoring: Any = None,
    cv: Any = 5,
    groups: Any = None,
    sample_weight: Any = None,
    sampler: Any = None,
    pruner: Any = None,
    n_trials: int | None = 50,
    timeout: float | None = None,
    n_jobs: int | Workers | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Nested:
    """Estimate what tuning achieves on new rows: a search within each outer fold.

    The score of a search is the best of many on the same folds, and so a little too good. Here
    each search is judged on an outer fold that it has not seen; `optimism` is what it was off by.

    Args:
        X: Table, as in :func:`tune <tuneflow.tune>`.
        y: Target, or its column.
        recipe: What is tuned, as in `tune`; one, not several.
        space: As in `tune`.
        outer: Outer folds: what `cv` may be.
        scoring: As in `tune`.
        cv: Inner folds: a number, a share or a splitter.
        groups: Group of each row, never split by an outer or an inner fold.
        sample_weight: Weight of each row.
        sampler: As in `tune`.
        pruner: As in `tune`.
        n_trials: Trials of each search.
        timeout: Seconds of each search.
        n_jobs: As in `tune`.
        random_state: Seed of outer folds, inner folds, models and sampler.
        progress: Show a bar for each search.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True)
    >>> found = tf.nested(X, y, "knn", outer=3, n_trials=3, scoring="accuracy")
    >>> bool(found.score > 0.9), len(found.table())
    (True, 3)
    """
    recipe = as_recipe(recipe, space, len(frame_of(X)))
    data = Data.of(X, y, recipe.tasks)
    folds, results = Folds.of(data, outer, groups, random_state), []
    for fold in folds:
        kept = np.sort(np.concatenate([fold.train, fold.valid]))  # of a time series, no later ones
        result = tune(
            _some(X, kept),
            _some(y, kept),
            recipe,
            scoring=scoring,
            cv=cv,
            groups=_some(groups, kept),
            sample_weight=_some(sample_weight, kept),
            test_size=np.flatnonzero(np.isin(kept, fold.valid)),
            sampler=sampler,
            pruner=pruner,
            n_trials=n_trials,
            timeout=timeout,
            n_jobs=n_jobs,
            random_state=random_state,
            progress=progress,
        )
        if INTERRUPTED in result.remarks:
            raise KeyboardInterrupt
        results.append(result)
    ratio = fmean(len(fold.valid) / len(fold.train) for fold in folds)
    return Nested(tuple(results), ratio)


def _some(values: Any, rows: IntArray) -> Any:
    """Some rows of what has one for each; nothing, or the name of a column, as it is."""
    return values if values is None or isinstance(values, str) else _safe_indexing(values, rows)
