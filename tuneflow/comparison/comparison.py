"""`Comparison`: all runs of a comparison, read from its storage, and what can be said of them."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import pandas as pd

from tuneflow.comparison import ranking
from tuneflow.comparison.runs import remarks_on, run_frame, runs_of, step_frame
from tuneflow.comparison.statistics import nemenyi
from tuneflow.comparison.verdict import Verdict, verdict_by_table, verdict_text
from tuneflow.errors import StudyError, did_you_mean
from tuneflow.storage.open import Storage, open_storage

if TYPE_CHECKING:
    from tuneflow.reporting.comparison import ComparisonReport

SUITE_SCORE = "score, 0 as the defaults, 1 as the best known"


@dataclass(frozen=True)
class Comparison:
    """The outcome of :func:`compare <tuneflow.compare>`.

    Attributes:
        name: Its name in the storage.
        runs: A row a run: table, contender, seed, state, score, score of the defaults, trials,
            seconds, seconds of the sampler, share of parameters modelled, why it failed.
        steps: A row a trial: table, contender, seed, trial, seconds, score, best so far.
        remarks: What a reader of the numbers should know.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> comparison = tf.compare(X, y, recipes=["knn", "logistic"], n_seeds=1, n_trials=1)
    >>> comparison.verdict.endswith("with 1 seed: nothing is known of the spread.")
    True
    >>> comparison.tests()[["first", "second", "n", "separable"]].to_numpy().tolist()
    [['knn', 'logistic', 1, False]]
    """

    name: str
    runs: pd.DataFrame
    steps: pd.DataFrame
    remarks: tuple[str, ...] = ()

    @classmethod
    def load(cls, storage: Storage, name: str | None = None) -> Comparison:
        """Rebuild a comparison from its storage, also one that is not finished.

        Args:
            storage: A file name, a URL or an Optuna storage.
            name: Its name; needed if the storage holds several.

        Raises:
            StudyError: There is none.
        """
        runs = runs_of(open_storage(storage), name)
        frame, steps = run_frame(runs), step_frame(runs)
        return cls(runs[0].record.comparison, frame, steps, tuple(remarks_on(frame, runs)))

    def table(self, on: str | None = None) -> pd.DataFrame:
        """Every contender with its rank, its scores and what it cost.

        Args:
            on: A table of the suite; by default all of them, with scores from 0, the median of
                the defaults, to 1, the best known on each table.

        Returns:
            A row a contender, best first: ``runs`` that came to a score, ``failed`` ones;
            ``mean``, ``median`` and ``spread`` (standard deviation) of the best scores; mean
            ``rank`` and ``wins`` over tables and seeds; median ``trials_to_improvement``, the
            first that was better than the defaults, and ``trials_to_best``, the first as good as
            the median of the best contender (missing if half the runs never came there); median
            ``trials``, ``seconds`` of a run, by the clock, and ``seconds_sampler``, those of
            proposing and writing (missing where trials ran side by side); ``modelled``, the share
            of parameters that the sampler models.

        Raises:
            StudyError: There is no such table.
        """
        runs, steps = self._on(on)
        return ranking.ranking(runs, steps)

    def curves(self, on: str | None = None) -> pd.DataFrame:
        """Best so far: ``table, contender, seed, trial, seconds, score, best``, a row a trial."""
        return self._on(on)[1].reset_index(drop=True)

    def tests(self, on: str | None = None) -> pd.DataFrame:
        """Every pair, tested; see :func:`tuneflow.comparison.statistics.pairs`."""
        return Verdict.of(self._on(on)[0]).pairs

    @property
    def verdict(self) -> str:
        """What can be said, in sentences; of a suite first over all tables, then of each."""
        return verdict_text(self.runs, verdict_by_table(self.runs))

    def report(self, on: str | None = None) -> ComparisonReport:
        """Tables, figures and a page; of a suite, or of one of its tables."""
        from tuneflow.reporting.comparison import ComparisonReport

        runs, steps = self._on(on)
        verdict = Verdict.of(runs)
        several = runs["table"].nunique() > 1
        return ComparisonReport(
            self.name if on is None else f"{self.name}: {on}",
            SUITE_SCORE if several else runs["scoring"].iloc[0],
            verdict_text(runs, {}),
            verdict_by_table(runs),
            self.remarks,
            self.table(on),
            ranking.normalised(runs) if several else runs,
            ranking.with_regret(runs, steps),
            self.tests(on),
            verdict.ranks.dropna().rename("rank").rename_axis("contender").reset_index(),
            nemenyi(verdict.scores)[1],
        )

    def _on(self, on: str | None) -> tuple[pd.DataFrame, pd.DataFrame]:
        if on is None:
            return self.runs, self.steps
        names = list(dict.fromkeys(self.runs["table"]))
        if on not in names:
            raise StudyError(f"comparison: there is no table {on!r}. {did_you_mean(on, names)}")
        return self.runs[self.runs["table"] == on], self.steps[self.steps["table"] == on]

    def __repr__(self) -> str:
        lines = [self.verdict, self._short().to_string()]
        return "\n".join([*lines, *(f"note: {remark}" for remark in self.remarks)])

    def _repr_html_(self) -> str:
        verdict = "<br>".join(escape(line) for line in self.verdict.split("\n"))
        notes = "".join(f"<li>{escape(remark)}</li>" for remark in self.remarks)
        return f"<p>{verdict}</p>{self._short().to_html(escape=True)}<ul>{notes}</ul>"

    def _short(self) -> pd.DataFrame:
        columns = ["runs", "failed", "median", "spread", "rank", "wins", "seconds"]
        return self.table()[columns].round(5)
