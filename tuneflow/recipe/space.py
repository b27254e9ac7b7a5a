"""The search space of a recipe: a line of TOML becomes an Optuna distribution."""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, model_validator

from tuneflow.recipe.growth import Number

if TYPE_CHECKING:
    import optuna

Value: TypeAlias = StrictBool | Number | str
Params: TypeAlias = dict[str, Any]
Unit = Literal["gram", "per_sample_l2", "ints"]

#: Defaults that depend on the table, by the word a recipe uses for them.
NAMED_DEFAULTS: dict[str, Callable[[int, int], float]] = {
    "sqrt": lambda rows, columns: columns**-0.5,  # sqrt(p) features, as a share of p
    "1/n": lambda rows, columns: 1 / rows,  # per-sample penalty of scikit-learn's C = 1
}


class Param(BaseModel):
    """One line of ``[space]``: bounds or choices, the default, and what it depends on.

    Integers make an integer parameter, decimals a float one.

    >>> Param(low=4, high=256, log=True, default=31, source="ours").kind
    'int'
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    low: Number | None = Field(None, description="Smallest value.")
    high: Number | None = Field(None, description="Largest value.")
    log: StrictBool = Field(False, description="Search on a logarithmic scale.")
    choices: tuple[Value | None, ...] = Field(
        (), description="The values of a categorical parameter."
    )
    default: Value | None = Field(description="The library's default; or 'sqrt', '1/n'.")
    grid: tuple[Value | None, ...] = Field((), description="Points for the grid sampler.")
    when: dict[str, Value | tuple[Value, ...]] = Field(
        {}, description="Active only if a parameter above has this value, or one of these."
    )
    cap_rows: StrictFloat | None = Field(
        None, gt=0, le=1, description="The upper bound is at most this share of training rows."
    )
    unit: Unit | None = Field(None, description="How a value becomes the estimator's argument.")
    needs: Literal["categorical"] | None = Field(
        None, description="Dropped unless the table has a categorical column."
    )
    gradient: StrictBool = Field(
        False, description="Whether the sampler 'gradient' may follow the gradient in it."
    )
    source: str = Field("", description="Where the bounds come from, or 'ours: why'.")

    @model_validator(mode="after")
    def _check(self) -> Param:
        if self.choices:
            _check_choices(self)
        else:
            _check_range(self)
        if self.gradient and self.kind != "float":
            raise ValueError(f"gradient belongs to a range of decimals; got {self.kind}")
        return self

    @property
    def kind(self) -> Literal["int", "float", "categorical"]:
        """What Optuna distribution the line makes."""
        if self.choices:
            return "categorical"
        return "int" if isinstance(self.low, int) else "float"

    @property
    def distribution(self) -> optuna.distributions.BaseDistribution:
        """The Optuna distribution."""
        from optuna import distributions

        if self.choices:
            return distributions.CategoricalDistribution(self.choices)
        is_int = self.kind == "int"
        number = distributions.IntDistribution if is_int else distributions.FloatDistribution
        return number(*self.bounds, log=self.log)

    @property
    def bounds(self) -> tuple[Any, Any]:
        """The ends of a range; both None for choices."""
        return self.low, self.high

    def suggest(self, name: str, trial: optuna.Trial) -> Any:
        """Ask a trial for a value under a name."""
        if self.choices:
            return trial.suggest_categorical(name, self.choices)
        suggest: Any = trial.suggest_int if self.kind == "int" else trial.suggest_float
        return suggest(name, *self.bounds, log=self.log)

    def active(self, values: Mapping[str, Any]) -> bool:
        """Whether the parameter takes part, given the values of those above it."""
        for name, condition in self.when.items():
            wanted = condition if isinstance(condition, tuple) else (condition,)
            if name not in values or values[name] not in wanted:
                return False
        return True

    def clip(self, value: Any) -> Any:
        """The nearest value inside the bounds; the default for a choice that does not exist."""
        if self.choices:
            return next((c for c in self.choices if _same(c, value)), self.default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            return self.default
        low, high = self.bounds
        inside = min(max(value, low), high)
        return round(inside) if self.kind == "int" else float(inside)

    def row(self) -> dict[str, Any]:
        """What a table of parameters says of it."""
        span = f"{self.low} … {self.high}" + (" log" if self.log else "")
        return {
            "kind": self.kind,
            "range": ", ".join(map(str, self.choices)) or span,
            "default": self.default,
            "grid": ", ".join(map(str, self.grid)),
            "when": ", ".join(f"{key} = {value}" for key, value in self.when.items()),
            "source": self.source,
        }

    def bind(self, rows: int, columns: int) -> Param:
        """The same parameter for a table of this size: caps applied, named defaults resolved."""
        default: Any = self.default
        if not self.choices and isinstance(default, str):
            default = NAMED_DEFAULTS[default](rows, columns)
        low, high = self.bounds
        if self.cap_rows is not None:
            high = min(high, max(low, math.floor(self.cap_rows * rows)))
        bound = self.model_copy(update={"high": high})
        points = tuple(dict.fromkeys(bound.clip(point) for point in self.grid))
        return bound.model_copy(update={"default": bound.clip(default), "grid": points})


@dataclass(frozen=True)
class Space:
    """An ordered set of parameters; conditional ones stand below what they depend on.

    Attributes:
        params: Name to parameter.
        objects: Choices that are no text and no number, such as tuples or estimators: parameter to
            the text that stands for a choice, and the choice.

    >>> kernel = Param(choices=("rbf", "poly"), default="rbf", grid=("rbf", "poly"))
    >>> degree = Param(low=2, high=4, default=3, grid=(2, 3), when={"kernel": "poly"})
    >>> space = Space({"kernel": kernel, "degree": degree})
    >>> space.defaults()
    {'kernel': 'rbf'}
    >>> list(space.grid())
    [{'kernel': 'rbf'}, {'kernel': 'poly', 'degree': 2}, {'kernel': 'poly', 'degree': 3}]
    """

    params: Mapping[str, Param]
    objects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def suggest(self, trial: optuna.Trial) -> Params:
        """Ask the trial for a value of every active parameter, in order."""
        values: Params = {}
        for name, param in self.params.items():
            if param.active(values):
                values[name] = param.suggest(name, trial)
        return values

    def defaults(self) -> Params:
        """The library's defaults, inactive parameters left out."""
        return self.complete({})

    def complete(self, point: Mapping[str, Any]) -> Params:
        """A point of the space: the values of `point`, clipped to it; defaults for the rest."""
        values: Params = {}
        for name, param in self.params.items():
            if param.active(values):
                value = point.get(name, param.default)
                is_object = name in self.objects and repr(value) in self.objects[name]
                values[name] = param.clip(repr(value) if is_object else value)
        return values

    def clipped(self, point: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
        """Which values of `point` the space moves: name -> (asked, used)."""
        used = self.complete(point)
        return {
            name: (value, used[name])
            for name, value in point.items()
            if name in used and not _same(used[name], value)
        }

    def grid(self) -> Iterator[Params]:
        """Every grid point once; a parameter without grid points stays at its default."""
        names = list(self.params)
        axes = [param.grid or (param.default,) for param in self.params.values()]
        seen: set[tuple[tuple[str, Any], ...]] = set()
        for values in itertools.product(*axes):
            point = self.complete(dict(zip(names, values, strict=True)))
            if (key := tuple(point.items())) not in seen:
                seen.add(key)
                yield point

    def bind(self, rows: int, columns: int, *, categorical: bool) -> Space:
        """The space for one table: `rows` of the smallest training fold, `columns` in all."""
        kept = {
            name: param.bind(rows, columns)
            for name, param in self.params.items()
            if categorical or param.needs != "categorical"
        }
        return Space(kept, self.objects)

    def decode(self, values: Mapping[str, Any], rows: int) -> Params:
        """The estimator's arguments for `values` when it is trained on `rows` rows."""
        return {name: self._decode(name, value, rows) for name, value in values.items()}

    def _decode(self, name: str, value: Any, rows: int) -> Any:
        if isinstance(value, str) and value in self.objects.get(name, {}):
            return copy.deepcopy(self.objects[name][value])
        unit = self.params[name].unit if name in self.params else None
        if unit == "ints":
            return _ints(str(value))
        if unit == "per_sample_l2":  # a penalty per row: C = 1/(n l), Ridge's alpha = n l
            return 1 / (rows * value) if name.split("__")[-1] == "C" else rows * value
        return value


def check_conditions(params: Mapping[str, Param]) -> None:
    """Refuse conditions on parameters that do not stand above: they are sampled in order."""
    above: set[str] = set()
    for name, param in params.items():
        if missing := set(param.when) - above:
            raise ValueError(
                f"space.{name}: when names {sorted(missing)}, which must stand above it"
            )
        above.add(name)


def _same(a: Any, b: Any) -> bool:
    """Equality that tells True from 1."""
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _ints(text: str) -> tuple[int, ...]:
    """A layer list: ``"256x3"`` is (256, 256, 256)."""
    width, _, times = text.partition("x")
    try:
        return (int(width),) * int(times or 1)
    except ValueError:
        raise ValueError(f"unit 'ints' reads '256' or '256x3'; got {text!r}") from None


def _check_choices(param: Param) -> None:
    if param.low is not None or param.high is not None or param.log:
        raise ValueError("a parameter has either choices or low and high, not both")
    if len(set(param.choices)) < len(param.choices):  # 1 == 1.0 == True are one choice to Optuna
        raise ValueError(f"choices must differ, also as numbers; got {list(param.choices)}")
    if param.unit == "ints":
        for choice in param.choices:
            _ints(str(choice))
    for value in (param.default, *param.grid):
        if not any(_same(value, choice) for choice in param.choices):
            raise ValueError(f"{value!r} is not among the choices {list(param.choices)}")


def _check_range(param: Param) -> None:
    if None in param.bounds:
        raise ValueError("a parameter needs low and high, or choices")
    if param.cap_rows is not None and param.kind != "int":
        raise ValueError("cap_rows belongs to integer parameters")
    _check_numbers(param)


def _check_numbers(param: Param) -> None:
    low, high = param.bounds
    is_named = isinstance(param.default, str)
    if is_named and param.default not in NAMED_DEFAULTS:
        raise ValueError(
            f"a named default is one of {list(NAMED_DEFAULTS)}; got {param.default!r}"
        )
    numbers: list[Any] = [low, high, *param.grid, *([] if is_named else [param.default])]
    if any(isinstance(n, bool) or not isinstance(n, int | float) for n in numbers):
        raise ValueError(f"a range is made of numbers; got {numbers}")
    if len({type(n) for n in numbers}) > 1:
        raise ValueError(
            f"integers and decimals must not be mixed (write 1.0 for 1); got {numbers}"
        )
    if any(not math.isfinite(float(n)) for n in numbers):
        raise ValueError(f"bounds, default and grid must be finite; got {numbers}")
    if low > high or (param.log and low <= 0):
        raise ValueError(f"low must not exceed high, and log needs low > 0; got {numbers[:2]}")
    if any(not low <= float(n) <= high for n in numbers):
        raise ValueError(f"default and grid must lie between low and high; got {numbers}")
