"""Whether it was worth it: the best against the first point, and what a reader should know."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tuneflow.reporting import format as words
from tuneflow.reporting.importance import FEWEST
from tuneflow.storage.study_record import StudyRecord, score_of

if TYPE_CHECKING:
    import pandas as pd

    Tables = Mapping[str, pd.DataFrame]


def verdict(record: StudyRecord) -> str:
    """Whether it was worth it."""
    if record.best is None:
        return (
            "No trial has come to a score yet." if _open(record) else "No trial came to a score."
        )
    score = words.number(score_of(record.best))
    lead = f"Trial {record.best.number} is the best: {words.plain(record.scoring)} {score}"
    if record.baseline is None:
        return f"{lead}; {record.first_point} came to no score, so there is nothing to compare."
    if record.baseline.number == record.best.number:
        return f"{lead}; nothing was found to be better than {record.first_point}."
    base = score_of(record.baseline)
    improvement = (score_of(record.best) - base) * record.sign
    return (
        f"{lead}, {words.signed(improvement)} better than {record.first_point} ({words.number(base)})"
        f"{_interval(record)}."
    )


def _interval(record: StudyRecord) -> str:
    improvement = record.improvement()
    if not math.isfinite(improvement.low):
        return ""
    low, high = words.signed(improvement.low), words.signed(improvement.high)
    doubt = "" if improvement.is_certain else ", so the improvement may be chance"
    return (
        f"; paired over {len(improvement.by_fold)} folds the improvement is {low} to {high} "
        f"at 95\xa0%{doubt}"
    )


def _open(record: StudyRecord) -> bool:
    return any(not trial.state.is_finished() for trial in record.trials)


def warnings(record: StudyRecord, tables: Tables) -> list[str]:
    """What a reader of the numbers should know."""
    trials, parameters = tables["trials"], tables["parameters"]
    found = []
    tried = ~trials["ended"].isin(["interrupted", "surplus"])
    failed = int(((trials["state"] == "fail") & tried).sum())
    endless = int((trials["score"].abs() == math.inf).sum())
    if failed:
        found.append(f"{words.count(failed, 'trial')} of {len(trials):,} failed.")
    if endless:
        found.append(f"{words.count(endless, 'score')} not finite, and left out of every ranking.")
    edge = [words.plain(name) for name in parameters.index[parameters["edge"] != ""]]
    if edge:
        found.append(
            f"The best lies at the edge of the range of {words.listing(edge)}: "
            "wider bounds may be worth a try."
        )
    if record.header and record.header.modelled < 1:
        found.append(
            f"The sampler modelled {words.percent(record.header.modelled)} of the parameters; "
            "it chose the others independently."
        )
    if 0 < len(record.scored) < FEWEST and len(parameters):
        found.append(
            f"{words.count(len(record.scored), 'complete trial')}: too few to say what mattered "
            f"({FEWEST} are needed)."
        )
    if len(record.scored) > 1 and record.header and not record.holdout:
        found.append("The best of many on the same folds is a little too good; keep rows aside.")
    return found
