"""Changes to a recipe's tables: they are merged, defaults and grids follow, None drops a key."""

from collections.abc import Mapping
from typing import Any

from tuneflow.errors import RecipeError, did_you_mean


def change_param(raw: dict[str, Any], name: str, change: Mapping[str, Any] | None) -> None:
    """Change, add or drop one parameter in every space of a recipe that has it."""
    parts = [raw, raw.get("classification", {}), raw.get("regression", {})]
    raw.setdefault("space", {})
    spaces = [part["space"] for part in parts if "space" in part]
    changed = [space for space in spaces if name in space]
    if not changed and "default" not in as_table(change or {}, f"space.{name}"):
        hint = did_you_mean(name, [key for space in spaces for key in space])
        new = " A new one needs a default." if change else ""
        raise RecipeError(f"recipe: there is no parameter {name!r}. {hint}{new}")
    for space in changed or spaces[:1]:
        if change is None:
            del space[name]
        else:
            space[name] = _changed(space.get(name, {}), as_table(change, f"space.{name}"))


def as_table(value: Any, where: str) -> Mapping[str, Any]:
    """The value, if it is a table.

    Raises:
        RecipeError: It is none; `where` says which key it was meant for.
    """
    if not isinstance(value, Mapping):
        hint = f' Write {{"choices": {list(value)}}}.' if isinstance(value, list | tuple) else ""
        raise RecipeError(
            f"recipe: {where} must be a table of names and values; got {value!r}.{hint}"
        )
    return value


def merged(old: Any, change: Mapping[str, Any]) -> dict[str, Any]:
    """Both tables in one; a change to None drops the key."""
    both = {**(old if isinstance(old, dict) else {}), **change}
    return {key: value for key, value in both.items() if value is not None}


def nearest(param: Mapping[str, Any], value: Any) -> Any:
    """The value, if a parameter's choices or range hold it; else the first choice or nearest end.

    Words in a range, and whatever a broken table says, stay as they are.

    >>> nearest({"low": 1, "high": 9}, 31)
    9
    """
    low, high, choices = (param.get(key) for key in ("low", "high", "choices"))
    if choices and isinstance(choices, list | tuple):
        return value if value in choices else choices[0]
    if all(isinstance(number, int | float) for number in (low, high, value)):
        return min(max(value, low), high)
    return value


def _changed(param: dict[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter with its changes; choices replace a range, and a range replaces choices."""
    change = {key: v.item() if hasattr(v, "item") else v for key, v in change.items()}  # NumPy's
    dropped: tuple[str, ...] = ()
    if change.get("choices"):
        dropped = ("low", "high", "log", "cap_rows", "gradient")
    elif param.get("choices") and {"low", "high"} & set(change):
        dropped = ("choices", "default", "grid")
    param = merged({key: v for key, v in param.items() if key not in dropped}, change)
    if "grid" not in change:
        param["grid"] = [
            point for point in param.get("grid", ()) if nearest(param, point) == point
        ]
    if "default" not in change and "default" in param:
        param["default"] = nearest(param, param["default"])
    return param
