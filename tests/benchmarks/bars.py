"""The bars that tuneflow has set itself, and whether what was measured reaches them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import race
import standings
from lines import Line

LARGE = 5_000  # rows
OVERHEADS = {"x bare Optuna": "optuna", "x Optuna with the same folds": "by_hand"}


@dataclass(frozen=True)
class Bar:
    """One claim: what is measured, the bound, and on which side of it to be."""

    what: str
    value: float
    bound: float
    at_most: bool
    of: str

    @property
    def reached(self) -> str:
        if pd.isna(self.value):
            return "not measured"
        fine = self.value <= self.bound if self.at_most else self.value >= self.bound
        return "yes" if fine else "**no**"


def table(lines: list[Line], frame: pd.DataFrame, trials: int, seconds: int) -> pd.DataFrame:
    """All bars, one row each."""
    all_bars = [
        *_same_trials(frame, trials),
        *_same_time(frame, seconds),
        *_costs(lines),
    ]
    rows = {
        bar.what: {
            "bar": f"{'<=' if bar.at_most else '>='} {bar.bound:.4g}",
            "measured": bar.value,
            "reached": bar.reached,
            "from": bar.of,
        }
        for bar in all_bars
    }
    return pd.DataFrame(rows).T.rename_axis("what")


def _same_trials(frame: pd.DataFrame, trials: int) -> list[Bar]:
    here = ("trials", ["lightgbm"], trials)
    scores = standings.only(standings.wide(frame, "score"), *here)
    seconds = standings.only(standings.wide(frame, "seconds"), *here)
    rows = frame.groupby("data")["rows"].max()
    search = standings.time_ratios(seconds, "optuna_search_cv")
    script = standings.time_ratios(seconds, "script")
    large, small = script[rows[script.index] >= LARGE], script[rows[script.index] < LARGE]
    name = f"{trials} trials:"
    return [
        Bar(f"{name} time, x OptunaSearchCV, median", search.median(), 1 / 8, True, _of(search)),
        _difference(f"{name} score against OptunaSearchCV", scores, "optuna_search_cv"),
        Bar(f"{name} time, x script, large, median", large.median(), 1 / 2, True, _of(large)),
        Bar(f"{name} time, x script, small, worst", small.max(), 1.0, True, _of(small)),
        _difference(f"{name} score against the script", scores, "script"),
    ]


def _of(ratios: pd.Series) -> str:
    return f"{len(ratios)} tables"


def _difference(what: str, scores: pd.DataFrame, who: str) -> Bar:
    pairs = f"{len(standings.pair(scores, who))} pairs"
    return Bar(what, standings.difference(scores, who), 0.0, False, pairs)


def _same_time(frame: pd.DataFrame, seconds: int) -> list[Bar]:
    scores = standings.wide(frame, "score")
    boosted = standings.only(scores, "time", ["lightgbm"], seconds)
    others = standings.only(scores, "time", race.FAMILIES[1:], seconds)
    ranks = standings.mean_ranks(boosted)
    place = ranks.rank(method="min").get(standings.US, float("nan"))
    name = f"{seconds} s:"
    return [
        Bar(f"{name} place by mean rank", place, 1.0, True, f"{len(ranks)} contenders"),
        _won(f"{name} ahead of FLAML, same family", boosted, "flaml", 0.6),
        _won(f"{name} ahead of FLAML, as it comes", boosted, "flaml_any", 0.6),
        _won(f"{name} ahead of the script", boosted, "script", 0.6),
        _won(f"{name} other families, ahead of OptunaSearchCV", others, "optuna_search_cv", 0.7),
    ]


def _won(what: str, scores: pd.DataFrame, who: str, bound: float) -> Bar:
    pairs = f"{len(standings.pair(scores, who))} pairs"
    return Bar(what, standings.share_won(scores, who), bound, False, pairs)


def _costs(lines: list[Line]) -> list[Bar]:
    over, peak = overheads(lines), peaks(lines)
    memory = peak["x script"].max() if len(peak) else float("nan")
    imports = [line["tuneflow"] / line["optuna"] for line in lines if line["mode"] == "import"]
    return [
        *(_overhead(over, what) for what in OVERHEADS),
        Bar("peak memory, x script", memory, 1.3, True, f"{len(peak)} pairs"),
        Bar(
            "`import tuneflow`, x `import optuna`",
            pd.Series(imports, dtype=float).median(),
            0.15,
            True,
            f"median of {len(imports)} pairs",
        ),
    ]


def _overhead(over: pd.DataFrame, what: str) -> Bar:
    worst = over.get(what, pd.Series(dtype=float)).max()
    return Bar(f"time of a trial, {what}, worst", worst, 1.15, True, f"{len(over)} medians")


def overheads(lines: list[Line]) -> pd.DataFrame:
    """Median ratio and milliseconds a trial, for each storage and number of trials."""
    frame = pd.DataFrame([line for line in lines if line["mode"] == "overhead"])
    if frame.empty:
        return frame
    for what, other in OVERHEADS.items():
        frame[what] = frame["tuneflow"] / frame[other]
    frame["more, ms a trial"] = (frame["tuneflow"] - frame["optuna"]) / frame["trials"] * 1000
    grouped = frame.groupby(["trials", "storage"])
    found = grouped[[*OVERHEADS, "more, ms a trial"]].median()
    found["pairs"] = grouped.size().astype(str)
    found.index = [f"{trials:,} trials, {storage}" for trials, storage in found.index]
    return found.rename_axis("a learner that does nothing")


def peaks(lines: list[Line]) -> pd.DataFrame:
    """Peak memory in MiB of both, for each number of rows and trials."""
    frame = pd.DataFrame([line for line in lines if line["mode"] == "memory"])
    if frame.empty:
        return frame
    found = frame.pivot_table(index=["rows", "trials"], columns="who", values="peak")
    found = found.reindex(columns=["tuneflow", "script"]).dropna().rename_axis(columns=None)
    found.index = [f"{rows:,} rows, {trials} trials" for rows, trials in found.index]
    found["x script"] = found["tuneflow"] / found["script"]
    found = found.add_suffix(", MiB").rename(columns={"x script, MiB": "x script"})
    return found.rename_axis("peak memory")
