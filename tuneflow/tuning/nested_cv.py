"""Nested cross-validation: a search within each outer fold, scored on the rows of that fold.

Each search is a `tune` whose held-out rows are those of the outer fold. Cross-validating an
estimator would give the scores alone: not the intervals on the held-out rows, nor the improvement
over the defaults on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import pandas as pd
from sklearn.utils import _safe_indexing

from tuneflow.data.dataset import Data, named_columns
from tuneflow.data.folds import Folds
from tuneflow.data.schema import frame_of
from tuneflow.data.scorers import named_scorings, tasks_of
from tuneflow.data.types import IntArray
from tuneflow.recipe.custom import as_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.open import Storage, open_storage
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
        ratio: Held-out rows for each row that a search was given, on average.
    """

    results: tuple[Result, ...]
    ratio: float

    @property
    def score(self) -> float:
        """Mean score of the outer folds."""
        return fmean(holdout.score for holdout in self._holdouts)

    @property
    def interval(self) -> tuple[float, float]:
        """Where the score lies at 95 %, widened because the folds share training rows.

        Nadeau and Bengio 2003; NaN for a single fold.
        """
        return corrected_interval([holdout.score for holdout in self._holdouts], self.ratio)

    @property
    def optimism(self) -> float:
        """How much better the inner folds were than the outer ones, on average."""
        return fmean(result.optimism for result in self.results)

    def table(self) -> pd.DataFrame:
        """One row an outer fold: score on its held-out rows and in the inner folds, optimism,
        improvement over the defaults, number of held-out rows, and the chosen parameters."""
        rows = [
            {
                "holdout": holdout.score,
                "inner": result.best_score,
                "optimism": result.optimism,
                "improvement": holdout.score - holdout.default,
                "rows": holdout.rows,
                **result.best_params,
            }
            for result, holdout in zip(self.results, self._holdouts, strict=True)
        ]
        return pd.DataFrame(rows).rename_axis("fold")

    @property
    def _holdouts(self) -> list[Holdout]:
        return [result.holdout for result in self.results if result.holdout]

    def __repr__(self) -> str:
        (low, high), improvement = self.interval, float(self.table()["improvement"].mean())
        title, scoring = self.results[0].recipe.title, self._holdouts[0].scoring
        return (
            f"{title}, nested: {scoring} {self.score:.5g} "
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
    task: str | None = None,
    pos_label: Any = None,
    scoring: Any = None,
    cv: Any = 5,
    groups: Any = None,
    sample_weight: Any = None,
    sampler: Any = None,
    pruner: Any = None,
    n_trials: int | None = 50,
    timeout: float | None = None,
    storage: Storage = None,
    study_name: str | None = None,
    n_jobs: int | Workers | None = None,
    random_state: int = 0,
    progress: bool = True,
) -> Nested:
    """Estimate what tuning achieves on new rows: a search within each outer fold.

    The score of a search is the best of many on the same folds, and so a little too good. Here
    each search is scored on an outer fold that it has not seen; `optimism` is the difference.

    Args:
        X: Table, as in :func:`tune <tuneflow.tune>`.
        y: Target, or its column.
        recipe: What is tuned, as in `tune`; one, not several.
        space: As in `tune`.
        outer: Outer folds: what `cv` may be.
        task: As in `tune`.
        pos_label: As in `tune`.
        scoring: As in `tune`.
        cv: Inner folds: a number, a share or a splitter.
        groups: Group of each row, never split by an outer or an inner fold.
        sample_weight: Weight of each row.
        sampler: As in `tune`.
        pruner: As in `tune`.
        n_trials: Trials of each search.
        timeout: Seconds of each search.
        storage: As in `tune`; the same call goes on where it stopped.
        study_name: What the names of the studies begin with; by default the recipe's name.
        n_jobs: As in `tune`.
        random_state: Seed of outer folds, inner folds, models and sampler.
        progress: Show a bar for each search.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True)
    >>> estimate = tf.nested(X, y, "knn", outer=3, n_trials=3, scoring="accuracy")
    >>> bool(estimate.score > 0.9), len(estimate.table())
    (True, 3)
    """
    recipe = as_recipe(recipe, space, len(frame_of(X)))
    X, groups, sample_weight = named_columns(X, groups, sample_weight)
    likely = tasks_of(next(iter(named_scorings(scoring).values())))
    data = Data.of(X, y, recipe.tasks, task=task, likely=likely)
    folds, results, opened = Folds.of(data, outer, groups, random_state), [], open_storage(storage)
    for at, fold in enumerate(folds):
        rows = np.sort(np.concatenate([fold.train, fold.valid]))  # of a time series, no later ones
        result = tune(
            _take(X, rows),
            _take(y, rows),
            recipe,
            task=data.task,
            pos_label=pos_label,
            scoring=scoring,
            cv=cv,
            groups=_take(groups, rows),
            sample_weight=_take(sample_weight, rows),
            test_size=np.flatnonzero(np.isin(rows, fold.valid)),
            sampler=sampler,
            pruner=pruner,
            n_trials=n_trials,
            timeout=timeout,
            storage=None if storage is None else opened,
            study_name=f"{study_name or recipe.name} outer {at}",
            n_jobs=n_jobs,
            random_state=random_state,
            progress=progress,
        )
        if INTERRUPTED in result.remarks:
            raise KeyboardInterrupt
        results.append(result)
    ratio = fmean(len(fold.valid) / len(fold.train) for fold in folds)
    return Nested(tuple(results), ratio)


def _take(values: Any, rows: IntArray) -> Any:
    """Some rows of values; None, or the name of a column, as it is."""
    return values if values is None or isinstance(values, str) else _safe_indexing(values, rows)
