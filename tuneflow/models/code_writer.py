"""Estimators, and what they were told, as Python code."""

import ast
import builtins
import inspect
import sys
from dataclasses import dataclass, field
from functools import partial
from operator import methodcaller
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline, make_pipeline

from tuneflow.errors import RecipeError

WIDTH = 96
#: Libraries by the name under which a script has them.
SHORT = {"numpy": "np", "pandas": "pd"}
#: Where functions are looked for that do not say whence they are, as ufuncs.
UNSIGNED = ("numpy", "scipy.special")
#: Names that a script has for itself.
TAKEN = {
    "clone": "sklearn.base",
    "fit": "",
    "FrozenEstimator": "sklearn.frozen",
    "pipeline": "",
    "resample": "sklearn.utils",
    "StandardScaler": "sklearn.preprocessing",
}


@dataclass
class Writer:
    """Writes values as code, and keeps what has to be imported for it."""

    imports: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=lambda: dict(TAKEN))
    output: str | None = None  # what `set_output` around the value at hand says

    def write(self, value: Any, indent: int = 0, at: str = "") -> str:
        """The code of a value; over several lines where one is too short.

        Args:
            value: What is written.
            indent: Spaces before it.
            at: The argument that it belongs to.

        Raises:
            RecipeError: A value that no code makes again, such as a function without a name.
        """
        if hasattr(value, "get_params") and not isinstance(value, type):  # kernels, too
            return self._call(value, indent, at)
        if isinstance(value, list | tuple) and value:
            ends = "[]" if isinstance(value, list) else "()"
            comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
            return self._joined(ends, [("", item) for item in value], indent, at, comma)
        if isinstance(value, dict):
            parts = [(f"{self.write(key, 0, at)}: ", item) for key, item in value.items()]
            return self._joined("{}", parts, indent, at)
        if isinstance(value, partial | methodcaller):
            parts = _parts(value)
            return self._imported(type(value), at) + self._joined("()", parts, indent, at)
        if type(value) is np.ndarray:
            self.imports.add("import numpy as np")
            parts = [("", value.tolist()), ("dtype=", str(value.dtype))]
            return "np.array" + self._joined("()", parts, indent, at)
        return self._word(value, at)

    def _call(self, estimator: Any, indent: int, at: str) -> str:
        kind, output, outer = type(estimator), _output_of(estimator), self.output
        asked = f".set_output(transform={output!r})" if output not in (None, outer) else ""
        self.output = output or outer
        try:
            return self._built(estimator, kind, indent, at) + asked
        finally:
            self.output = outer

    def _built(self, estimator: Any, kind: type, indent: int, at: str) -> str:
        if kind is Pipeline and estimator.steps == make_pipeline(*estimator).steps:
            steps = self._joined("()", [("", step) for step in estimator], indent, at)
            return self._imported(make_pipeline, at) + steps
        name = self._imported(kind, at)
        return name + self._joined("()", _arguments(estimator), indent, kind.__name__)

    def _joined(
        self, ends: str, parts: list[tuple[str, Any]], indent: int, at: str, comma: str = ""
    ) -> str:
        inner, written = indent + 4, []
        for name, value in parts:  # "name=" of an argument, "name:" of one that goes by its place
            owner = f"{at}.{name[:-1]}" if name.endswith(("=", ":")) else at
            shown = "" if name.endswith(":") else name
            written.append(shown + self.write(value, inner, owner))
        line = ", ".join(written) + comma
        if "\n" not in line and indent + len(line) < WIDTH - 16:
            return ends[0] + line + ends[1]
        lines = "".join(f"{' ' * inner}{text},\n" for text in written)
        return f"{ends[0]}\n{lines}{' ' * indent}{ends[1]}"

    def _word(self, value: Any, at: str) -> str:
        if isinstance(value, np.datetime64 | np.timedelta64):
            self.imports.add("import numpy as np")
            return repr(value).replace("numpy.", "np.")
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not np.isfinite(value):
            self.imports.add("import numpy as np")
            return {"nan": "np.nan", "inf": "np.inf"}.get(str(value), "-np.inf")
        if isinstance(value, pd.Timestamp | pd.Timedelta):
            self.imports.add("import pandas as pd")
            return f"pd.{value!r}"
        if value is pd.NA:
            self.imports.add("import pandas as pd")
            return "pd.NA"
        if isinstance(value, np.dtype):
            return repr(str(value))
        return self._imported(value, at) if callable(value) else self._shown(value, at)

    def _shown(self, value: Any, at: str) -> str:
        """What shows itself as code: a literal, or the call that makes it."""
        text, kind = repr(value), type(value)
        names = _names_in(text) - set(dir(builtins))
        if not names:
            return text
        if names != {kind.__name__} or not text.startswith(f"{kind.__name__}("):
            raise _no_code(value, at)
        return self._imported(kind, at) + text.removeprefix(kind.__name__)

    def _imported(self, thing: Any, at: str) -> str:
        """The name of a function or a class in the script, which imports it."""
        module, name = _home(thing, at)
        if module == "builtins":
            return name
        if module in SHORT:
            self.imports.add(f"import {module} as {SHORT[module]}")
            return f"{SHORT[module]}.{name}"
        first = name.split(".")[0]
        if self.names.setdefault(first, module) != module:  # two of one name
            self.imports.add(f"import {module}")
            return f"{module}.{name}"
        self.imports.add(f"from {module} import {first}")
        return name


def _home(thing: Any, at: str) -> tuple[str, str]:
    """The module from which a thing is imported, the public one if it is there, and its name.

    Raises:
        RecipeError: There is none, as for a lambda, or it is the session itself.
    """
    own = getattr(thing, "__module__", None) or ""
    name: str = getattr(thing, "__qualname__", getattr(thing, "__name__", ""))
    name = name.replace("NDFrame", "DataFrame")  # where it is inherited from
    for module in (own.split(".")[0], own.split("._")[0], own, *UNSIGNED):
        if module != "__main__" and _is_there(module, name, thing):
            return module, name
    raise _no_code(thing, at)


def _is_there(module: str, name: str, thing: Any) -> bool:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is thing


def _parts(value: partial[Any] | methodcaller) -> list[tuple[str, Any]]:
    """Arguments of the call that makes a caller of functions or of methods."""
    if isinstance(value, methodcaller):
        return [("", each) for each in value.__reduce__()[1]]
    named = [(f"{name}=", item) for name, item in value.keywords.items()]
    return [("", value.func), *(("", item) for item in value.args), *named]


def _output_of(estimator: Any) -> str | None:
    """What `set_output` has told an estimator, or all steps of a pipeline."""
    if isinstance(estimator, Pipeline):
        told = {_output_of(step) for _, step in estimator.steps}
        return told.pop() if len(told) == 1 else None
    output: str | None = vars(estimator).get("_sklearn_output_config", {}).get("transform")
    return output


def _no_code(value: Any, at: str) -> RecipeError:
    return RecipeError(
        f"to_python: {at or 'the pipeline'}: a literal is needed, or what has a name in a module "
        f"that can be imported; got {value!r}. Put it into a module of its own, and name it there."
    )


def _names_in(text: str) -> set[str]:
    """The names in an expression; an empty one, if it is none."""
    try:
        tree = ast.parse(text, mode="eval")
    except SyntaxError:
        return {""}
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}


def _arguments(estimator: Any) -> list[tuple[str, Any]]:
    """Arguments that are not what the constructor would take by itself; the first one goes by
    its place, as in ``Pipeline([...])``."""
    params = inspect.signature(type(estimator).__init__).parameters
    values = estimator.get_params(deep=False)
    known = [name for name, p in params.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    first = [name for name in known[1:2] if name in values]
    arguments = []
    for name in (*first, *(name for name in values if name not in first)):
        default = params[name].default if name in params else None
        if not _is_same(values[name], default):
            arguments.append((f"{name}:" if name in first else f"{name}=", values[name]))
    return arguments


def _is_same(value: Any, default: Any) -> bool:
    """Whether an argument is the default; NaN is NaN, and containers are looked at as text."""
    simple = value is None or isinstance(value, str | int | float | bool)
    return repr(value) == repr(default) if simple else value is default
