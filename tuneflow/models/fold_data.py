"""What an engine trains on and is asked about: the rows of one fold, shared by all trials."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import gen_batches

from tuneflow.data.types import FloatArray, IntArray

ALL = slice(None)  # rows
#: Rows of a piece of a table.
BATCH = 2**15
#: The name of the argument by which `fit` of most estimators takes weights.
WEIGHTS = "sample_weight"


@dataclass(frozen=True)
class FoldData:
    """What an engine trains on and is asked about: one fold, prepared for a model.

    Attributes:
        some: Makes prepared training rows, those of a slice, shape (rows, features).
        y: Target of the training rows: classes, or values.
        valid: Makes the prepared rows to be scored; None when there are none.
        categorical: Positions of the features that hold codes of a category.
        classes: What stands for the classes in `y`, in order; empty for a regression.
        weights: Weights of the training rows; None if all count alike.
        order: Places of the training rows in random order, for what is trained on some of them;
            None where all are to be used.
        cache: What an engine keeps for all trials.
    """

    some: Callable[[slice], FloatArray]
    y: npt.NDArray[Any]
    valid: Callable[[], FloatArray] | None
    categorical: tuple[int, ...]
    classes: npt.NDArray[Any]
    weights: FloatArray | None = None
    order: IntArray | None = None
    cache: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    @property
    def n_classes(self) -> int:
        """Number of classes; 0 for a regression."""
        return len(self.classes)

    def weights_by(
        self, names: tuple[str, ...], rows: IntArray | slice = ALL
    ) -> dict[str, FloatArray]:
        """What `fit` is told of the weights of some rows; nothing if all count alike."""
        return {} if self.weights is None else dict.fromkeys(names, self.weights[rows])

    def first(self, rows: int) -> IntArray | slice:
        """So many training rows, drawn at random; all of them, as they were given, if there are no
        more."""
        return slice(None) if self.order is None or rows >= len(self.y) else self.order[:rows]

    def table(self) -> FloatArray:
        """All prepared training rows, shape (rows, features), made piece by piece: transformers
        need several times the memory of what they make."""
        first = self.some(slice(1))
        if len(self.y) <= BATCH or not isinstance(first, np.ndarray) or first.base is not None:
            return self.some(slice(None))
        table = np.empty((len(self.y), first.shape[1]), first.dtype)
        for batch in gen_batches(len(self.y), BATCH):
            table[batch] = self.some(batch)
        return table

    def batches(self) -> FloatArray | list[FloatArray]:
        """The same in pieces, which find a place in memory where a whole matrix finds none; a
        table that was left as it was given stays whole."""
        if not isinstance(self.some(slice(1)), np.ndarray):
            return self.table()
        return [self.some(batch) for batch in gen_batches(len(self.y), BATCH)]

    @property
    def X_valid(self) -> FloatArray:
        """The rows to be scored, kept for all trials; an engine that bins them has no need of it,
        and where all rows are for training, there are none to ask for."""
        assert self.valid is not None
        X: FloatArray = self.once("valid", self.valid)
        return X

    def once(self, name: str, make: Callable[[], Any], how: Any = None) -> Any:
        """What is kept under a name, made when it is first asked for, and anew when it is to be
        made otherwise than the last time."""
        if name in self.cache and self.cache[name][0] != how:
            del self.cache[name]  # before another is made
        if name not in self.cache:
            self.cache[name] = how, make()
        return self.cache[name][1]
