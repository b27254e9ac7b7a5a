"""Text that is meant otherwise: numbers and dates that came as text are read as what they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

SAMPLE = 1000  # of the most frequent cells; where none of these is a date, none is looked for
SHARE = 0.95  # of the cells, at least, which must say a number or a date
#: What stands for a missing value in a table of text.
GAPS = ("", "?", "-", "na", "n/a", "nan", "null", "none", "missing", "<na>")
#: A number as people write it, with a sign of per cent, and with commas between thousands or in
#: place of the point.
NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*%?"
NUMBERS = {
    "numbers as text": rf"{NUMBER}|[-+]?\d{{1,3}}(,\d{{3}})+(\.\d*)?\s*%?",
    "decimal commas": rf"{NUMBER}|[-+]?\d+,\d+\s*%?",
}
CODE = r"0\d+"  # 007 is no number, and 0101 no year
#: How dates are written: in the way of ISO 8601, or else all in one of these ways.
DATES = ("ISO8601", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%Y/%m/%d")


def are_dates(cells: pd.Index[str], form: str) -> npt.NDArray[np.bool_]:
    """Which cells are dates that are written in one way."""
    dates = pd.to_datetime(cells, format=form, utc=True, errors="coerce")
    return np.asarray(dates.notna())


@dataclass(frozen=True)
class Reading:
    """How a column of text is read.

    Attributes:
        way: ``numbers as text``, ``decimal commas``, or ``dates`` and a format; empty if as text.
        note: What a person has to know of it; empty if nothing.
    """

    way: str = ""
    note: str = ""

    @classmethod
    def of(cls, name: str, values: pd.Series) -> Reading:
        """How a column is to be read.

        Args:
            name: What it is called.
            values: Its cells: text, or a mixture.
        """
        counts = values.dropna().map(str).str.strip().value_counts()
        counts = counts[~counts.index.str.lower().isin(GAPS)]
        if counts.empty:
            return cls()
        if counts.index.str.fullmatch(CODE).any():
            return cls()
        fits = {way: counts.index.str.fullmatch(p) for way, p in NUMBERS.items()}
        if all(counts[is_fit].sum() < counts.sum() / 2 for is_fit in fits.values()):
            for form in DATES:
                if are_dates(counts.index[:SAMPLE], form).any():
                    fits[f"dates {form}"] = are_dates(counts.index, form)
        shares = {way: float(counts[is_fit].sum() / counts.sum()) for way, is_fit in fits.items()}
        way = max(shares, key=lambda way: shares[way])
        what = "dates" if way.startswith("dates") else "numbers"
        said = f"column {name!r}: {shares[way]:.1%} of its cells are {what}"
        if shares[way] < SHARE:
            note = f"{said}; it is taken for a category. Mend the others, if {what} are meant."
            return cls("", note if shares[way] >= 0.5 else "")
        odd = ", ".join(map(repr, counts.index[~fits[way]][:5]))
        return cls(way, f"{said}, and it is read so; others count as gaps: {odd}." if odd else "")


AS_TEXT = Reading()
