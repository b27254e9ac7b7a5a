"""What all trials of a study share: the table, its folds, the metric, and the library at work."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from itertools import accumulate
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from sklearn.pipeline import Pipeline

from tuneflow.data.dataset import Data
from tuneflow.data.folds import Folds
from tuneflow.data.metrics import Metric, Responses
from tuneflow.errors import TrialError
from tuneflow.models.engine import Differentiable, Engine, Learner, Slope
from tuneflow.models.estimators import choices
from tuneflow.models.preprocessing import Prepared, prepare
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.recipe import Recipe
from tuneflow.recipe.space import Params, Space
from tuneflow.search.gradient import parameter_gradient

#: What helps if a metric, such as a deviance, refuses predictions.
BELOW_ZERO = (
    " Predictions reach down to {:.3g}; those on a logarithmic scale stay above zero: give tune() "
    "an estimator, TransformedTargetRegressor(model, func=np.log1p, inverse_func=np.expm1)."
)


@dataclass(frozen=True)
class Evaluation:
    """What all trials of a study share. Folds are prepared when they are first needed.

    Attributes:
        data: The table.
        folds: Which rows train and which are scored.
        metric: What is good.
        recipe: What is tuned.
        space: The recipe's space, bound to the table.
        engine: The library at work.
        growth: How learners grow.
        also: Metrics that are recorded, and decide nothing.
        seed: Seed of what is drawn in preparing rows.
        baseline: The library's defaults on the same folds, where the space does not hold them;
            None where it does, and for an estimator that was brought.
        baseline_point: Its point: the space's defaults, or none where the space does not hold it.
    """

    data: Data
    folds: Folds
    metric: Metric
    recipe: Recipe
    space: Space
    engine: Engine
    growth: Growth
    also: tuple[Metric, ...] = ()
    seed: int = 0
    baseline: "Evaluation | None" = None
    baseline_point: Params = field(default_factory=dict)
    _prepared: dict[int, Prepared] = field(default_factory=dict)

    def at(self, values: Params) -> "Evaluation":
        """What a point is evaluated with. One that names no parameter is the baseline."""
        return self if values or self.baseline is None else self.baseline

    def shares_rows(self, recipe: Recipe) -> bool:
        """Whether rows that are prepared for this recipe are prepared for another one."""
        return recipe.preparation(self.data.task) == self.recipe.preparation(self.data.task)

    @property
    def stages(self) -> tuple[int, ...]:
        """How many folds take part, stage after stage."""
        every = len(self.folds)
        if self.growth.schedule == "folds":
            return tuple(range(1, every + 1))
        scored = accumulate(len(fold.valid) for fold in self.folds)
        probe = next((n for n, rows in enumerate(scored, 1) if rows >= self.growth.probe), every)
        return (probe, every) if self.growth.probe and probe < every else (every,)

    @property
    def budgets(self) -> tuple[float, ...]:
        """The rungs of every stage; fold after fold, they matter only to patience."""
        budgets = self.growth.budgets(self.folds.smallest_train)
        straight = self.growth.schedule == "folds" and not self.growth.patience
        return budgets[-1:] if straight else budgets

    @cached_property
    def decisions(self) -> dict[tuple[int, float], int]:
        """Where a trial may be pruned, (folds, budget), and the step under which its score is
        reported there. Steps start at one: halving reads them as a resource."""
        budgets, is_folds = self.budgets, self.growth.schedule == "folds"
        inside = () if is_folds else self.growth.pruning_budgets(budgets)
        rungs = [(folds, at) for folds in self.stages for at in (*inside, budgets[-1])]
        return {rung: step for step, rung in enumerate(rungs[:-1], start=1)}

    def prepared(self, at: int) -> Prepared:
        """A fold, prepared for the recipe; once for all trials."""
        if at not in self._prepared:
            fold, seed = self.folds[at], self.seed
            prepared = prepare(self.data, self.recipe, fold.train, fold.valid, seed)
            rows = replace(prepared.fold, order=fold.order)
            self._prepared[at] = replace(prepared, fold=rows)
        return self._prepared[at]

    def forget_folds(self) -> None:
        """Free what the folds hold in memory; they are prepared anew if they are needed again."""
        self._prepared.clear()

    def learner(self, at: int, arguments: Callable[[int], Params]) -> Learner:
        """A learner for a fold, with nothing spent."""
        return self.engine.learner(self.prepared(at).fold, arguments)

    def arguments(self, values: Params) -> Callable[[int], Params]:
        """The model's arguments for a number of training rows."""
        fixed, is_raw = self.recipe.fixed_for(self.data.task), self.recipe.prepare == "raw"
        fixed = self.data.by_class(fixed, codes=not is_raw)
        return lambda rows: {**fixed, **self.space.decode(values, rows)}

    def score(self, at: int, learner: Learner) -> tuple[float, ...]:
        """The score of a learner on the rows of its fold that it was not trained on, and those by
        the other metrics."""
        model, scores = _Grown(self, at, learner), list[float]()
        responses = Responses(
            cache(model.response), self.data.classes, None, model, decides=model.decides
        )
        for metric in (self.metric, *self.also):
            try:
                scores.append(metric.score(responses, self.data, self.folds[at].valid))
            except TrialError:
                raise
            except Exception as error:
                if not scores:
                    shown = responses.response("predict")
                    is_low = (
                        self.data.task == "regression" and shown.min() <= 0 <= self.data.y.min()
                    )
                    raise TrialError(
                        f"{metric.name} failed on fold {at}: {type(error).__name__}: {error}"
                        + (BELOW_ZERO.format(shown.min()) if is_low else "")
                    ) from error
                scores.append(math.nan)  # it is only recorded
        if not math.isfinite(scores[0]):
            raise TrialError(f"{self.metric.name} must be finite; got {scores[0]} on fold {at}.")
        return tuple(scores)

    def slope(self, at: int, learner: Learner, values: Params, budget: float) -> Slope:
        """The loss on the rows of a fold that were not trained on, in the units of the target,
        and its derivatives in the parameters, in the scale of the space."""
        prepared, fold = self.prepared(at), self.folds[at]
        X, target = prepared.fold.X_valid, prepared.target
        y, every = target.transform(self.data.y[fold.valid]), len(fold.train)
        slope = cast(Differentiable, learner).gradient(X, y)
        rows = self.growth.amount(budget, self.arguments(values)(every), every)
        by = parameter_gradient(self.space, values, rows, slope.by)
        unit = target.scale  # 1 for classes
        return Slope(slope.loss * unit, {name: each * unit for name, each in by.items()})


@dataclass
class _Grown:
    """A learner as an estimator that takes tables as they were given: what scorers may ask."""

    evaluation: Evaluation
    at: int
    learner: Learner

    @property
    def decides(self) -> bool:
        """Whether it has decision values."""
        return hasattr(self.learner.model, "decision_function")

    def response(self, method: str, X: Any = None) -> npt.NDArray[Any]:
        """What it says of a table; by default of the rows of its fold that are scored."""
        evaluation, prepared = self.evaluation, self.evaluation.prepared(self.at)
        classes, fold, model = evaluation.data.classes, prepared.fold, self.learner.model
        rows = None if X is None else self._prepared(X)
        if method == "decision_function":
            return np.asarray(model.decision_function(fold.X_valid if X is None else rows))
        if method == "predict" and len(classes):
            return np.asarray(classes[self.response("choices", X).argmax(axis=1)])
        if method == "choices" and evaluation.recipe.predicts_labels:
            return choices(model, fold.X_valid if X is None else rows, fold.classes)
        predictions = self.learner.predict(rows)
        if not np.isfinite(predictions).all():
            raise TrialError(f"predictions must be finite; got others on fold {self.at}.")
        return prepared.target.restore(predictions)

    def _prepared(self, X: Any) -> Any:
        steps = self.evaluation.prepared(self.at).steps
        rows = self.evaluation.data.same_form(X)
        return Pipeline([*steps]).transform(rows) if steps else rows

    def __getattr__(self, name: str) -> Any:
        return getattr(self.learner.model, name)
