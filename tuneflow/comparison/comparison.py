"""`Comparison`: what the runs of a comparison come to, rebuilt from the storage alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import pandas as pd

from tuneflow.comparison import ranking
from tuneflow.comparison import runs as records
from tuneflow.comparison import statistics as significance
from tuneflow.comparison.verdict import Verdict, verdict_by_table, verdict_text
from tuneflow.errors import StudyError, did_you_mean
from tuneflow.storage.open import Storage, open_storage

if TYPE_CHECKING:
    import optuna

    from tuneflow.reporting.comparison import ComparisonReport


@dataclass(frozen=True)
class Comparison:
    """The outcome of :func:`compare <tuneflow.compare>`.

    Attributes:
        name: Its name in the storage.
        runs: A row a run: table, contender, seed, state, score, score of the defaults, trials,
            seconds, seconds of the sampler, share of parameters modelled, why it failed.
        steps: A row a trial: table, contender, seed, trial, seconds, score, best so far.
        remarks: What a reader of the numbers should know.
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
        return cls.of(open_storage(storage), name)

    @classmethod
    def of(
        cls,
        storage: optuna.storages.BaseStorage,
        name: str | None = None,
        remarks: Sequence[str] = (),
    ) -> Comparison:
        """The same from an open storage, with remarks that are not in it."""
        ran = records.of_comparison(storage, name)
        for at, run in enumerate(ran):
            records.check_fair(run.header, run.mark, ran[:at])
        notes = list(dict.fromkeys(note for run in ran for note in run.header.notes))
        frame = records.run_frame(ran)
        told = [*remarks, *_remarks(frame), *_said_of(ran), *notes]
        return cls(ran[0].mark.comparison, frame, records.step_frame(ran), tuple(told))

    def table(self, on: str | None = None) -> pd.DataFrame:
        """Who stands where.

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
        """
        runs, steps = self._on(on)
        return ranking.ranking(runs, steps)

    def curves(self, on: str | None = None) -> pd.DataFrame:
        """Best so far: ``table, contender, seed, trial, seconds, score, best``, a row a trial."""
        return self._on(on)[1].reset_index(drop=True)

    def tests(self, on: str | None = None) -> pd.DataFrame:
        """Every pair, tested; see :func:`tuneflow.comparison.statistics.pairs`.

        For three or more contenders ``friedman`` and Nemenyi's p of the pair stand beside.
        """
        judged = Verdict.of(self._on(on)[0])
        frame = judged.pairs.copy()
        if judged.scores.shape[1] > 2 and len(judged.scores.dropna()) > 1:
            p, _ = significance.nemenyi(judged.scores)
            pairs = zip(frame["first"], frame["second"], strict=True)
            frame["p_nemenyi"] = [p.loc[first, second] for first, second in pairs]
            frame["p_friedman"] = judged.friedman
        return frame

    @property
    def verdict(self) -> str:
        """What can be said, in words; of a suite first over all tables, then of each."""
        return verdict_text(self.runs, verdict_by_table(self.runs))

    def report(self, on: str | None = None) -> ComparisonReport:
        """Tables, figures and a page; of a suite, or of one of its tables."""
        from tuneflow.reporting.comparison import ComparisonReport

        runs, steps = self._on(on)
        judged = Verdict.of(runs)
        several = runs["table"].nunique() > 1
        enough = judged.scores.shape[1] > 1
        return ComparisonReport(
            self.name if on is None else f"{self.name}: {on}",
            "score, 0 as the defaults, 1 as the best known"
            if several
            else runs["scoring"].iloc[0],
            verdict_text(runs, {}),
            verdict_by_table(runs),
            self.remarks,
            self.table(on),
            ranking.normalised(runs) if several else runs,
            ranking.with_regret(runs, steps),
            self.tests(on),
            judged.ranks.dropna().rename("rank").rename_axis("contender").reset_index(),
            significance.nemenyi(judged.scores)[1] if enough else float("nan"),
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
        told: list[Any] = [escape(line) for line in self.verdict.split("\n")]
        notes = "".join(f"<li>{escape(remark)}</li>" for remark in self.remarks)
        table = self._short().to_html(escape=True)
        return f"<p>{'<br>'.join(told)}</p>{table}<ul>{notes}</ul>"

    def _short(self) -> pd.DataFrame:
        columns = ["runs", "failed", "median", "spread", "rank", "wins", "seconds"]
        return self.table()[columns].round(5)


def _remarks(runs: pd.DataFrame) -> list[str]:
    told = []
    left = int((runs["state"] == "open").sum())
    if left:
        told.append(f"{left} of {len(runs)} runs have not ended and are left out.")
    failed = runs[runs["state"] == "failed"].groupby("contender", sort=False)["error"]
    told += [f"{name} failed in {len(why)} runs: {why.iloc[0]}" for name, why in failed]
    done = runs[runs["state"] == "done"].groupby(["table", "contender"], sort=False)["score"]
    for (table, name), scores in done:
        if len(scores) > 1 and scores.nunique() == 1:
            where = f" on {table}" if table else ""
            told.append(f"{name} has no variance between its {len(scores)} seeds{where}.")
    return told


def _said_of(ran: Sequence[records.Run]) -> list[str]:
    told = [
        f"the sampler of {name} tries the same points with every seed: what varies are folds and "
        "models alone."
        for name in records.alike(ran)
    ]
    held = {run.mark.contender for run in ran if records.is_held(run)}
    others = [n for n in dict.fromkeys(run.mark.contender for run in ran) if n not in held]
    if held and others and len({run.header.recipe_digest for run in ran}) == 1:
        told.append(
            f"the recipe holds a parameter while searching and lowers it at the end; for "
            f"{', '.join(others)} it does not, as for every grid and sampler object, and starting "
            "points are left as they are. recipe.replace(growth={'hold': None}) treats all alike."
        )
    return told
