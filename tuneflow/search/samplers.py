"""Samplers: a table from words to Optuna's classes, and what each of them models; draws follow
from the seed of the study and the number of the trial."""

import copy
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import optuna
from optuna import samplers
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from tuneflow.data.seeds import seed_of
from tuneflow.errors import MissingExtra, SearchError, did_you_mean
from tuneflow.recipe.catalogue import load_recipe, recipes
from tuneflow.recipe.space import Param, Space
from tuneflow.search.cma_es import ReplayedCmaEsSampler, without_pickles
from tuneflow.search.gradient import GradientSampler


@dataclass(frozen=True)
class SamplerEntry:
    """A line of the table of samplers.

    Attributes:
        make: Makes the sampler from the space, the seed of the study and the seed of the trial.
        models: Whether it models a parameter; others are drawn independently.
        keep: Whether one sampler serves all trials: it remembers nothing that matters.
        pruner: The pruner that belongs to it; empty if that is for the recipe to say.
    """

    make: Callable[[Space, int, int], BaseSampler]
    models: Callable[[Param], bool] = lambda param: True
    keep: bool = False
    pruner: str = ""


def _inner(method: str) -> Any:
    """A method that calls the one of this name of the sampler inside."""
    return lambda self, *arguments: getattr(self.sampler, method)(*arguments)


class SeededSampler(BaseSampler):
    """A sampler that draws each trial from a seed of its own.

    A study that is resumed goes on as it would have, and processes that share one never draw
    alike.

    Args:
        make: Makes the sampler for a seed.
        random_state: Seed of the study.
        keep: Give one sampler a new seed for every trial, instead of making a new one. Right for
            samplers whose memory says what the study does; they need not read all of it again.
    """

    def __init__(
        self, make: Callable[[int], BaseSampler], random_state: int, *, keep: bool
    ) -> None:
        self.sampler = make(seed_of(random_state, 0))
        self._make, self._random_state, self._keep = make, random_state, keep

    infer_relative_search_space = _inner("infer_relative_search_space")
    sample_relative = _inner("sample_relative")
    sample_independent = _inner("sample_independent")
    after_trial = _inner("after_trial")

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """Start from the seed of this trial."""
        seed = seed_of(self._random_state, trial.number)
        if self._keep:
            _reseed(self.sampler, seed)
        else:
            self.sampler = self._make(seed)
        self.sampler.before_trial(study, trial)


def _reseed(sampler: BaseSampler, seed: int) -> None:
    """Give a seed to a sampler and to those inside it; Optuna itself can only take it away."""
    for name, part in vars(sampler).items():
        if isinstance(part, BaseSampler):
            _reseed(part, seed)
        elif name in ("_rng", "_cma_rng"):
            part.rng.seed(seed)


def _is_unconditional(param: Param) -> bool:
    return not param.when


def _is_numeric(param: Param) -> bool:
    return not param.choices and not param.when


def _random(space: Space, study: int, trial: int) -> BaseSampler:
    return samplers.RandomSampler(seed=trial)


def _tpe(space: Space, study: int, trial: int) -> BaseSampler:
    conditional = any(param.when for param in space.params.values())
    return samplers.TPESampler(seed=trial, multivariate=True, group=conditional)


def _qmc(space: Space, study: int, trial: int) -> BaseSampler:
    return samplers.QMCSampler(  # one sequence a study, scrambled by its seed
        scramble=True,
        seed=study,
        independent_sampler=_random(space, study, trial),
        warn_independent_sampling=False,
        warn_asynchronous_seeding=False,
    )


def _cmaes(space: Space, study: int, trial: int) -> BaseSampler:
    return ReplayedCmaEsSampler(
        seed=trial,
        independent_sampler=_tpe(space, study, trial),
        warn_independent_sampling=False,
        consider_pruned_trials=True,
    )


def _gp(space: Space, study: int, trial: int) -> BaseSampler:
    others = _random(space, study, trial)
    return samplers.GPSampler(
        seed=trial, independent_sampler=others, warn_independent_sampling=False
    )


def _nsga2(space: Space, study: int, trial: int) -> BaseSampler:
    return samplers.NSGAIISampler(seed=trial, population_size=20)


def _gradient(space: Space, study: int, trial: int) -> BaseSampler:
    return GradientSampler(space, _tpe(space, study, trial), seed=trial)


#: Samplers by word. The grid is a queue of points, so that its sampler is never asked.
SAMPLERS: dict[str, SamplerEntry] = {
    "grid": SamplerEntry(_random),
    "random": SamplerEntry(_random, keep=True),
    "qmc": SamplerEntry(_qmc, models=_is_numeric),
    "tpe": SamplerEntry(_tpe, keep=True),
    "bohb": SamplerEntry(_tpe, keep=True, pruner="hyperband"),  # Falkner, Klein, Hutter 2018
    "cmaes": SamplerEntry(_cmaes, models=_is_numeric, keep=True),
    "gp": SamplerEntry(_gp, models=_is_unconditional),
    # A generation is made of complete trials only: with a pruner there would never be a second.
    "nsga2": SamplerEntry(_nsga2, models=_is_unconditional, pruner="none"),
    "gradient": SamplerEntry(_gradient, models=lambda param: param.gradient, pruner="none"),
}


def parse_sampler(
    sampler: str | BaseSampler, space: Space, random_state: int
) -> tuple[str, Callable[[], BaseSampler], tuple[str, ...]]:
    """The sampler's word, or the name of its class; what makes it; and what it does not model.

    Args:
        sampler: A word of `SAMPLERS`, or an Optuna sampler, which is copied: it cannot serve two
            studies.
        space: The space that is searched.
        random_state: Seed of the study.

    Raises:
        SearchError: An unknown word, or a space that the sampler has no use for.
        MissingExtra: The sampler needs a package that is not installed.
    """
    if isinstance(sampler, BaseSampler):
        own = without_pickles(copy.deepcopy(sampler))
        return type(sampler).__name__, lambda: own, ()
    if not isinstance(sampler, str) or sampler not in SAMPLERS:
        raise SearchError(
            f"sampler: a word or an Optuna sampler is needed; got {sampler!r}. "
            f"{did_you_mean(str(sampler), SAMPLERS)}"
        )
    if sampler == "gp" and find_spec("torch") is None:
        raise MissingExtra(
            "sampler: 'gp' needs torch, which is missing: pip install 'tuneflow[gp]'"
        )
    if sampler == "gradient" and not _any_gradient(space):
        raise SearchError(
            f"sampler: 'gradient' needs parameters in which the model is smooth; got "
            f"{list(space.params)}, of which none says so. Use 'tpe', or one of the recipes "
            f"{', '.join(_recipes_with_gradients())}."
        )

    entry = SAMPLERS[sampler]

    def make(seed: int) -> BaseSampler:
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            return entry.make(space, seed_of(random_state, -1), seed)

    independent = tuple(name for name, param in space.params.items() if not entry.models(param))
    return sampler, lambda: SeededSampler(make, random_state, keep=entry.keep), independent


def default_pruner(sampler: object) -> str:
    """The pruner that belongs to a sampler's word; empty if that is for the recipe to say."""
    return SAMPLERS[sampler].pruner if isinstance(sampler, str) and sampler in SAMPLERS else ""


def _any_gradient(space: Space) -> bool:
    return any(param.gradient for param in space.params.values())


def _recipes_with_gradients() -> list[str]:
    shipped = [load_recipe(name) for name in recipes().index]
    return [each.name for each in shipped if _any_gradient(each.space_for(each.tasks[-1]))]
