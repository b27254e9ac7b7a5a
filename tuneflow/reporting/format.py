"""Numbers and names as a reader wants them, without anything that no page may show."""

import math
import re
from typing import Any

_CREDENTIALS = re.compile(r"([A-Za-z][\w+.-]*://)[^/\s@]*@")
_FILE_URL = re.compile(r"\b((?:sqlite|file)[\w+]*:)/{2,}(?:[^\s/'\"]+/)*")
_POSIX = re.compile(r"(?<![\w.:/…])/(?:[^\s/:'\"<>|,;]+/)+(?=[^\s/]*)")
_WINDOWS = re.compile(r"\b[A-Za-z]:\\(?:[^\\\s'\"<>|]+\\)*")


def plain(value: Any) -> str:
    """A text from storage as anybody may read it: without credentials and absolute paths.

    >>> plain("postgresql://me:secret@host/db is no /home/me/table.csv")
    'postgresql://…@host/db is no …/table.csv'
    """
    text = str(value)
    if "/" not in text and "\\" not in text:
        return text
    text = _FILE_URL.sub(r"\1…/", _CREDENTIALS.sub(r"\1…@", text))
    return _WINDOWS.sub(r"…\\", _POSIX.sub("…/", text))


def number(value: float | None) -> str:
    """A number with as many digits as are worth reading.

    >>> number(0.123456), number(1234567.0), number(float("nan"))
    ('0.1235', '1,234,567', 'n/a')
    """
    if value is None or math.isnan(value):
        return "n/a"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"


def signed(value: float) -> str:
    """A difference, with its sign.

    >>> signed(1.78), signed(0.0)
    ('+1.78', '0')
    """
    return "n/a" if math.isnan(value) else f"{value:+.3g}" if value else "0"


def percent(share: float) -> str:
    r"""A share in percent; a line does not break before the sign.

    >>> percent(0.426), percent(0.004)
    ('43\xa0%', '0.4\xa0%')
    """
    if math.isnan(share):
        return "n/a"
    return f"{share * 100:.1f}\xa0%" if 0 < share < 0.01 else f"{share * 100:.0f}\xa0%"


def interval(low: float, high: float) -> str:
    r"""An interval at 95 %.

    >>> interval(0.75, 0.86)
    '0.75 to 0.86 at 95\xa0%'
    """
    return f"{number(low)} to {number(high)} at 95\xa0%"


def parameter_value(value: Any) -> str:
    """A parameter's value as text.

    >>> parameter_value(0.123456), parameter_value(31), parameter_value("gbtree")
    ('0.1235', '31', 'gbtree')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def duration(seconds: float) -> str:
    """Seconds in the two units that matter.

    >>> duration(0.034), duration(75), duration(8000)
    ('34 ms', '1 min 15 s', '2 h 13 min')
    """
    if math.isnan(seconds):
        return "n/a"
    if seconds < 60:
        return f"{seconds:.3g} s" if seconds >= 0.1 or seconds == 0 else f"{seconds * 1000:.2g} ms"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes} min"
    return f"{hours // 24} d {hours % 24} h"


def count(number: int, noun: str) -> str:
    """A number of things.

    >>> count(1, "trial"), count(1200, "trial")
    ('1 trial', '1,200 trials')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def listing(words: list[str]) -> str:
    """Words in a row.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
