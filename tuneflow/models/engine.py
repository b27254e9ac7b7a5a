"""Learners: models in training whose budget can only rise, one module a library."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy.typing as npt

from tuneflow.data.types import FloatArray, Task
from tuneflow.models.fold_data import WEIGHTS, FoldData
from tuneflow.recipe.growth import Growth
from tuneflow.recipe.recipe import Recipe
from tuneflow.recipe.space import Params


class Learner(Protocol):
    """A model in training.

    Laws: ``grow(a); grow(b)`` predicts exactly as ``grow(b)``; ``grow(b); grow(b)`` changes
    nothing.
    """

    @property
    def model(self) -> Any:
        """The library's own fitted object."""

    def grow(self, budget: int) -> None:
        """Train until `budget` units in all are spent, keeping earlier work."""

    def predict(self, X: FloatArray | None = None) -> FloatArray:
        """Probabilities, shape (rows, classes), or values, shape (rows,).

        Args:
            X: Prepared rows; those of its split that are to be scored, if there are none given.
        """


@dataclass(frozen=True)
class Slope:
    """The loss of a model on rows kept back, and its derivative in the model's arguments.

    Attributes:
        loss: Mean log loss, or root mean squared error.
        by: Argument to derivative.
    """

    loss: float
    by: Mapping[str, float]


class Differentiable(Learner, Protocol):
    """A learner whose loss on rows kept back can be differentiated in its arguments."""

    def gradient(self, X: FloatArray, y: npt.NDArray[Any]) -> Slope:
        """Loss and derivatives on rows kept back, as they are for what has been grown."""


@dataclass(frozen=True)
class Job:
    """What an engine has to know beside the rows.

    Attributes:
        recipe: Where estimator, fixed arguments and growth come from.
        task: ``binary``, ``multiclass`` or ``regression``.
        seed: Seed of every model.
        probabilities: Whether predictions must be probabilities, not just in their order.
    """

    recipe: Recipe
    task: Task
    seed: int
    probabilities: bool


class Engine(Protocol):
    """One library at work on one job.

    Attributes:
        growth: How its learners grow, as the recipe says or as the engine finds out.
        gradients: Arguments in which its learners are :class:`Differentiable`.
        weight_names: Arguments of `fit` that take the weights of rows; none if there are none.
    """

    growth: Growth
    gradients: frozenset[str]
    weight_names: tuple[str, ...]

    def defaults(self) -> Params:
        """The library's own arguments, or those of an estimator that was brought."""

    def library_growth(self) -> Growth:
        """How far the library trains by itself, without a word on growth."""

    def check(self, params: Params) -> None:
        """Refuse arguments whose names the library does not know."""

    def learner(self, fold: FoldData, arguments: Callable[[int], Params]) -> Learner:
        """A learner with nothing spent; `arguments` gives its parameters for a number of rows."""

    def estimator(
        self, fold: FoldData, params: Params, amount: int, classes: npt.NDArray[Any]
    ) -> Any:
        """The library's own estimator, which `fit` makes what a learner grown to `amount` is.

        Args:
            fold: Rows that it will be trained on; classes are codes.
            params: Its arguments, fixed ones included.
            amount: What is to be spent, in units of growth.
            classes: Labels that it will be told instead of codes; empty for a regression.
        """


class Boosting(ABC):
    """What the engines of libraries of boosted trees have in common.

    Attributes:
        rounds: Makes a learner of a fold and the library's parameters.
        objectives: The library's loss by task, where it is not called like the task.
        settings: Parameters of every booster.
        kinds: The library's estimators for values and for classes.
        estimator_settings: Their arguments that make them do what boosters do.
    """

    rounds: Callable[[FoldData, Params], Learner]
    objectives: ClassVar[Mapping[str, str]] = {}
    settings: ClassVar[Params]
    kinds: tuple[type[Any], type[Any]]
    estimator_settings: ClassVar[Params]
    gradients: frozenset[str] = frozenset()
    weight_names: tuple[str, ...] = (WEIGHTS,)

    def __init__(self, job: Job) -> None:
        self._job = job
        self.growth = job.recipe.growth or Growth(
            schedule="lockstep", unit="rounds", per="learning_rate", first=1, last=64, factor=1.25
        )

    def defaults(self) -> Params:
        """Arguments of the library's estimator, without those that it leaves to the library."""
        params = self.kinds[0]().get_params().items()
        return {name: value for name, value in params if value is not None}

    def library_growth(self) -> Growth:
        """A hundred rounds; scored on the way, in case that time runs out."""
        return Growth(schedule="lockstep", unit="rounds", first=6, last=100, factor=2)

    def learner(self, fold: FoldData, arguments: Callable[[int], Params]) -> Learner:
        """A booster without a tree."""
        loss = self.objectives.get(self._job.task, self._job.task)
        params = {"objective": loss, "seed": self._job.seed, **self.settings}
        params |= arguments(len(fold.y))
        if fold.n_classes > 2:
            params["num_class"] = fold.n_classes
        return self.rounds(fold, params)

    def estimator(
        self, fold: FoldData, params: Params, amount: int, classes: npt.NDArray[Any]
    ) -> Any:
        """The library's estimator for scikit-learn."""
        params = {**self.estimator_settings, **self.categories(fold), **params}
        kind, seed = self.kinds[len(classes) > 0], self._job.seed
        return kind(n_estimators=amount, random_state=seed, n_jobs=1, **params)

    @abstractmethod
    def categories(self, fold: FoldData) -> Params:
        """How the library's estimator is told which columns hold codes of a category."""
