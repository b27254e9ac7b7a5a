"""Learners: models in training whose budget can only rise, one module a library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy.typing as npt

from tuneflow.data.types import FloatArray, Task
from tuneflow.models.fold_data import FoldData
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
        errors: What the library raises for parameters that it cannot train with.
        growth: How its learners grow, as the recipe says or as the engine finds out.
        gradients: Arguments in which its learners are :class:`Differentiable`.
        weight_names: Arguments of `fit` that take the weights of rows; none if there are none.
    """

    errors: tuple[type[Exception], ...]
    growth: Growth
    gradients: frozenset[str]
    weight_names: tuple[str, ...]

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
