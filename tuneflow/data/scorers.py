"""What a person asks to be scored by becomes a scorer of scikit-learn's kind, with a name."""

from collections.abc import Callable, Iterable, Mapping
from inspect import Parameter, signature
from typing import Any

import numpy.typing as npt
from sklearn.metrics import get_scorer, get_scorer_names, log_loss, make_scorer

from tuneflow.data.types import Task
from tuneflow.errors import ScoringError, did_you_mean

#: The default scorer of each task; scikit-learn's names.
DEFAULTS: dict[Task, str] = {
    "binary": "roc_auc",
    "multiclass": "neg_log_loss",
    "regression": "neg_root_mean_squared_error",
}
#: Words that everybody uses, by what scikit-learn calls them.
ALIASES = {
    "auc": "roc_auc",
    "logloss": "neg_log_loss",
    "log_loss": "neg_log_loss",
    "mae": "neg_mean_absolute_error",
    "mape": "neg_mean_absolute_percentage_error",
    "mse": "neg_mean_squared_error",
    "rmse": "neg_root_mean_squared_error",
    "rmsle": "neg_root_mean_squared_log_error",
}


def _scorers_of(module: str) -> frozenset[str]:
    """Names of scikit-learn's scorers whose function is defined in a module or package."""
    return frozenset(
        name
        for name in get_scorer_names()
        if get_scorer(name)._score_func.__module__.startswith(module)
    )


#: Scorers for regressions; they would run on class codes, and mean nothing.
REGRESSION = _scorers_of("sklearn.metrics._regression")
#: Scorers for clusterings, which tuneflow does not tune.
CLUSTERING = _scorers_of("sklearn.metrics.cluster")


def named_scorings(scoring: Any) -> dict[str, Any]:
    """The metric that is optimised, and those that are recorded beside it, each by a name of its
    own; that of the default is empty.

    Args:
        scoring: A word, a callable, several of them, or a table of names and metrics.

    Raises:
        ScoringError: No metric, or one word twice.
    """
    if scoring is None:
        return {"": None}
    if isinstance(scoring, Mapping) and scoring:
        return {str(name): _known(metric) for name, metric in scoring.items()}
    is_list = isinstance(scoring, Iterable) and not isinstance(scoring, str)
    metrics = list(scoring) if is_list else [scoring]
    words = [metric for metric in metrics if isinstance(metric, str)]
    if not metrics or len(set(words)) < len(words):
        raise ScoringError(
            f"scoring: a metric, or a list of different ones, is needed; got {scoring!r}."
        )
    named: dict[str, Any] = {}
    for metric in map(_known, metrics):
        name = metric if isinstance(metric, str) else _name_of(metric)
        times = sum(other.split(" ")[0] == name for other in named)
        named[f"{name} {times + 1}" if times else name] = metric
    return named


def tasks_of(scoring: Any) -> tuple[Task, ...]:
    """The tasks that a metric fits; all, where that is not known."""
    classes: tuple[Task, ...] = ("binary", "multiclass")
    scorer = get_scorer(scoring) if isinstance(scoring, str) else scoring
    module = getattr(getattr(scorer, "_score_func", None), "__module__", "")
    if module.startswith("sklearn.metrics._regression"):
        return ("regression",)
    known = module.startswith(("sklearn.metrics._classification", "sklearn.metrics._ranking"))
    return classes if known else (*classes, "regression")


def scorer_for(
    scoring: Any, name: str, task: Task, classes: npt.NDArray[Any], pos_label: Any = None
) -> tuple[str, Callable[..., float]]:
    """A scorer and its name: scikit-learn's, with the class that counts as positive where it has
    to be said.

    Args:
        scoring: From `named_scorings`.
        name: What it is called there.
        task: The task.
        classes: All labels, sorted.
        pos_label: The label that counts as positive; by default 1, or the last one.

    Raises:
        ScoringError: The metric is for another task, or there is no such label.
    """
    if scoring is None:
        name = scoring = DEFAULTS[task]
    if scoring == "roc_auc" and task == "multiclass":
        scoring = "roc_auc_ovr"
        name = scoring if name == "roc_auc" else name
    if isinstance(scoring, str):
        wrong = CLUSTERING if task == "regression" else CLUSTERING | REGRESSION
        if scoring in wrong or (task == "regression" and scoring not in REGRESSION):
            raise not_for_task(scoring, task)
        if scoring == "neg_log_loss":  # a fold may lack a rare class
            more: Any = {"response_method": "predict_proba", "labels": classes}
            return name, make_scorer(log_loss, greater_is_better=False, **more)
        scoring = get_scorer(scoring)
    labels = {str(label): label for label in classes.tolist()}
    if pos_label is not None and str(pos_label) not in labels:
        raise ScoringError(
            f"pos_label: one of the labels {classes.tolist()[:9]} is needed; got {pos_label!r}."
        )
    if task != "binary" or not _has_positive(scoring) or (pos_label is None and 1 in classes):
        return name, scoring
    positive = classes[-1] if pos_label is None else labels[str(pos_label)]
    return f"{name} of {positive}", make_scorer(
        scoring._score_func,
        greater_is_better=scoring._sign > 0,
        response_method=scoring._response_method,
        **{**scoring._kwargs, "pos_label": positive},
    )


def takes_weights(scorer: Callable[..., float]) -> bool:
    """Whether a scorer, or the function inside one of scikit-learn's, takes weights."""
    return "sample_weight" in signature(getattr(scorer, "_score_func", scorer)).parameters


def not_for_task(name: str, task: Task, reason: str = "") -> ScoringError:
    """That a metric does not fit the task."""
    return ScoringError(
        f"scoring: the metric must fit the task, which is {task}; got {name!r}. "
        f"The default is {DEFAULTS[task]!r}.{reason}"
    )


def _known(scoring: Any) -> Any:
    """A word that scikit-learn knows, or a scorer: a metric of targets and predictions is made
    one, where it is scikit-learn's own."""
    if isinstance(scoring, str):
        word = ALIASES.get(scoring, scoring)
        if word in get_scorer_names():
            return word
        names = [*get_scorer_names(), *ALIASES]
        hint = did_you_mean(word, names)
    elif callable(scoring) and not _is_metric(scoring):
        return scoring
    elif callable(scoring):
        same = [n for n in get_scorer_names() if get_scorer(n)._score_func is scoring]
        if same:
            return min(same, key=len)
        call = f"make_scorer({_name_of(scoring)}"
        hint = (
            "It takes targets and predictions; say which way is better: "
            f"scoring={call}), or {call}, greater_is_better=False) for a cost."
        )
    else:
        hint = ""
    raise ScoringError(
        "scoring: a scikit-learn scorer name or a callable of model, X and y is needed; "
        f"got {scoring!r}. {hint}"
    )


def _name_of(scoring: Any) -> str:
    """The name of a callable, or of the function inside of one."""
    inner = getattr(scoring, "func", scoring)  # of a partial
    return getattr(inner, "__name__", None) or repr(scoring)


def _is_metric(scoring: Callable[..., Any]) -> bool:
    """Whether a function takes targets and predictions, and not model, X and y."""
    if hasattr(scoring, "_score_func"):
        return False
    kinds = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)
    places = [each for each in signature(scoring).parameters.values() if each.kind in kinds]
    needed = [each for each in places if each.default is Parameter.empty]
    is_scorer = len(places) > 2 and places[2].name.startswith("y")  # model, X, y=None
    return (len(needed) == 2 and not is_scorer) or (bool(places) and places[0].name == "y_true")


def _has_positive(scorer: Any) -> bool:
    """Whether a scorer counts one class as positive, and leaves open which."""
    function, options = getattr(scorer, "_score_func", None), getattr(scorer, "_kwargs", {})
    if function is None or "pos_label" in options or options.get("average", "binary") != "binary":
        return False
    return "pos_label" in signature(function).parameters
