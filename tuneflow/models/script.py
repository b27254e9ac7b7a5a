"""A pipeline as Python code: what builds it again, for those who do not have tuneflow."""

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
from sklearn.base import is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline

from tuneflow.errors import RecipeError
from tuneflow.models.pipeline import Training

WIDTH = 96
#: Libraries by the name under which a script has them.
SHORT = {"numpy": "np", "pandas": "pd"}
#: Where functions are looked for that do not say whence they are, as ufuncs.
UNSIGNED = ("numpy", "scipy.special")
#: What the functions below call, and where it is imported from.
HELPERS = {
    "clone": "sklearn.base",
    "FrozenEstimator": "sklearn.frozen",
    "resample": "sklearn.utils",
    "StandardScaler": "sklearn.preprocessing",
}
SCALE = """    if sample_weight is not None:
        sample_weight = np.asarray(sample_weight) / np.mean(sample_weight)
"""
WHOLE = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values."""
{scale}    weights = {{}} if sample_weight is None else dict.fromkeys({weights}, sample_weight)
    return pipeline.fit(X, y, **weights)
'''

#: Where the model was trained on a share of the rows.
SHARE = '''
def fit(X, y, sample_weight=None):
    """Train on a share of a table as it came, and of its labels or values."""
    draw = {{"replace": False, "n_samples": {rows}, "stratify": {strata}, "random_state": {seed}}}
{scale}    arrays = [X, y] if sample_weight is None else [X, y, sample_weight]
    X, y, *weights = [resample(each, **draw) for each in arrays]
    return pipeline.fit(X, y, **dict.fromkeys({weights} if weights else [], *weights))
'''

#: A model of which each epoch is a call: `fit` would draw the rows in another order.
EPOCHS = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values, pass by pass."""
    fitted = clone(pipeline)
    rows, model = {rows}, fitted[-1]{inner}
{scale}    weights = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    model.set_params(random_state=np.random.RandomState({seed}))
    for _ in range({epochs}):
        model.partial_fit(rows, {target}, **weights)
    model.set_params(random_state={seed}){outer}
    return fitted
'''

#: The same where the target is standardised around it.
INNER = """
    scaled, model, y = model, model.regressor, np.asarray(y)
    target = StandardScaler().fit_transform(y[:, None])[:, 0].astype("{precision}")"""
OUTER = """
    scaled.set_params(regressor=FrozenEstimator(model)).fit(rows, y)
    scaled.regressor, scaled.regressor_ = clone(model), model"""


def program(pipeline: Pipeline, training: Training, title: str) -> str:
    """A script that builds a pipeline and trains it.

    Args:
        pipeline: One that has seen nothing.
        training: How it is trained.
        title: Its first line.

    Raises:
        RecipeError: An argument is a value that no code makes again.
    """
    writer = Writer()
    built, function = writer.write(pipeline), _function(pipeline, training)
    called = [(name, module) for name, module in HELPERS.items() if f"{name}(" in function]
    writer.imports |= {f"from {module} import {name}" for name, module in called}
    writer.imports |= {"import numpy as np"} if "np." in function else set()
    imports = "\n".join(sorted(writer.imports, key=lambda line: (line.startswith("from"), line)))
    text = title.replace("\\", "/").replace('"""', "'''")
    return f'"""{text}"""\n\n{imports}\n\npipeline = {built}\n\n{function}'


def _function(pipeline: Pipeline, training: Training) -> str:
    """The function that trains: by `fit`, on all rows or on a share of them, or in a loop over
    epochs, where a classifier is told its labels, a regressor values as in trials."""
    weights, single, seed = list(training.weight_names), training.single, training.seed
    classes, scale = is_classifier(pipeline), SCALE if training.unit_weights else ""
    if not training.epochs:
        strata = "y" if classes else None
        code = SHARE if training.rows else WHOLE
        how = {"weights": weights, "rows": training.rows, "strata": strata, "seed": seed}
        return code.format(**how, scale=scale)
    precision = "float32" if single else "float64"
    rows = "fitted[:-1].fit_transform(X, y)" if len(pipeline) > 1 else "X"
    rows += '.astype("float32")' if single else ""
    target, inner, outer = "y, classes=np.unique(y)", "", ""
    if isinstance(pipeline[-1], TransformedTargetRegressor):
        target, inner, outer = "target", INNER.format(precision=precision), OUTER
    elif not classes:
        target = f'np.asarray(y).astype("{precision}")'
    parts = {"rows": rows, "inner": inner, "outer": outer, "target": target, "scale": scale}
    return EPOCHS.format(**parts, epochs=training.epochs, seed=seed)


@dataclass
class Writer:
    """Writes values as code, and keeps what has to be imported for it."""

    imports: set[str] = field(default_factory=set)
    names: dict[str, str] = field(default_factory=lambda: {**HELPERS, "fit": "", "pipeline": ""})
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
        if _tells_arguments(value):
            return self._call(value, indent, at)
        if isinstance(value, list | tuple) and value:
            ends = "[]" if isinstance(value, list) else "(,)" if len(value) == 1 else "()"
            return self._joined(ends, [("", item) for item in value], indent, at)
        if isinstance(value, dict):
            parts = [(f"{self.write(key, 0, at)}: ", item) for key, item in value.items()]
            return self._joined("{}", parts, indent, at)
        if isinstance(value, methodcaller | partial):
            made: Any = value.__reduce__()  # what makes it, and the first arguments
            parts = [("", item) for item in made[1]]
            if isinstance(value, partial):
                parts += [("", item) for item in value.args]
                parts += [(f"{name}=", item) for name, item in value.keywords.items()]
            return self._imported(made[0], at) + self._joined("()", parts, indent, at)
        if type(value) is np.ndarray:
            self.imports.add("import numpy as np")
            parts = [("", value.tolist()), ("dtype=", str(value.dtype))]
            return "np.array" + self._joined("()", parts, indent, at)
        return self._word(value, at)

    def _call(self, estimator: Any, indent: int, at: str) -> str:
        kind, output, outer = type(estimator), _output_of(estimator), self.output
        asked = f".set_output(transform={output!r})" if output not in (None, outer) else ""
        self.output = output or outer
        if kind is Pipeline and estimator.steps == make_pipeline(*estimator).steps:
            kind, parts = make_pipeline, [("", step) for step in estimator]
        else:
            parts, at = _arguments(estimator), kind.__name__
        written = self._imported(kind, at) + self._joined("()", parts, indent, at)
        self.output = outer
        return written + asked

    def _joined(self, ends: str, parts: list[tuple[str, Any]], indent: int, at: str) -> str:
        """Parts in brackets, in one line or each in its own; `ends` of a tuple of one is "(,)"."""
        inner, written = indent + 4, []
        for name, value in parts:  # "name=" of an argument, "name:" of one that goes by its place
            owner = f"{at}.{name[:-1]}" if name.endswith(("=", ":")) else at
            shown = "" if name.endswith(":") else name
            written.append(shown + self.write(value, inner, owner))
        line = ", ".join(written) + ends[1:-1]
        if "\n" not in line and indent + len(line) < WIDTH - 16:
            return ends[0] + line + ends[-1]
        lines = "".join(f"{' ' * inner}{text},\n" for text in written)
        return f"{ends[0]}\n{lines}{' ' * indent}{ends[-1]}"

    def _word(self, value: Any, at: str) -> str:
        """What is no container: a literal, the call that makes a value, or an imported name."""
        if isinstance(value, np.generic) and not isinstance(value, np.datetime64 | np.timedelta64):
            value = value.item()
        number = isinstance(value, float) and not np.isfinite(value)
        if number or isinstance(value, np.generic):
            self.imports.add("import numpy as np")
            text = repr(value).removeprefix("numpy.").removeprefix("np.")
            return f"-np.{text[1:]}" if text.startswith("-") else f"np.{text}"
        if value is pd.NA or isinstance(value, pd.Timestamp | pd.Timedelta):
            self.imports.add("import pandas as pd")
            return "pd." + repr(value).strip("<>")
        if isinstance(value, np.dtype):
            return repr(str(value))
        if callable(value):
            return self._imported(value, at)
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
        found: Any = sys.modules.get(module)
        for part in name.split("."):
            found = getattr(found, part, None)
        if module != "__main__" and found is thing:
            return module, name
    raise _no_code(thing, at)


def _output_of(estimator: Any) -> str | None:
    """What `set_output` has told an estimator, or all steps of a pipeline."""
    if isinstance(estimator, Pipeline):
        told = {_output_of(step) for _, step in estimator.steps}
        return told.pop() if len(told) == 1 else None
    output: str | None = vars(estimator).get("_sklearn_output_config", {}).get("transform")
    return output


def _tells_arguments(value: Any) -> bool:
    """Whether an object says what it was made with: an estimator, a kernel, or what can be called
    and keeps nothing but its arguments, such as a column selector."""
    kind, is_class = type(value), isinstance(value, type)
    if not is_class and hasattr(value, "get_params"):
        return True
    if is_class or not callable(value) or "__init__" not in vars(kind):
        return False
    _, *names = inspect.signature(kind.__init__).parameters
    return names == list(getattr(value, "__dict__", ()))


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
    its place, as in ``Pipeline([...])``. NaN is NaN, and containers are never taken for equal."""
    params = inspect.signature(type(estimator).__init__).parameters
    is_estimator = hasattr(estimator, "get_params")
    values = estimator.get_params(deep=False) if is_estimator else vars(estimator)
    known = [name for name, p in params.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    first = [name for name in known[1:2] if name in values]
    arguments = []
    for name in (*first, *(name for name in values if name not in first)):
        value, default = values[name], params[name].default if name in params else None
        simple = value is None or isinstance(value, str | int | float | bool)
        if repr(value) != repr(default) if simple else value is not default:
            arguments.append((f"{name}:" if name in first else f"{name}=", value))
    return arguments
