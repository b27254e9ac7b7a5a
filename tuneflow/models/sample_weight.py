"""By which names `fit` takes weights: of an estimator itself, or of the steps of a pipeline."""

from typing import Any

from sklearn import get_config
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import TransformedTargetRegressor
from sklearn.pipeline import Pipeline
from sklearn.utils.metadata_routing import get_routing_for_object
from sklearn.utils.validation import has_fit_parameter

WEIGHTS = "sample_weight"


def weight_names(estimator: Any) -> tuple[str, ...]:
    """Arguments of `fit` that weights are given to; none if it has no use for them.

    A pipeline hands weights to its last step; with scikit-learn's metadata routing switched on,
    to the steps that ask for them by `set_fit_request`.

    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.neighbors import KNeighborsRegressor
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> weight_names(make_pipeline(StandardScaler(), Ridge()))
    ('ridge__sample_weight',)
    >>> weight_names(make_pipeline(StandardScaler(), KNeighborsRegressor()))
    ()
    """
    if isinstance(estimator, Pipeline):
        routed = get_config()["enable_metadata_routing"]
        steps = _asking(estimator) if routed else estimator.steps[-1:]
        return tuple(f"{name}__{inner}" for name, step in steps for inner in weight_names(step))
    inner = _inside(estimator)
    if inner is not None:  # it hands on what it does not know
        return weight_names(inner)
    return (WEIGHTS,) if has_fit_parameter(estimator, WEIGHTS) else ()


def _asking(pipeline: Pipeline) -> list[tuple[str, Any]]:
    steps = [(name, step) for name, step in pipeline.steps if hasattr(step, "fit")]
    return [pair for pair in steps if get_routing_for_object(pair[1]).consumes("fit", {WEIGHTS})]


def _inside(estimator: Any) -> Any:
    if isinstance(estimator, TransformedTargetRegressor):
        return estimator.regressor
    return estimator.estimator if isinstance(estimator, CalibratedClassifierCV) else None
