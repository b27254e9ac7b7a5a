"""scikit-learn's front door: `tune()` as a classifier and as a regressor."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import joblib
import numpy as np
import numpy.typing as npt
import pandas as pd
from optuna.trial import FrozenTrial
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.utils import InputTags, Tags, assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from tuneflow.data.schema import frame_of
from tuneflow.data.types import FloatArray, Task
from tuneflow.errors import RecipeError
from tuneflow.recipe.custom import as_recipe
from tuneflow.recipe.recipe import Recipe
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import score_of
from tuneflow.study.workers.workers import Workers
from tuneflow.tuning.refit import Select
from tuneflow.tuning.result import Result
from tuneflow.tuning.several_recipes import are_several
from tuneflow.tuning.tune import tune


@dataclass(eq=False, repr=False)
class _Tuned:
    """What classifier and regressor share: the arguments, as fields, and all that is fitted."""

    _tasks: ClassVar[tuple[Task, ...]]

    recipe: str | Path | Recipe | Any = "lightgbm"
    _: KW_ONLY
    space: Mapping[str, Any] | None = None
    scoring: Any = None
    cv: Any = 5
    test_size: Any = None
    select: Select = "best"
    start: Sequence[Mapping[str, Any]] = ()
    sampler: Any = None
    pruner: Any = None
    n_trials: int | None = 50
    timeout: float | None = None
    stop: int | Literal["noise"] | None = None
    storage: Any = None
    study_name: str | None = None
    n_jobs: int | Workers | None = None
    random_state: int = 0
    progress: bool | Literal["live"] = False
    callbacks: Sequence[Callable[..., None]] = ()

    def fit(self, X: Any, y: Any, *, groups: Any = None, sample_weight: Any = None) -> Self:
        """Tune the recipe, and refit the best configuration on every row.

        Args:
            X: Table, shape (rows, columns).
            y: Target, shape (rows,).
            groups: Group of each row, shape (rows,); a group is never split between folds.
            sample_weight: Weight of each row, shape (rows,), in training and in scoring.
        """
        X, y = self._table(X, y, reset=True), self._target(y)
        arguments = BaseEstimator.get_params(self, deep=False)
        name = self.study_name or "recipes"
        if not are_several(self.recipe):
            recipe = self._narrowed(as_recipe(self.recipe, self.space, len(y)))
            arguments |= {"recipe": recipe, "space": None}
            name = self.study_name or recipe.name
        if self.storage is not None:  # other rows, as those of another fold, are another study
            arguments["study_name"] = f"{name} {joblib.hash([X, y, groups, sample_weight])[:12]}"
        result = tune(X, y, groups=groups, sample_weight=sample_weight, **arguments)
        trials = [trial for trial in result.record.trials if trial.state.is_finished()]
        self.cv_results_ = _cv_results(result, trials)
        self.best_index_ = [trial.number for trial in trials].index(result.best_trial.number)
        self.best_estimator_ = result.model
        self.best_params_ = result.best_params
        self.best_score_ = result.best_score
        self.n_splits_ = result.header.n_folds
        self.refit_time_ = result.refit.seconds
        self.result_ = result
        return self

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels or values, shape (rows,)."""
        check_is_fitted(self)
        return self.result_.predict(self._table(X, reset=False))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """By `scoring`; without one, by accuracy or R²."""
        if self.scoring is None:
            return float(super().score(X, y, sample_weight))  # type: ignore[misc]  # its mixins'
        check_is_fitted(self)
        more = {} if sample_weight is None else {"sample_weight": sample_weight}
        return float(self.result_.scorer(self, X, y, **more))

    def _narrowed(self, recipe: Recipe) -> Recipe:
        """The recipe, for this kind of target only: whole numbers may be labels or values."""
        tasks = [task for task in recipe.tasks if task in self._tasks]
        if not tasks:
            raise RecipeError(
                f"{type(self).__name__}: a recipe for {' or '.join(self._tasks)} is needed; got "
                f"{recipe.name!r}, which is for {', '.join(recipe.tasks)}."
            )
        return recipe.replace(tasks=tasks) if len(tasks) < len(recipe.tasks) else recipe

    def _table(self, X: Any, y: Any = "no_validation", *, reset: bool) -> Any:
        """A frame, or an array, with as many columns, of the same names, as in `fit`."""
        if isinstance(X, list | np.ma.MaskedArray) or hasattr(X, "to_pandas"):
            X = frame_of(X)
        checks: dict[str, Any] = {"skip_check_array": True}
        if not hasattr(X, "columns"):
            checks = {"dtype": None, "ensure_all_finite": False, "accept_sparse": True}
            checks["ensure_min_samples"] = 2 if reset else 1
        y = None if y is None else "no_validation"
        return validate_data(self, X, y, reset=reset, **checks)

    def _target(self, y: Any) -> npt.NDArray[Any]:
        y = column_or_1d(y, warn=True)
        assert_all_finite(y, input_name="y")
        return np.asarray(y)

    def __sklearn_tags__(self) -> Tags:
        tags: Tags = super().__sklearn_tags__()  # type: ignore[misc]  # scikit-learn's
        tags.input_tags = InputTags(allow_nan=True, categorical=True, sparse=True, string=True)
        return tags


@dataclass(eq=False, repr=False)
class TunedClassifier(_Tuned, ClassifierMixin, BaseEstimator):
    """A classifier that tunes itself: :func:`tune <tuneflow.tune>` as scikit-learn has it.

    The constructor takes what `tune` takes about the search, and `fit` what it takes about rows.
    It is used like any classifier, also in pipelines, in a `GridSearchCV`, or in
    `cross_val_score`, which is nested cross-validation then.

    Attributes:
        result_: What `tune` handed back: remarks, trials, report.
        best_estimator_: The refitted model as a pipeline of scikit-learn and the library that was
            tuned, which works where tuneflow is not installed.
        best_params_: The estimator's arguments.
        best_score_: Mean score of the best trial over the folds.
        best_index_: Its row in `cv_results_`.
        cv_results_: All trials, as scikit-learn's search classes have them.
        classes_: Labels, in the order of the columns of `predict_proba`.

    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True)
    >>> model = tf.TunedClassifier("knn", n_trials=4).fit(X, y)
    >>> model.predict(X[:2]).tolist()
    [0, 0]
    >>> bool(cross_val_score(model, X, y, cv=3).mean() > 0.9)
    True
    """

    _tasks = ("binary", "multiclass")
    _: KW_ONLY
    pos_label: Any = None

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Labels, in the order of the columns of `predict_proba`."""
        check_is_fitted(self, "result_")
        return self.result_.classes_

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities, shape (rows, classes)."""
        check_is_fitted(self)
        return self.result_.predict_proba(self._table(X, reset=False))

    def _target(self, y: Any) -> npt.NDArray[Any]:
        labels = super()._target(y)
        check_classification_targets(labels)
        return labels


class TunedRegressor(_Tuned, RegressorMixin, BaseEstimator):
    """A regressor that tunes itself: :func:`tune <tuneflow.tune>` as scikit-learn has it.

    See :class:`TunedClassifier`, which it is like in everything but the target.

    >>> from sklearn.datasets import load_diabetes
    >>> import tuneflow as tf
    >>> X, y = load_diabetes(return_X_y=True)
    >>> model = tf.TunedRegressor("elastic_net", n_trials=4).fit(X, y)
    >>> bool(model.score(X, y) > 0.4)
    True
    """

    _tasks = ("regression",)

    def _target(self, y: Any) -> npt.NDArray[Any]:
        return super()._target(y).astype(float)


def _cv_results(result: Result, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """What scikit-learn's search classes call ``cv_results_``, of trials that have ended.

    A trial that was pruned or failed has no mean, stands last in the ranking, and has the scores
    of the folds that it came to. Times are those of all folds together, divided by their number:
    what the folds took one by one is not recorded, so that its deviation is NaN.
    """
    space, header = result.recipe.space_for(result.refit.task), result.header
    params = [space.decode(trial.params, header.rows) for trial in trials]
    empty = np.ma.array(np.empty(len(trials), object), mask=True)
    columns = {name: empty.copy() for point in params for name in point}
    for at, point in enumerate(params):
        for name, value in point.items():
            columns[name][at] = value
    records = [result.record.record(trial) or TrialRecord() for trial in trials]
    by_fold = [dict(enumerate(record.scores)) for record in records]
    scores = pd.DataFrame(by_fold, columns=range(header.n_folds), dtype=float).to_numpy()
    folds = np.array([max(1, len(record.scores)) for record in records])
    means = pd.Series([score_of(trial) for trial in trials])
    ranks = means.rank(method="min", ascending=False, na_option="bottom")
    return {
        "mean_fit_time": np.array([record.seconds_fit for record in records]) / folds,
        "std_fit_time": np.full(len(trials), math.nan),
        "mean_score_time": np.array([record.seconds_score for record in records]) / folds,
        "std_score_time": np.full(len(trials), math.nan),
        **{f"param_{name}": column for name, column in columns.items()},
        "params": params,
        **{f"split{fold}_test_score": scores[:, fold] for fold in range(header.n_folds)},
        "mean_test_score": means.to_numpy(),
        "std_test_score": np.where(means.isna(), math.nan, scores.std(axis=1)),
        "rank_test_score": ranks.to_numpy(np.int32),
    }
