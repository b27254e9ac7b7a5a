"""Plain JSON, as it was found in a storage, becomes a record, or nothing if it is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def read_record(kind: type[T], found: Any) -> T | None:
    """A dataclass as it was written; None if it is none, or is damaged."""
    which: Any = kind  # to the types, not every class can be a key
    read, keys = _reader(which)
    if not isinstance(found, dict) or not keys.issuperset(found):
        return None
    try:
        record: T = read(found)
        return record
    except ValueError:  # a key is missing, or holds another type
        return None


def with_gaps(value: Any) -> Any:
    """Lists and tables in which null, as JSON has it, is a number that was not finite."""
    if isinstance(value, dict):
        return {key: with_gaps(item) for key, item in value.items()}
    if isinstance(value, list):
        return [with_gaps(item) for item in value]
    return math.nan if value is None else value


def read_number(found: Any) -> int | None:
    """A whole number; None if it is none."""
    return found if isinstance(found, int) and not isinstance(found, bool) else None


@cache
def _reader(kind: type[Any]) -> tuple[Callable[[Any], Any], frozenset[str]]:
    """What makes a record of JSON, checking every type, and the keys that it has."""
    from pydantic import TypeAdapter

    return TypeAdapter(kind).validate_python, frozenset(field.name for field in fields(kind))
