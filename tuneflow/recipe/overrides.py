"""Changes to a recipe as it stands in a file: tables are merged, ranges narrowed, keys dropped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tuneflow.errors import RecipeError, known


def change_param(raw: dict[str, Any], name: str, change: Mapping[str, Any] | None) -> None:
    """Change, add or drop one parameter wherever the recipe has it."""
    tables = [raw.setdefault("space", {})]
    tables += [raw[part]["space"] for part in ("classification", "regression") if _has(raw, part)]
    having = [table for table in tables if name in table]
    if not having and "default" not in as_table(change or {}, f"space.{name}"):
        names = [key for table in tables for key in table]
        new = " A new one needs a default." if change else ""
        raise RecipeError(f"recipe: there is no parameter {name!r}. {known(name, names)}{new}")
    for table in having or [tables[0]]:
        if change is None:
            del table[name]
        else:
            table[name] = _changed(table.get(name, {}), as_table(change, f"space.{name}"))


def as_table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        hint = f' Write {{"choices": {list(value)}}}.' if isinstance(value, list | tuple) else ""
        raise RecipeError(
            f"recipe: {where} must be a table of names and values; got {value!r}.{hint}"
        )
    return value


def _changed(line: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A line with its changes; choices take the place of a range, and a range that of choices."""
    given = {k: v.item() if hasattr(v, "item") else v for k, v in change.items()}  # from NumPy
    gone: tuple[str, ...] = ()
    if given.get("choices"):
        gone = ("low", "high", "log", "cap_rows", "gradient")
    elif line.get("choices") and {"low", "high"} & set(given):
        gone = ("choices", "default", "grid")
    return _narrowed(merged({k: v for k, v in line.items() if k not in gone}, given), given)


def _has(raw: Mapping[str, Any], part: str) -> bool:
    return "space" in raw.get(part, {})


def _narrowed(line: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Where the range was changed, take along what the old default and grid can keep."""
    low, high, choices = line.get("low"), line.get("high"), line.get("choices")
    if choices and isinstance(choices, list | tuple):  # anything else is refused later, in words
        if "grid" not in change:
            line["grid"] = [point for point in line.get("grid", ()) if point in choices]
        if "default" not in change and line.get("default") not in choices:
            line["default"] = choices[0]
    elif isinstance(low, int | float) and isinstance(high, int | float):
        if "grid" not in change:
            line["grid"] = [point for point in line.get("grid", ()) if low <= point <= high]
        if "default" not in change and isinstance(line.get("default"), int | float):
            line["default"] = min(max(line["default"], low), high)
    return line


def merged(old: Any, change: Mapping[str, Any]) -> dict[str, Any]:
    both = {**(old if isinstance(old, dict) else {}), **change}
    return {key: value for key, value in both.items() if value is not None}
