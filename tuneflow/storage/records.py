"""What tuneflow writes into a study, as dataclasses.

A study has a :class:`Header`, and may have a :class:`HoldoutRecord`; every trial has a
:class:`TrialRecord`; a study that is one run of a comparison has a :class:`RunRecord`. How they
are written and read says :mod:`tuneflow.storage.user_attrs`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib import metadata
from typing import Any

FORMAT = 1  # of the header
LIBRARIES = ("tuneflow", "optuna", "scikit-learn", "lightgbm", "xgboost", "pandas", "numpy")
#: Fields of a header in which two calls that share a study may differ; table and folds have
#: fingerprints, which may not.
MAY_DIFFER = {
    *("recipe_json", "notes", "versions", "modelled", "rows", "columns", "n_folds"),
    *("cv", "ratio", "test_size", "task_reason", "baseline", "column_digests", "row_digests"),
}
version = cache(metadata.version)  # reads and parses a file


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except metadata.PackageNotFoundError:  # a checkout, or another distribution: xgboost-cpu
        return str(getattr(sys.modules.get(name), "__version__", "unknown"))


@dataclass(frozen=True)
class Header:
    """What a study is about. Two calls go on with one study only if they agree on it.

    Attributes:
        recipe: The recipe's name.
        recipe_digest: Fingerprint of what the recipe says.
        recipe_json: The whole recipe, so that the study explains itself.
        task: ``binary``, ``multiclass`` or ``regression``.
        scoring: The metric.
        direction: ``maximize`` or ``minimize``.
        data: Fingerprint of table, target and weights.
        rows: Rows of the table.
        columns: Columns of the table.
        folds: Fingerprint of the index pairs.
        n_folds: Number of folds.
        sampler: Name of the sampler, or of its class.
        pruner: Name of the pruner, or of its class.
        random_state: Seed of the study.
        cv: Number of folds, or the share of a holdout; None for a splitter, pairs or groups.
        pruner_options: Options of the pruner.
        modelled: Share of the parameters that the sampler models; others are chosen independently.
        weighted: Whether rows had weights, which are part of the fingerprint of the data.
        also: Metrics that are recorded beside the one that is optimised.
        ratio: Rows scored for each that trains, on average over the folds.
        test_size: Share of the rows that were held out; None if there were none, or if they were
            given as indices.
        notes: What was done differently from what was asked.
        baseline: What the first trial has for the parameters of the space, where that does not
            hold it; words for what is no number and no text.
        column_digests: Checksum of each column, of target and weights.
        row_digests: Checksums of some of the rows.
        task_reason: Why the task was guessed; empty if it was said, or is the only one.
        versions: Libraries that wrote the header.
        format: Version of this schema.
    """

    recipe: str
    recipe_digest: str
    recipe_json: str
    task: str
    scoring: str
    direction: str
    data: str
    rows: int
    columns: int
    folds: str
    n_folds: int
    sampler: str
    pruner: str
    random_state: int
    modelled: float
    cv: float | None = None
    pruner_options: Mapping[str, Any] = field(default_factory=dict)
    weighted: bool = False
    also: tuple[str, ...] = ()
    ratio: float | None = None
    test_size: float | None = None
    notes: tuple[str, ...] = ()
    task_reason: str = ""
    baseline: Mapping[str, Any] = field(default_factory=dict)
    column_digests: Mapping[str, str] = field(default_factory=dict, repr=False)
    row_digests: tuple[str, ...] = field(default=(), repr=False)
    versions: Mapping[str, str] = field(default_factory=_versions)
    format: int = FORMAT

    @property
    def growth(self) -> dict[str, Any]:
        """What the recipe says of growth; empty if that is nothing."""
        growth = json.loads(self.recipe_json).get("growth")
        return growth if isinstance(growth, dict) else {}

    def differences(self, other: Header) -> list[str]:
        """What keeps two calls from sharing a study: each field that differs, with both values."""
        pairs = {f.name: (getattr(self, f.name), getattr(other, f.name)) for f in fields(self)}
        return [
            f"{name}: {mine!r} there, {theirs!r} here" + self._changes(other) * (name == "data")
            for name, (mine, theirs) in pairs.items()
            if name not in MAY_DIFFER and mine != theirs
        ]

    def _changes(self, other: Header) -> str:
        """How two tables of different fingerprints differ."""
        if (self.rows, self.columns) != (other.rows, other.columns):
            return (
                f"; {self.rows} rows of {self.columns} columns there, "
                f"{other.rows} of {other.columns} here"
            )
        mine, theirs = self.column_digests, other.column_digests
        names = [name for name in mine if mine[name] != theirs.get(name)]
        if not names:
            return ""
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        apart = sum(a != b for a, b in zip(self.row_digests, other.row_digests, strict=True))
        where = f"about {apart} % of the rows" if apart else "few rows"
        return f"; {', '.join(names[:5])}{more} changed, in {where}"


@dataclass
class TrialRecord:
    """What a trial did.

    Attributes:
        scores: Score of each fold at the best rung.
        budget: The best rung, in units of the recipe's growth (times its ``per``).
        amount: The same as whole units for one model: rounds, trees, epochs or rows.
        curve: Every rung that was reached, in order: number of folds, budget, and mean score
            over these folds.
        ended: ``complete``, ``patience``, ``deadline``, ``pruned``, ``failed``, ``timeout`` or
            ``crashed``; ``interrupted`` and ``surplus`` trials were not tried. A failed trial
            without a record was lost with its process.
        error: Why it failed; empty otherwise.
        seconds_fit: Time spent in training.
        seconds_score: Time spent in predicting and scoring.
        loss: Mean loss over the folds that `gradient` belongs to; None if there is no gradient.
        gradient: Derivative of the loss in each parameter, in the space's own scale: by the
            logarithm where the range is logarithmic. Empty unless the sampler uses gradients.
        also: Scores of the other metrics on each fold at the best rung, by name of the metric.
    """

    scores: list[float] = field(default_factory=list)
    budget: float = 0.0
    amount: int = 0
    curve: list[tuple[int, float, float]] = field(default_factory=list)
    ended: str = "complete"
    error: str = ""
    seconds_fit: float = 0.0
    seconds_score: float = 0.0
    loss: float | None = None
    gradient: dict[str, float] = field(default_factory=dict)
    also: dict[str, list[float]] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether the trial came to an end by itself."""
        return self.ended not in ("interrupted", "surplus")

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring."""
        return self.seconds_fit + self.seconds_score


@dataclass(frozen=True)
class RunRecord:
    """What makes a study one run of a comparison.

    Attributes:
        comparison: Name of the comparison.
        table: Name of the table in a suite; empty if there is one table only.
        contender: Name of the contender.
        seed: The seed that all contenders of this round share.
        n_trials: Budget in trials; None if there is none.
        timeout: Budget in seconds; None if there is none.
        state: ``open`` until the budget is spent, then ``done``, or ``failed`` without a score.
        error: Why it failed; empty otherwise.
    """

    comparison: str
    table: str
    contender: str
    seed: int
    n_trials: int | None
    timeout: float | None
    state: str = "open"
    error: str = ""


@dataclass(frozen=True)
class HoldoutRecord:
    """What models score on held-out rows, which the search has not seen.

    Attributes:
        scoring: The metric.
        rows: Number of these rows.
        inner: Score in the folds of the trial that was refitted.
        score: The refitted model's score on these rows.
        low: Lower end of its interval at 95 %, from a bootstrap over the rows (Efron 1979).
        high: Upper end.
        default: Score of the defaults, refitted in the same way; NaN if they have none.
        improvement_low: Lower end of the interval of the improvement over the defaults, from the
            same bootstrap.
        improvement_high: Upper end.
        path: Trials that were the best so far: number, score in the folds, score on these rows.
    """

    scoring: str
    rows: int
    inner: float
    score: float
    low: float
    high: float
    default: float
    improvement_low: float
    improvement_high: float
    path: tuple[tuple[int, float, float], ...]
