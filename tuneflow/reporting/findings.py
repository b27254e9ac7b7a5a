"""Frames to sentences: what each panel found, in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from tuneflow.reporting import format as words
from tuneflow.reporting.costs import NOT_FINITE, typical_seconds
from tuneflow.reporting.figures.curves import axis_of, on_the_way
from tuneflow.reporting.figures.history import best_so_far
from tuneflow.reporting.importance import FEWEST
from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import pandas as pd

    Tables = Mapping[str, pd.DataFrame]


def history(tables: Tables, record: StudyRecord) -> str:
    """When the best was found, and whether it still moved."""
    trials = tables["trials"]
    steps = best_so_far(trials["score"], record.sign)
    if steps.empty or record.best is None:
        return "Nothing to show yet: no trial is complete."
    last = record.best.number
    after = len(trials) - 1 - last
    counts = trials["state"].value_counts()
    names = (("complete", "complete"), ("pruned", "pruned"), ("fail", "failed"))
    states = [f"{counts[state]:,} {name}" for state, name in names if state in counts]
    stalled = "is the last one" if after == 0 else f"has stood for {words.count(after, 'trial')}"
    return (
        f"The best, trial {last}, {stalled}; of {len(trials):,} there are {words.listing(states)}."
    )


def curves(tables: Tables, record: StudyRecord) -> str:
    """How early trials were given up, and what that saved."""
    trials, rungs, cost = tables["trials"], tables["rungs"], tables["cost"]
    cut = trials.index[trials["state"] == "pruned"]
    saved = cost["saved"].get("pruned", math.nan)
    stopped = cost["saved"].get("complete", math.nan)
    early = f" Early stopping saved about {words.duration(stopped)}." if stopped > 0 else ""
    if len(cut) == 0:
        return f"No trial was given up on its way.{early}"
    rungs = on_the_way(rungs)
    x = axis_of(rungs)
    ends = rungs[rungs["number"].isin(cut)].groupby("number")[x].last()
    last = rungs[x].max()
    unit = "budget" if record.header else "step"
    where = (
        ""
        if ends.empty
        else f", half of them by {unit if x == 'budget' else x} {ends.median():.3g}"
    )
    of = f" of {last:.4g}" if where else ""
    improvement = f"; that saved about {words.duration(saved)}" if saved > 0 else ""
    lead = f"{words.count(len(cut), 'trial')} of {len(trials):,} were given up"
    return f"{lead}{where}{of}{improvement}.{early}"


def folds(tables: Tables, record: StudyRecord) -> str:
    """On how many folds the best is better."""
    improvements, mean, *_ = record.improvement()
    if not improvements:
        return (
            f"Folds cannot be paired: {record.first_point} or the best trial has no fold scores."
        )
    if record.best is record.baseline:
        return f"The best is {record.first_point}: there is nothing to pair."
    better = sum(improvement > 0 for improvement in improvements)
    worst, most = words.signed(min(improvements)), words.signed(max(improvements))
    return (
        f"Better on {better} of {len(improvements)} folds, by {words.signed(mean)} on average "
        f"({worst} to {most})."
    )


def slices(tables: Tables, record: StudyRecord) -> str:
    """Where good values lie."""
    parameters = tables["parameters"]
    if parameters.empty:
        return "The study has no parameters."
    edges = [f"{words.plain(n)} ({row})" for n, row in parameters["edge"].items() if row]
    idle = [words.plain(name) for name in parameters.index[parameters["active"] < 1]]
    told = (
        f"The best lies at an edge of {words.listing(edges)}"
        if edges
        else ("The best lies inside the range of every parameter")
    )
    some = f"; {words.listing(idle)} {'is' if len(idle) == 1 else 'are'} not always active"
    return f"{told}{some if idle else ''}."


def relations(tables: Tables, record: StudyRecord) -> str:
    """What the best trials have in common."""
    numbers = tables["parameters"].dropna(subset=["top_low"])
    held = numbers["top_low"] == numbers["top_high"]  # what was held says nothing of the best
    narrow = [
        f"{words.plain(name)} {words.number(row['top_low'])} to {words.number(row['top_high'])}"
        for name, row in numbers.loc[held.sort_values(kind="stable").index].iterrows()
    ][:2]
    chosen = [
        f"{words.plain(name)} {words.plain(row['top_choice'])}"
        for name, row in tables["parameters"].iterrows()
        if row["top_choice"]
    ][:1]
    if not narrow and not chosen:
        return "No complete trial has parameters yet."
    return f"The best tenth of the trials has {words.listing([*narrow, *chosen])}."


def importance(tables: Tables, record: StudyRecord) -> str:
    """What mattered."""
    known = tables["parameters"].dropna(subset="importance")
    if known.empty:
        return (
            f"Not known: {words.count(len(record.scored), 'complete trial')} of at least {FEWEST}."
        )
    first = known.iloc[0]
    second = known.iloc[1] if len(known) > 1 else None
    lead = (
        f"{words.plain(known.index[0])} mattered most, {words.percent(first['importance'])} "
        f"± {words.percent(first['importance_spread'])}"
    )
    if second is None:
        return f"{lead}."
    gap = first["importance"] - second["importance"]
    spread = math.hypot(first["importance_spread"], second["importance_spread"])
    close = "" if gap > 2 * spread else "; the two cannot be told apart"
    follows = f"{words.plain(known.index[1])} follows with {words.percent(second['importance'])}"
    return f"{lead}; {follows}{close}."


def time(tables: Tables, record: StudyRecord) -> str:
    """Where the time went."""
    cost, trials = tables["cost"], tables["trials"]
    total = cost["seconds"].sum()
    if not total > 0:
        return "No time was recorded."
    parts = [
        f"{words.percent(cost[column].sum() / total)} {name}"
        for column, name in (("seconds_fit", "in training"), ("seconds_score", "in scoring"))
        if cost[column].notna().any()
    ]
    lost = cost["seconds"].get("fail", 0.0)
    waste = f"; {words.duration(lost)} went into failed trials" if lost > 0 else ""
    typical = words.duration(typical_seconds(trials))
    inside = f", {words.listing(parts)}" if parts else ""
    return f"{words.duration(total)} in all{inside}; a complete trial took {typical}{waste}."


def failures(tables: Tables, record: StudyRecord) -> str:
    """What failed most."""
    frame = tables["failures"]
    if frame.empty:
        return "No trial failed."
    first = frame.iloc[0]
    kinds = words.count(len(frame), "kind")
    verb = "failed or had no finite score" if NOT_FINITE in frame.index else "failed"
    most = f"{words.plain(frame.index[0])} ({int(first['trials']):,})"
    return (
        f"{words.count(int(frame['trials'].sum()), 'trial')} {verb}, of {kinds}; most often "
        f"{most}, first in trial {first['first']}."
    )


def listed(tables: Tables, record: StudyRecord) -> str:
    """What the table of trials holds."""
    trials = tables["trials"]
    ranked = int(trials["rank"].notna().sum())
    how = "sort by a heading, filter by a word or by score>0.9"
    return f"{words.count(len(trials), 'trial')}, {ranked:,} of them ranked; {how}."


def reproduce(tables: Tables, record: StudyRecord) -> str:
    """Whether the study says how to repeat it."""
    if record.header is None:
        return "Optuna keeps neither seed nor versions; the best point can be tried again."
    versions = record.header.versions
    return (
        f"Seed {record.header.random_state}, with tuneflow {versions.get('tuneflow', '?')} and "
        f"Optuna {versions.get('optuna', '?')}; the data is recognised by its digest."
    )


def studies(records: Sequence[StudyRecord]) -> str:
    """Which study is ahead, where they can be compared."""
    scored = [record for record in records if record.best]
    subjects = {record.subject for record in scored}
    lead = f"{len(records):,} studies"
    if len(scored) < 2:
        return f"{lead}; fewer than two have a score, so none is ahead."
    if None in subjects or len(subjects) > 1:
        return f"{lead}; they are not known to share metric, table and folds, so none is ahead."
    ahead = max(scored, key=lambda record: record.sign * score_of(record.best))
    best = words.number(score_of(ahead.best))
    return f"Of {lead} {words.plain(ahead.name)} is ahead, with {best}."
