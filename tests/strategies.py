"""Small spaces, and strategies that search them."""

from __future__ import annotations

import optuna

from tuneflow.recipe.space import Param, Space
from tuneflow.search.strategy import SearchStrategy

X = Param(low=0.0, high=1.0, default=0.5, grid=(0.0, 1.0), gradient=True)
N = Param(low=1, high=64, log=True, default=8, grid=(4, 16))
KIND = Param(choices=("a", "b"), default="a", grid=("a", "b"))
DEEP = Param(low=1, high=5, default=2, grid=(1, 5), when={"kind": "b"})
SPACES = {
    "numbers": Space({"x": X, "n": N}),
    "choices": Space({"x": X, "kind": KIND}),
    "conditions": Space({"x": X, "kind": KIND, "deep": DEEP}),
}


def search(sampler="random", pruner="none", space="conditions", starts=(), seed=0):
    return SearchStrategy.of(
        sampler, pruner, SPACES[space], (SPACES[space].defaults(), *starts), seed
    )


def run(strategy, space, trials=12):
    """What the search's own sampler proposes, going on with another one halfway."""
    study = optuna.create_study()
    for number in range(trials):
        if number in (0, trials // 2):
            study.sampler = strategy.make_sampler()
        trial = study.ask()
        study.tell(trial, SPACES[space].suggest(trial)["x"])
    return [trial.params for trial in study.trials]
