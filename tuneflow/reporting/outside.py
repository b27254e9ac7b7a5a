"""What models score on rows that the search has not seen, beside what they scored in the folds."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tuneflow.ledger import Aside
from tuneflow.reporting import words
from tuneflow.reporting.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    Tables = Mapping[str, pd.DataFrame]

COLUMNS = ("number", "inner", "outer", "optimism", "overtuned")


def outer(aside: Aside | None) -> pd.DataFrame:
    """Inner against outer score along the study, one row for each trial that led.

    Where the inner score goes on rising and the outer one falls, the search has begun to learn
    the folds by heart: overtuning (Schneider, Bischl, Feurer 2025).

    Returns:
        A frame indexed by ``number`` with columns ``inner``, ``outer``, ``optimism`` (inner less
        outer) and ``overtuned`` (by how much an earlier one was better outside); empty where no
        rows were kept aside.
    """
    import pandas as pd

    frame = pd.DataFrame(list(aside.path if aside else ()), columns=list(COLUMNS[:3]))
    frame = frame.astype({"number": int, "inner": float, "outer": float})
    frame["optimism"] = frame["inner"] - frame["outer"]
    frame["overtuned"] = frame["outer"].cummax() - frame["outer"]
    return frame.set_index("number")


def finding(tables: Tables, record: Record) -> str:
    """What the model scores outside, how much too good the folds were, and whether it was tuned
    too far."""
    aside = record.aside
    if aside is None:
        return "No rows were kept aside: test_size keeps some, for an honest estimate."
    off = aside.inner - aside.score
    far = "these were too good" if off > 0 else "these were no better"
    return (
        f"{words.plain(aside.scoring)} {words.number(aside.score)} on {aside.rows:,} rows kept "
        f"aside ({_span(aside.low, aside.high)}); {words.number(aside.inner)} in the folds, so "
        f"{far}, by {words.number(abs(off))}.{_gain(aside)}{_overtuned(tables['outer'])}"
    )


def _gain(aside: Aside) -> str:
    if math.isnan(aside.default):
        return " The defaults came to no score, so there is nothing to compare."
    gain = words.signed(aside.score - aside.default)
    low, high = words.signed(aside.gain_low), words.signed(aside.gain_high)
    sure = "" if aside.gain_low > 0 else ", so it may be chance"
    return f" There the gain over the defaults is {gain} ({low} to {high}){sure}."


def card(aside: Aside) -> tuple[str, str, str]:
    """The score outside among the numbers that are read first."""
    return "kept aside", words.number(aside.score), _span(aside.low, aside.high)


def _span(low: float, high: float) -> str:
    return f"{words.number(low)} to {words.number(high)} at 95\xa0%"


def _overtuned(frame: pd.DataFrame) -> str:
    lost = float(frame["overtuned"].iloc[-1]) if len(frame) > 1 else 0.0
    if not lost > 0:
        return " No earlier leader was better there."
    best = frame["outer"].idxmax()
    return (
        f" Trial {best} was better there by {words.number(lost)}: what was found after it suits "
        "the folds more than new rows, or that is chance."
    )
