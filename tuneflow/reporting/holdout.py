"""What models score on rows that the search has not seen, beside what they scored in the folds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneflow.reporting import format as words
from tuneflow.storage.records import HoldoutRecord
from tuneflow.storage.study_record import StudyRecord

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Tables = Mapping[str, pd.DataFrame]

COLUMNS = ("number", "inner", "holdout", "optimism", "overtuned")


def holdout(holdout: HoldoutRecord | None) -> pd.DataFrame:
    """Inner against outer score along the study, one row for each trial that led.

    Where the inner score goes on rising and the outer one falls, the search has begun to learn
    the folds by heart: overtuning (Schneider, Bischl, Feurer 2025).

    Returns:
        A frame indexed by ``number`` with columns ``inner``, ``holdout``, ``optimism`` (inner less
        outer) and ``overtuned`` (by how much an earlier one was better outside); empty where no
        rows were kept aside.
    """
    import pandas as pd

    frame = pd.DataFrame(list(holdout.path if holdout else ()), columns=list(COLUMNS[:3]))
    frame = frame.astype({"number": int, "inner": float, "holdout": float})
    frame["optimism"] = frame["inner"] - frame["holdout"]
    frame["overtuned"] = frame["holdout"].cummax() - frame["holdout"]
    return frame.set_index("number")


def finding(tables: Tables, record: StudyRecord) -> str:
    """What the model scores outside, how much too good the folds were, and whether it was tuned
    too far."""
    holdout = record.holdout
    if holdout is None:
        return "No rows were kept aside: test_size keeps some, for an honest estimate."
    off = holdout.inner - holdout.score
    far = "these were too good" if off > 0 else "these were no better"
    return (
        f"{words.plain(holdout.scoring)} {words.number(holdout.score)} on {holdout.rows:,} rows kept "
        f"aside ({_span(holdout.low, holdout.high)}); {words.number(holdout.inner)} in the folds, so "
        f"{far}, by {words.number(abs(off))}.{_gain(holdout)}{_overtuned(tables['holdout'])}"
    )


def _gain(holdout: HoldoutRecord) -> str:
    if math.isnan(holdout.default):
        return " The defaults came to no score, so there is nothing to compare."
    improvement = words.signed(holdout.score - holdout.default)
    low, high = words.signed(holdout.improvement_low), words.signed(holdout.improvement_high)
    sure = "" if holdout.improvement_low > 0 else ", so it may be chance"
    return f" There the improvement over the defaults is {improvement} ({low} to {high}){sure}."


def card(holdout: HoldoutRecord) -> tuple[str, str, str]:
    """The score outside among the numbers that are read first."""
    return "kept aside", words.number(holdout.score), _span(holdout.low, holdout.high)


def _span(low: float, high: float) -> str:
    return f"{words.number(low)} to {words.number(high)} at 95\xa0%"


def _overtuned(frame: pd.DataFrame) -> str:
    lost = float(frame["overtuned"].iloc[-1]) if len(frame) > 1 else 0.0
    if not lost > 0:
        return " No earlier leader was better there."
    best = frame["holdout"].idxmax()
    return (
        f" Trial {best} was better there by {words.number(lost)}: what was found after it suits "
        "the folds more than new rows, or that is chance."
    )
