"""A pipeline as Python code: what builds it again, for those who do not have tuneflow."""

from __future__ import annotations

import ast
import builtins
import inspect
import sys
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
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

WHOLE = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values."""
    weights = {{}} if sample_weight is None else dict.fromkeys({weighed}, sample_weight)
    return pipeline.fit(X, y, **weights)
'''

#: A model of which each epoch is a call: `fit` would draw the rows in another order.
EPOCHS = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on its labels or values, pass by pass."""
    fitted = clone(pipeline)
    rows, model = {made}, fitted[-1]
    more = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    model.set_params(random_state=np.random.RandomState({seed}))
    for _ in range({epochs}):
        model.partial_fit(rows, {target}, **more)
    model.set_params(random_state={seed})
    return fitted
'''

SCALED = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on its values, pass by pass from one generator."""
    fitted = clone(pipeline)
    rows, scaled = {made}, fitted[-1]
    model, y = scaled.regressor, np.asarray(y)
    target = StandardScaler().fit_transform(y[:, None])[:, 0].astype("{precision}")
    more = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    model.set_params(random_state=np.random.RandomState({seed}))
    for _ in range({epochs}):
        model.partial_fit(rows, target, **more)
    model.set_params(random_state={seed})
    scaled.set_params(regressor=FrozenEstimator(model)).fit(rows, y)
    scaled.regressor, scaled.regressor_ = clone(model), model
    return fitted
'''


#: Where the model was trained on a share of the rows.
SHARE = '''
def fit(X, y, sample_weight=None):
    """Train on a share of a table as it came, and of its labels or values."""
    draw = {{"replace": False, "n_samples": {rows}, "stratify": {strata}, "random_state": {seed}}}
    given = [X, y] if sample_weight is None else [X, y, sample_weight]
    X, y, *weights = [resample(each, **draw) for each in given]
    return pipeline.fit(X, y, **dict.fromkeys({weighed} if weights else [], *weights))
'''


def program(
    pipeline: Pipeline, weighed: tuple[str, ...], spent: tuple[int, int], seed: int, title: str
) -> str:
    """A script that builds a pipeline and trains it.

    Args:
        pipeline: One that has seen nothing, whose last step is called ``model``.
        weighed: Arguments of its `fit` that weights are given to.
        spent: Passes of `partial_fit`, 0 where `fit` does it all; rows it is trained on, 0 for
            all.
        seed: Seed of these passes, and of the draw of these rows.
        title: Its first line.

    Raises:
        RecipeError: An argument is a value that no code makes again.
    """
    epochs, rows = spent
    writer = Writer()
    built = writer.write(pipeline)
    trained = WHOLE.format(weighed=list(weighed))
    if rows:
        strata = "y" if is_classifier(pipeline) else None
        trained = SHARE.format(rows=rows, strata=strata, seed=seed, weighed=list(weighed))
        writer.imports.add("from sklearn.utils import resample")
    if epochs:
        writer.imports |= {"import numpy as np", "from sklearn.base import clone"}
        trained = _passes(pipeline, epochs, seed)
    if "FrozenEstimator" in trained:
        writer.imports.add("from sklearn.frozen import FrozenEstimator")
    imports = "\n".join(sorted(writer.imports, key=lambda line: (line.startswith("from"), line)))
    text = title.replace("\\", "/").replace('"""', "'''")
    return f'"""{text}"""\n\n{imports}\n\npipeline = {built}\n\n{trained}'


def _passes(pipeline: Pipeline, epochs: int, seed: int) -> str:
    """The loop over epochs: a classifier is told its labels, a regressor values as in trials."""
    precision = "float32" if "single" in pipeline.named_steps else "float64"
    told = {"made": "fitted[:-1].fit_transform(X, y)" if len(pipeline) > 1 else "X"}
    told |= {"epochs": str(epochs), "seed": str(seed), "precision": precision}
    if isinstance(pipeline[-1], TransformedTargetRegressor):
        return SCALED.format(**told)
    values = f'np.asarray(y).astype("{precision}")'
    labels = "y, classes=np.unique(y)"
    return EPOCHS.format(**told, target=labels if is_classifier(pipeline) else values)


@dataclass
class Writer:
    """Writes values as code, and keeps what has to be imported for it."""

    imports: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=lambda: dict(TAKEN))

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
        if isinstance(value, partial):
            named = [(f"{name}=", item) for name, item in value.keywords.items()]
            parts = [("", value.func), *(("", item) for item in value.args), *named]
            return self._imported(partial, at) + self._joined("()", parts, indent, at)
        if type(value) is np.ndarray:
            self.imports.add("import numpy as np")
            parts = [("", value.tolist()), ("dtype=", str(value.dtype))]
            return "np.array" + self._joined("()", parts, indent, at)
        return self._word(value, at)

    def _call(self, estimator: Any, indent: int, at: str) -> str:
        kind = type(estimator)
        made = vars(estimator).get("_sklearn_output_config", {}).get("transform")
        asked = f".set_output(transform={made!r})" if made else ""
        if kind is Pipeline and estimator.steps == make_pipeline(*estimator).steps:
            steps = self._joined("()", [("", step) for step in estimator], indent, at)
            return self._imported(make_pipeline, at) + steps + asked
        name = self._imported(kind, at)
        changed = [(f"{name}=", value) for name, value in _changed(estimator).items()]
        return name + self._joined("()", changed, indent, kind.__name__) + asked

    def _joined(
        self, ends: str, parts: list[tuple[str, Any]], indent: int, at: str, comma: str = ""
    ) -> str:
        inner, written = indent + 4, []
        for name, value in parts:
            owner = f"{at}.{name[:-1]}" if name.endswith("=") else at
            written.append(name + self.write(value, inner, owner))
        line = ", ".join(written) + comma
        if "\n" not in line and indent + len(line) < WIDTH - 30:
            return ends[0] + line + ends[1]
        lines = "".join(f"{' ' * inner}{text},\n" for text in written)
        return f"{ends[0]}\n{lines}{' ' * indent}{ends[1]}"

    def _word(self, value: Any, at: str) -> str:
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


def _changed(estimator: Any) -> dict[str, Any]:
    """Arguments that are not what the constructor would take by itself."""
    known = inspect.signature(type(estimator).__init__).parameters
    given = estimator.get_params(deep=False)
    defaults = {name: known[name].default if name in known else None for name in given}
    return {name: given[name] for name in given if not _is_same(given[name], defaults[name])}


def _is_same(value: Any, default: Any) -> bool:
    """Whether an argument is the default; NaN is NaN, and containers are looked at as text."""
    simple = value is None or isinstance(value, str | int | float | bool)
    return repr(value) == repr(default) if simple else value is default
