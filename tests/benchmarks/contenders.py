"""The contenders: each is a function from a job to a fitted model and the number of its trials.

Those that take a space get the one of `spaces.py`, those that take folds the same five; FLAML and
tuneflow under a time limit run as they come, which is what their users call.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import optuna
import spaces
import tables
from job import Job, Outcome
from spaces import Choice, Span

FLAML_METRICS = {tables.AUC: "roc_auc", tables.LOG_LOSS: "log_loss", tables.RMSE: "rmse"}
HALVING_POINTS = 64
# It has no perceptron, and its only support vector machine is a linear one, for classes.
FLAML_FAMILIES = {"lightgbm": "lgbm", "xgboost": "xgboost", "random_forest": "rf"}


def defaults(job: Job) -> Outcome:
    """The library's defaults, untuned."""
    return job.estimator()[0].fit(job.X, job.y), 1


def tuneflow(job: Job) -> Outcome:
    """As it comes within a time limit; in the shared space when trials are counted."""
    import tuneflow as tf

    result = tf.tune(
        job.X,
        job.y,
        recipe=_same_space() if job.limit.trials else job.family,
        scoring=job.scoring,
        cv=job.folds(),
        n_trials=job.limit.trials,
        timeout=job.limit.seconds,
        random_state=job.seed,
        progress=False,
    )
    return result, len(result.study.trials)


def _same_space() -> Any:
    """LightGBM's recipe with the shared bounds and no other parameters; rounds are grown."""
    import tuneflow as tf

    recipe = tf.load_recipe("lightgbm")
    shared = {
        name: {"low": span.low, "high": span.high, "log": span.log, "cap_rows": None}
        for name, span in spaces.SPACES["lightgbm"].items()
        if name != "n_estimators"
    }
    return recipe.replace(space={**dict.fromkeys(set(recipe.space) - set(shared)), **shared})


def optuna_search_cv(job: Job) -> Outcome:
    """Optuna's own search for scikit-learn estimators, with its default sampler, TPE."""
    from optuna_integration import OptunaSearchCV

    estimator, prefix = job.estimator()
    space = spaces.SPACES[job.family]
    search = OptunaSearchCV(
        estimator,
        {prefix + name: _distribution(span) for name, span in space.items()},
        cv=job.folds(),
        scoring=job.scoring,
        n_trials=job.limit.trials,
        timeout=job.limit.seconds,
        random_state=job.seed,
        error_score="raise",
    )
    return search.fit(job.X, job.y), len(search.trials_)


def _distribution(span: Span | Choice) -> optuna.distributions.BaseDistribution:
    if isinstance(span, Choice):
        return optuna.distributions.CategoricalDistribution(span.of)
    made = (
        optuna.distributions.IntDistribution
        if span.whole
        else optuna.distributions.FloatDistribution
    )
    return made(span.low, span.high, log=span.log)


def flaml(job: Job) -> Outcome:
    """FLAML, told to stay in the family."""
    return _flaml(job, estimator_list=[FLAML_FAMILIES[job.family]])


def flaml_any(job: Job) -> Outcome:
    """FLAML, with all the families that it takes by itself."""
    return _flaml(job)


def _flaml(job: Job, **options: Any) -> Outcome:
    """Its own spaces, and its own choice between a holdout and folds, as part of its search."""
    from flaml import AutoML

    auto = AutoML()
    task = "regression" if job.regression else "classification"
    options |= {"task": task, "metric": FLAML_METRICS[job.scoring], "seed": job.seed}
    auto.fit(job.X, job.y, time_budget=job.limit.seconds, n_jobs=1, verbose=0, **options)
    return auto, len(auto.config_history)


def halving(job: Job) -> Outcome:
    """scikit-learn's successive halving on the number of trees; it knows no time limit."""
    from sklearn.experimental import enable_halving_search_cv  # noqa: F401, the import allows it
    from sklearn.model_selection import HalvingRandomSearchCV

    estimator, prefix = job.estimator()
    space = dict(spaces.SPACES[job.family])
    most = space.pop("n_estimators").high
    search = HalvingRandomSearchCV(
        estimator,
        {prefix + name: _law(span) for name, span in space.items()},
        resource=f"{prefix}n_estimators",
        max_resources=most,
        min_resources=20,
        cv=job.folds(),
        scoring=job.scoring,
        random_state=job.seed,
        error_score="raise",
    )
    return search.fit(job.X, job.y), sum(search.n_candidates_)


def _law(span: Span) -> Any:
    """What to draw from: a SciPy distribution, or integers that are even on the span's scale."""
    from scipy import stats

    if span.whole:
        points = (np.geomspace if span.log else np.linspace)(span.low, span.high, HALVING_POINTS)
        return points.astype(int).tolist()
    made = stats.loguniform if span.log else stats.uniform
    return made(span.low, span.high if span.log else span.high - span.low)


def _script(job: Job) -> Outcome:
    from by_hand import script

    return script(job)


def _lightgbm_tuner_cv(job: Job) -> Outcome:
    from by_hand import lightgbm_tuner_cv

    return lightgbm_tuner_cv(job)


CONTENDERS: dict[str, Callable[[Job], Outcome]] = {
    "tuneflow": tuneflow,
    "script": _script,
    "optuna_search_cv": optuna_search_cv,
    "lightgbm_tuner_cv": _lightgbm_tuner_cv,
    "flaml": flaml,
    "flaml_any": flaml_any,
    "halving": halving,
    "defaults": defaults,
}
LIMITLESS = ("halving", "defaults")
_USES = {
    "tuneflow": ("tuneflow.tuning.tune",),
    "script": ("by_hand",),
    "optuna_search_cv": ("optuna_integration",),
    "lightgbm_tuner_cv": ("by_hand", "optuna_integration.lightgbm"),
    "flaml": ("flaml.automl",),
    "flaml_any": ("flaml.automl", "xgboost"),
}


def load_libraries(who: str, family: str) -> None:
    """Import what a contender uses, so that its seconds are those of its work."""
    libraries = {name: (name,) for name in spaces.BOOSTED}.get(family, ("sklearn.ensemble",))
    for module in (*libraries, *_USES.get(who, ()), "sklearn.compose", "sklearn.svm"):
        import_module(module)


def takes_part(mode: str, family: str) -> list[str]:
    """Who takes part, in the order of the runs."""
    if mode == "trials":
        return ["tuneflow", "script", "optuna_search_cv", "defaults"]
    if family == "lightgbm":
        return list(CONTENDERS)
    peers = ["flaml"] if family in FLAML_FAMILIES else []
    return ["tuneflow", "optuna_search_cv", *peers, "defaults"]
