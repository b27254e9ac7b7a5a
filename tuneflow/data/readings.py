"""Text that is meant otherwise: numbers, dates and durations that came as text are read so."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from pandas.tseries.api import guess_datetime_format

from tuneflow.data.types import Kind

SAMPLE = 1000  # of the most frequent cells; where none of these is a date, none is looked for
SHARE = 0.95  # of the cells, at least, which must say a number or a date
#: What stands for a missing value in a table of text.
GAPS = ("", "?", "-", "na", "n/a", "nan", "null", "none", "missing", "<na>")
_SIGN, _UNIT = r"[-+$€£]{0,2}", r"\s*[%$€£]?"
#: How numbers are written, with signs of money or per cent: with commas between thousands; with
#: commas in place of the point; and with points between thousands besides.
NUMBERS = {
    "numbers as text": r"\d+\.?\d*([eE][-+]?\d+)?|\.\d+([eE][-+]?\d+)?|\d{1,3}(,\d{3})+(\.\d*)?",
    "decimal commas": r"\d+([.,]\d*)?([eE][-+]?\d+)?",
    "decimal commas, points between thousands": r"\d{1,3}(\.\d{3})*(,\d+)?",
}
#: How durations and times of day are written.
DURATIONS = {
    "durations": r"(\d+ days?,?)?( ?\d{1,3}:[0-5]\d:[0-5]\d(\.\d+)?)?",
    "hours and minutes": r"\d{1,3}:[0-5]\d",
}
CODE = r"0\d+"  # 007 is no number, and 0101 no year
#: Dates that pandas reads, but does not recognise.
DATES = ("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p")


def date_formats(cells: pd.Index[str]) -> list[str]:
    """In which formats some of the cells are dates."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # day and month, by turns
        guesses = [
            guess_datetime_format(cells[i], dayfirst=first)
            for first in (False, True)
            for i in range(min(20, len(cells)))
        ]
    whole = [guess for guess in guesses if guess and "%d" in guess]  # %Y is a number
    formats = dict.fromkeys(("ISO8601", *whole, *DATES))
    return [form for form in formats if are_dates(cells, form).any()]


def are_dates(cells: pd.Index[str], form: str) -> npt.NDArray[np.bool_]:
    """Which cells are dates in a format."""
    dates = pd.to_datetime(cells, format=form, utc=True, errors="coerce")
    return np.asarray(dates.notna())


@dataclass(frozen=True)
class Reading:
    """How a column of text is read.

    Attributes:
        kind: What its cells are.
        format: A key of `NUMBERS` or `DURATIONS`, or ``dates`` and a format; empty for a category.
        note: What a person has to know of it; empty if nothing.
    """

    kind: Kind = "category"
    format: str = ""
    note: str = ""

    @classmethod
    def of(cls, name: str, values: pd.Series) -> Reading:
        """How a column is to be read.

        Args:
            name: What it is called.
            values: Its cells: text, or a mixture.
        """
        is_text = isinstance(values.dtype, pd.StringDtype)  # which 1 and True are not
        counts = (values if is_text else values.dropna().map(str)).value_counts()
        counts = counts.groupby(counts.index.map(str).str.strip(), sort=False).sum()
        counts = counts[~counts.index.str.lower().isin(GAPS)]
        if counts.empty:
            return cls()
        if counts.index.str.fullmatch(CODE).any():
            return cls()
        fits = {
            how: counts.index.str.fullmatch(f"{_SIGN}({p}){_UNIT}") for how, p in NUMBERS.items()
        }
        fits |= {how: counts.index.str.fullmatch(p) for how, p in DURATIONS.items()}
        if all(counts[is_fit].sum() < counts.sum() / 2 for is_fit in fits.values()):
            for form in date_formats(counts.index[:SAMPLE]):
                fits[f"dates {form}"] = are_dates(counts.index, form)
        shares = {how: float(counts[is_fit].sum() / counts.sum()) for how, is_fit in fits.items()}
        how = max(shares, key=lambda how: shares[how])
        others: Kind = "date" if how.startswith("dates") else "number"
        kind: Kind = "duration" if how in DURATIONS else others
        said = f"column {name!r}: {shares[how]:.1%} of its cells are {kind}s"
        if shares[how] < SHARE:
            note = f"{said}; it is taken for a category. Mend the others, if {kind}s are meant."
            return cls(note=note if shares[how] >= 0.5 else "")
        odd = ", ".join(map(repr, counts.index[~fits[how]][:5]))
        note = f"{said}, and it is read so; others count as gaps: {odd}."
        return cls(kind, how, note if odd else "")


AS_TEXT = Reading()
