"""A fitted pipeline in one file, which is read without running foreign code."""

import math
import zipfile
from collections.abc import Iterator, Sequence
from functools import partial
from operator import methodcaller
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from tuneflow.data.encoder import LEVELS, MEASURES, steps_of
from tuneflow.errors import DataError

#: Types in a saved model beyond those that skops trusts: fitted state and plain functions, by
#: module. What `partial` calls has to be trusted by itself; which methods `methodcaller` may call
#: is looked at by `_check_calls`.
TRUSTED = {
    "collections": "OrderedDict",
    "functools": "partial",
    "lightgbm.basic": "Booster",
    "lightgbm.sklearn": "LGBMClassifier LGBMRegressor",
    "numpy": "asarray clip dot dtype nan_to_num take zeros_like",
    "numpy.strings": "replace strip",
    "operator": "methodcaller",
    "pandas": "DataFrame to_datetime to_numeric to_timedelta",
    "sklearn.calibration": "_CalibratedClassifier _SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor": "TreePredictor",
    "sklearn.metrics._dist_metrics": "EuclideanDistance64 ManhattanDistance64",
    "sklearn.neighbors._ball_tree": "BallTree",
    "sklearn.neighbors._kd_tree": "KDTree",
    "sklearn.neural_network._stochastic_optimizers": "AdamOptimizer",
    "sklearn.tree._tree": "Tree",
    "sklearn.utils._bunch": "Bunch",
    "sklearn.utils.validation": "check_array",
    "xgboost.core": "Booster",
    "xgboost.sklearn": "XGBClassifier XGBRegressor",
}


def save(model: Pipeline, path: str | Path) -> Path:
    """Write a model to one file that :func:`load` reads; nothing in it is pickled."""
    import skops.io

    path = Path(path)
    skops.io.dump(model, path)
    return path


def load(path: str | Path, *, trusted: Sequence[str] = ()) -> Pipeline:
    """Read a model that :meth:`Result.save <tuneflow.Result.save>` wrote: a fitted pipeline.

    No code from the file is run: types that are not known to be plain fitted state are refused.
    A file made by a stranger can still hold trees that crash the process.

    Args:
        path: The file.
        trusted: Names of further types to admit, for estimators of your own.

    Raises:
        DataError: Not a saved model, or one that holds types that are not trusted.
    """
    import skops.io

    ours = {f"{module}.{name}" for module, names in TRUSTED.items() for name in names.split()}
    try:
        types = skops.io.get_untrusted_types(file=path)
        strangers = [name for name in types if name not in {*ours, *trusted}]
        model = None if strangers else skops.io.load(path, trusted=types)
    except (OSError, zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise DataError(f"load: {path} is not a model that tuneflow saved. {error}") from error
    if strangers:
        raise DataError(
            f"load: {path} holds types that are not known to be harmless: {', '.join(strangers)}. "
            "If you trust where it comes from, pass their names as `trusted`."
        )
    if not isinstance(model, Pipeline):
        raise DataError(
            f"load: a pipeline is needed, as tuneflow saves it since 0.2; got a "
            f"{type(model).__name__} in {path}. Load it with the version that saved it."
        )
    _check_calls(model, path)
    return model


def categorical_columns(model: Pipeline) -> list[str]:
    """Columns that hold levels of a category, in a model that names its columns."""
    encoded = "preprocessing" in model.named_steps
    blocks = model["preprocessing"]["columns"].transformers if encoded else []
    names = [name for way, _, columns in blocks if way in LEVELS for name in columns]
    return [name for name in names if isinstance(name, str)]


def _check_calls(model: Pipeline, path: str | Path) -> None:
    """Refuse calls of methods that no encoder of ours makes: methods of a frame can run code."""
    calls = list(_calls(model))
    parts = [part for call in calls for part in call.__reduce__()[1] if isinstance(part, partial)]
    dates = [f"dates {part.keywords['format']}" for part in parts if "format" in part.keywords]
    steps = [*map(steps_of, [*MEASURES, *dates]), *(make() for make in LEVELS.values())]
    allowed = {repr(call) for call in _calls(steps)}
    allowed |= {repr(methodcaller("fillna", math.nan)), repr(methodcaller("to_numpy"))}
    if strangers := {repr(call) for call in calls} - allowed:
        raise DataError(f"load: {path} holds calls that no model makes: {sorted(strangers)}.")


def _calls(value: Any) -> Iterator[Any]:
    """All method callers that can be reached from an object."""
    stack, seen = [value], set()
    while stack:
        each = stack.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | type):
            continue
        seen.add(id(each))
        if isinstance(each, dict):
            stack += [*each.keys(), *each.values()]
        elif isinstance(each, list | tuple | set):
            stack += each
        elif isinstance(each, partial):
            stack += [each.func, each.args, each.keywords]
        elif isinstance(each, np.ndarray):
            stack += each.ravel().tolist() if each.dtype == object else []
        elif type(each) is methodcaller:
            yield each
        else:
            stack += getattr(each, "__dict__", {}).values()
