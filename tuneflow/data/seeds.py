"""Draws follow from the seed of the study and the number of the trial, and from nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


def seed_of(random_state: int, number: int) -> int:
    """A seed that follows from the study's and the trial's number; -1 is the study itself."""
    return int(np.random.SeedSequence([random_state, number + 1]).generate_state(1)[0])


def with_seeds(estimator: Any, seed: int) -> Any:
    """An estimator whose seeds are set where they were not, also in the steps of a pipeline."""
    takes = estimator.get_params()
    unset = (n for n in takes if n.split("__")[-1] == "random_state" and takes[n] is None)
    return estimator.set_params(**dict.fromkeys(unset, seed))


@contextmanager
def numpy_seed(seed: int) -> Iterator[None]:
    """NumPy's own draws follow from a seed inside, and go on outside as if nothing had been.

    Some transformers have no seed of their own: `TargetEncoder` splits rows by these draws.
    """
    before = np.random.get_state()
    np.random.seed(seed)
    try:
        yield
    finally:
        np.random.set_state(before)
