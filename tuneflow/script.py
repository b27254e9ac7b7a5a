"""A pipeline as Python code: what builds it again, for those who do not have tuneflow."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, is_classifier
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline, make_pipeline

WIDTH = 96
#: Libraries by the name under which a script has them.
SHORT = {"numpy": "np", "pandas": "pd"}

WHOLE = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on labels or values."""
    weights = {{}} if sample_weight is None else dict.fromkeys({weighed}, sample_weight)
    return pipeline.fit(X, y, **weights)
'''

#: A classifier of which each epoch is a call: `fit` would draw the rows in another order.
LABELS = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on its labels, pass by pass from one generator."""
    fitted = clone(pipeline)
    rows, model = fitted[:-1].fit_transform(X), fitted[-1]
    more = {{}} if sample_weight is None else {{"sample_weight": sample_weight}}
    model.set_params(random_state=np.random.RandomState({seed}))
    for _ in range({epochs}):
        model.partial_fit(rows, y, classes=np.unique(y), **more)
    model.set_params(random_state={seed})
    return fitted
'''

VALUES = '''
def fit(X, y, sample_weight=None):
    """Train on a table as it came, and on its values, pass by pass from one generator."""
    fitted = clone(pipeline)
    rows, scaled = fitted[:-1].fit_transform(X), fitted[-1]
    model, y = scaled.regressor, np.asarray(y)
    target = StandardScaler().fit_transform(y[:, None])[:, 0].astype(rows.dtype)
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
    """
    epochs, rows = spent
    writer, scaled = Writer(), isinstance(pipeline[-1], TransformedTargetRegressor)
    built = writer.write(pipeline)
    trained = WHOLE.format(weighed=list(weighed))
    if rows:
        strata = "y" if is_classifier(pipeline) else None
        trained = SHARE.format(rows=rows, strata=strata, seed=seed, weighed=list(weighed))
        writer.imports.add("from sklearn.utils import resample")
    if epochs:
        writer.imports |= {"import numpy as np", "from sklearn.base import clone"}
        trained = (VALUES if scaled else LABELS).format(seed=seed, epochs=epochs)
    if epochs and scaled:
        writer.imports.add("from sklearn.frozen import FrozenEstimator")
    imports = "\n".join(sorted(writer.imports, key=lambda line: (line.startswith("from"), line)))
    text = title.replace("\\", "/").replace('"""', "'''")
    return f'"""{text}"""\n\n{imports}\n\npipeline = {built}\n\n{trained}'


@dataclass
class Writer:
    """Writes values as code, and keeps what has to be imported for it."""

    imports: set[str] = field(default_factory=set)

    def write(self, value: Any, indent: int = 0) -> str:
        """The code of a value; over several lines where one is too short."""
        if isinstance(value, BaseEstimator):
            return self._call(value, indent)
        if isinstance(value, list | tuple) and value:
            ends = "[]" if isinstance(value, list) else "()"
            comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
            return self._joined(ends, [("", item) for item in value], indent, comma)
        if isinstance(value, dict):
            return self._joined("{}", [(f"{key!r}: ", v) for key, v in value.items()], indent)
        return self._word(value)

    def _call(self, estimator: BaseEstimator, indent: int) -> str:
        kind = type(estimator)
        made = vars(estimator).get("_sklearn_output_config", {}).get("transform")
        asked = f".set_output(transform={made!r})" if made else ""
        if isinstance(estimator, Pipeline) and estimator.steps == make_pipeline(*estimator).steps:
            self.imports.add("from sklearn.pipeline import make_pipeline")
            steps = self._joined("()", [("", step) for step in estimator], indent)
            return "make_pipeline" + steps + asked
        self.imports.add(f"from {_home(kind)} import {kind.__name__}")
        changed = [(f"{name}=", value) for name, value in _changed(estimator).items()]
        return kind.__name__ + self._joined("()", changed, indent) + asked

    def _joined(
        self, ends: str, parts: list[tuple[str, Any]], indent: int, comma: str = ""
    ) -> str:
        inner = indent + 4
        written = [name + self.write(value, inner) for name, value in parts]
        line = ", ".join(written) + comma
        if "\n" not in line and indent + len(line) < WIDTH - 30:
            return ends[0] + line + ends[1]
        lines = "".join(f"{' ' * inner}{text},\n" for text in written)
        return f"{ends[0]}\n{lines}{' ' * indent}{ends[1]}"

    def _word(self, value: Any) -> str:
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float) and not np.isfinite(value):
            self.imports.add("import numpy as np")
            return {"nan": "np.nan", "inf": "np.inf"}.get(str(value), "-np.inf")
        if isinstance(value, pd.Timestamp | pd.Timedelta):
            self.imports.add("import pandas as pd")
            return f"pd.{value!r}"
        if hasattr(value, "get_n_splits"):  # shows itself as the call that makes it
            self.imports.add(f"from {_home(type(value))} import {type(value).__name__}")
        return self._function(value) if callable(value) else repr(value)

    def _function(self, function: Any) -> str:
        library = (function.__module__ or "numpy").split(".")[0]
        name: str = function.__qualname__.replace(
            "NDFrame", "DataFrame"
        )  # where it is inherited from
        if library not in SHORT:
            return name
        self.imports.add(f"import {library} as {SHORT[library]}")
        return f"{SHORT[library]}.{name}"


def _home(kind: type) -> str:
    """The module from which a class is imported: the public one, if it is there as well."""
    public = kind.__module__.split("._")[0].removesuffix(".sklearn")  # LightGBM's, XGBoost's
    there = getattr(sys.modules[public], kind.__name__, None) is kind
    return public if there else kind.__module__


def _changed(estimator: BaseEstimator) -> dict[str, Any]:
    """Arguments that are not what the constructor would take by itself."""
    known = inspect.signature(type(estimator).__init__).parameters
    given = estimator.get_params(deep=False)
    defaults = {name: known[name].default if name in known else None for name in given}
    return {name: given[name] for name in given if not _is_same(given[name], defaults[name])}


def _is_same(value: Any, default: Any) -> bool:
    """Whether an argument is the default; NaN is NaN, and containers are looked at as text."""
    simple = value is None or isinstance(value, str | int | float | bool)
    return repr(value) == repr(default) if simple else value is default
