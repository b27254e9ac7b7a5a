"""`tune()`: plan a study, open it, optimize, and finalize it into a result."""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal

from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from tuneflow.data.schema import frame_of
from tuneflow.errors import warn
from tuneflow.recipe.custom import as_recipe, check_space
from tuneflow.reporting.live.notebook_figure import NotebookFigure
from tuneflow.storage.open import Storage, open_storage
from tuneflow.storage.retry import with_retry
from tuneflow.storage.user_attrs import write_goal
from tuneflow.study.budget import Budget
from tuneflow.study.loop import Callback, RunOptions
from tuneflow.study.optimize import check_end, optimize
from tuneflow.study.plan import Settings, make_plan
from tuneflow.study.resume import open_study
from tuneflow.study.validation import check_limits
from tuneflow.study.workers.workers import Workers
from tuneflow.tuning.refit import Select, check_select, finalize
from tuneflow.tuning.result import Result
from tuneflow.tuning.several_recipes import Recipes, are_several, tune_several


def tune(
    X: Any,
    y: Any,
    recipe: Recipes | Any = "lightgbm",
    *,
    space: Mapping[str, Any] | None = None,
    task: str | None = None,
    pos_label: Any = None,
    scoring: str | Callable[..., float] | Sequence[Any] | Mapping[str, Any] | None = None,
    cv: Any = 5,
    groups: Any = None,
    sample_weight: Any = None,
    test_size: Any = None,
    select: Select = "best",
    start: Sequence[Mapping[str, Any]] = (),
    sampler: str | BaseSampler | None = None,
    pruner: str | Mapping[str, Any] | BasePruner | None = None,
    n_trials: int | None = 50,
    timeout: float | None = None,
    stop: int | Literal["noise"] | None = None,
    storage: Storage = None,
    study_name: str | None = None,
    n_jobs: int | Workers | None = None,
    random_state: int = 0,
    progress: bool | Literal["live"] = True,
    callbacks: Sequence[Callback] = (),
) -> Result:
    """Tune a recipe on a table, and refit the best configuration on every row.

    The recipe's defaults are tried first, then its starting points, then what the sampler
    proposes. The same call with the same `storage` and `study_name` goes on where it stopped.

    Args:
        X: Frame, array, or anything scikit-learn accepts, shape (rows, columns); strings,
            categories, booleans, dates and gaps are welcome.
        y: Target, shape (rows,), or the name of a column of `X`.
        recipe: A name from :func:`recipes`, the path of a TOML file, a recipe, or an estimator of
            scikit-learn's kind, which may be a pipeline; it gets the table as it is. A pipeline
            whose last step is one of the former, ``make_pipeline(TableVectorizer(), "svm")``,
            fits its transformers on the training rows of each fold, once for all trials. Several,
            or ``"auto"``, share the budget: the better half of them goes on, round after round.
        space: For an estimator, what to search: arguments with a table (``{"low": 0.1, "high":
            10.0, "log": True}``), a list of choices, or an Optuna distribution. Of a recipe, it
            changes parameters, as :meth:`Recipe.replace` does.
        task: ``classification``, ``regression``, ``binary`` or ``multiclass``. By default the
            task of a metric that fits one alone, or a guess from the target, which the result
            explains.
        pos_label: The label that counts as positive for metrics such as ``f1``; by default 1, or
            the label that is sorted last.
        scoring: A scikit-learn scorer name, or a usual word for one (``rmse``, ``auc``), or a
            callable of model, X and y; by default one that suits the target: ``roc_auc``,
            ``neg_log_loss`` or ``neg_root_mean_squared_error``. Of a list or a table of names and
            metrics, the first is optimised, and all are recorded.
        cv: Number of folds, a holdout share, a scikit-learn splitter, or index pairs.
        groups: Group of each row, shape (rows,), or the name of a column of `X`, which is then no
            feature; a group is never split between folds.
        sample_weight: Weight of each row, shape (rows,), or the name of a column, in training and
            in scoring: a row of weight 2 counts as two. Folds are split, and averaged, as without
            weights. A pipeline hands weights to its last step; with scikit-learn's metadata
            routing on, to the steps that ask for them.
        test_size: Rows that neither search nor refit will see, for an honest estimate: a share,
            or their positions. With a `TimeSeriesSplit`, a share is that of the last rows.
        select: What is refitted: ``best``, or ``one_se``: of the trials within one standard error
            of the best, the one that was fastest to train.
        start: Points to try after the baseline, each a table of parameters and values; the others
            are at their defaults.
        sampler: ``grid random qmc tpe bohb cmaes gp nsga2 gradient``, or an Optuna sampler; by
            default the recipe's.
        pruner: ``none median percentile halving hyperband wilcoxon patient``, a table with a name
            and options, or an Optuna pruner; by default the sampler's own, or the recipe's.
        n_trials: Trials in the study, all in all, those of earlier calls included; None for no
            limit, or for the whole grid.
        timeout: Seconds for this call, the refit included; kept to within one fold.
        stop: Ends the study early: after so many trials without an improvement, or, with
            ``noise``, once the later half of the trials has gained less than the noise of the
            folds.
        storage: Nothing for memory, ``churn.db`` for SQLite, ``churn.journal`` for a journal, a
            database URL, or an Optuna storage.
        study_name: By default the recipe's name; with several, what the names begin with.
        n_jobs: Trials at a time, each in a process with one thread; -1 for one a core; by default
            one, in this process. Or :class:`Workers <tuneflow.Workers>`, which say more: trials on
            Dask, Ray or an executor, a limit of time for each, or the same study every time.
        random_state: Seed of folds, models and sampler.
        progress: Show a bar on a terminal or in a notebook; ``"live"`` keeps a figure of the best
            so far up to date below a notebook's cell.
        callbacks: Called as ``callback(study, trial)`` after every trial.

    Returns:
        The result, fitted; of several recipes that of the best, with a `leaderboard()`.

    Raises:
        DataError: The table or the target cannot be used.
        ScoringError: The metric is unknown or does not fit the task.
        RecipeError: The recipe is unknown or malformed.
        SearchError: Unknown sampler or pruner, nothing that ends the search, or ``"live"`` outside
            a notebook.
        StudyError: The storage cannot be used, or the study in it is another one.
        NoTrialError: No trial came to a score.
        TrialError: The best model refused to be trained on every row.

    >>> from sklearn.datasets import load_iris
    >>> import tuneflow as tf
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> result = tf.tune(X, y, recipe="knn", n_trials=5)
    >>> result.best_score >= result.default_score
    True
    """
    check_limits(n_trials, timeout, random_state)
    check_select(select)
    started = time.monotonic()
    deadline = math.inf if timeout is None else started + timeout
    figures = [NotebookFigure()] if progress == "live" else []
    budget, workers = Budget(n_trials, started, deadline), Workers.of(n_jobs)
    options = RunOptions(budget, workers, (*callbacks, *figures), bool(progress))
    settings = Settings(
        task=task,
        pos_label=pos_label,
        start=start,
        scoring=scoring,
        cv=list(cv) if isinstance(cv, Iterator) else cv,  # it is read once for each recipe
        groups=groups,
        sample_weight=sample_weight,
        test_size=test_size,
        sampler=sampler,
        pruner=pruner,
        stop=stop,
        random_state=random_state,
    )
    if are_several(recipe):
        check_space(True, space)
        result: Result = tune_several(X, y, recipe, settings, options, storage, study_name, select)
    else:
        plan = make_plan(X, y, as_recipe(recipe, space, len(frame_of(X))), settings)
        check_end(budget, plan)
        study = open_study(open_storage(storage), study_name or plan.recipe.name or "custom", plan)
        with_retry(lambda: write_goal(study, n_trials))
        for note in plan.search.notes:
            warn(note)
        interruption = optimize(study, plan, options)
        result = finalize(study, plan, select, interruption, deadline)
    for figure in figures:
        figure.draw(result.study)
    return result
