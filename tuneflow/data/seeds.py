"""Seeds: every random draw follows from the study's seed and the number of the trial."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def seed_of(random_state: int, number: int) -> int:
    """The seed of a trial, derived from the study's; number -1 stands for the study itself."""
    return int(np.random.SeedSequence([random_state, number + 1]).generate_state(1)[0])


def with_seeds(estimator: Any, seed: int) -> Any:
    """The estimator, each `random_state` that is None set, also in the steps of a pipeline."""
    params = estimator.get_params()
    unset = [n for n in params if n.split("__")[-1] == "random_state" and params[n] is None]
    return estimator.set_params(**dict.fromkeys(unset, seed))


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """Seed NumPy's global generator inside the block, and restore its state after it.

    Some transformers have no `random_state` of their own and draw from it: `TargetEncoder`.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
