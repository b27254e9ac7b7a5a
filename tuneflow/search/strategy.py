"""Where the next point comes from and when a trial is given up: words become Optuna's classes."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from tuneflow.data.seeds import seed_of
from tuneflow.errors import MissingExtra, SearchError, known
from tuneflow.recipe.recipe import load_recipe, recipes
from tuneflow.recipe.space import Params, Space
from tuneflow.search.cma_es import Replayed, unpickling_nothing
from tuneflow.search.gradient import GradientSampler
from tuneflow.search.seeded import Seeded


@dataclass(frozen=True)
class _Word:
    """A sampler: how it is made, which parameters it models, what it needs, and the pruner that
    belongs to it, if it is not for the recipe to say."""

    make: Callable[[Space, int, int], BaseSampler]  # space, seed of the study, seed of the trial
    models: Callable[[str, Space], bool] = lambda name, space: True
    package: str = "optuna"
    extra: str = ""
    keep: bool = False  # one sampler serves all trials: it remembers nothing that matters
    pruner: str = ""


def _numeric(name: str, space: Space) -> bool:
    return not space.params[name].choices and not space.params[name].when


def _unconditional(name: str, space: Space) -> bool:
    return not space.params[name].when


def _smooth(name: str, space: Space) -> bool:
    return space.params[name].gradient


def _random(seed: int) -> BaseSampler:
    return optuna.samplers.RandomSampler(seed=seed)


def _tpe(space: Space, study: int, trial: int) -> BaseSampler:
    conditional = any(param.when for param in space.params.values())
    return optuna.samplers.TPESampler(seed=trial, multivariate=True, group=conditional)


def _qmc(space: Space, study: int, trial: int) -> BaseSampler:
    return optuna.samplers.QMCSampler(  # one sequence a study, scrambled by its seed
        scramble=True,
        seed=study,
        independent_sampler=_random(trial),
        warn_independent_sampling=False,
        warn_asynchronous_seeding=False,
    )


def _cmaes(space: Space, study: int, trial: int) -> BaseSampler:
    return Replayed(
        seed=trial,
        independent_sampler=_tpe(space, study, trial),
        warn_independent_sampling=False,
        consider_pruned_trials=True,
    )


def _gp(space: Space, study: int, trial: int) -> BaseSampler:
    return optuna.samplers.GPSampler(
        seed=trial, independent_sampler=_random(trial), warn_independent_sampling=False
    )


def _nsga2(space: Space, study: int, trial: int) -> BaseSampler:
    return optuna.samplers.NSGAIISampler(seed=trial, population_size=20)


def _gradient(space: Space, study: int, trial: int) -> BaseSampler:
    return GradientSampler(space, _tpe(space, study, trial), seed=trial)


#: Samplers by word. The grid is a queue of points, so that its sampler is never asked.
SAMPLERS: dict[str, _Word] = {
    "grid": _Word(lambda space, study, trial: _random(trial)),
    "random": _Word(lambda space, study, trial: _random(trial), keep=True),
    "qmc": _Word(_qmc, models=_numeric),
    "tpe": _Word(_tpe, keep=True),
    "bohb": _Word(_tpe, keep=True, pruner="hyperband"),  # Falkner, Klein, Hutter 2018
    "cmaes": _Word(_cmaes, models=_numeric, package="cmaes", keep=True),
    "gp": _Word(_gp, models=_unconditional, package="torch", extra="gp"),
    # A generation is made of complete trials only: with a pruner there would never be a second.
    "nsga2": _Word(_nsga2, models=_unconditional, pruner="none"),
    "gradient": _Word(_gradient, models=_smooth, pruner="none"),
}

#: Pruners by word: class and options, for `steps` decisions a trial.
PRUNERS: dict[str, Callable[[int], tuple[Callable[..., BasePruner], Params]]] = {
    "none": lambda steps: (optuna.pruners.NopPruner, {}),
    "median": lambda steps: (optuna.pruners.MedianPruner, {"n_startup_trials": 5}),
    "percentile": lambda steps: (
        optuna.pruners.PercentilePruner,
        {"percentile": 25.0, "n_startup_trials": 5},
    ),
    "halving": lambda steps: (
        optuna.pruners.SuccessiveHalvingPruner,
        {"min_resource": 1, "reduction_factor": 2},
    ),
    "hyperband": lambda steps: (
        optuna.pruners.HyperbandPruner,
        {"min_resource": 1, "max_resource": max(steps, 2), "reduction_factor": 3},
    ),
    "wilcoxon": lambda steps: (optuna.pruners.WilcoxonPruner, {"p_threshold": 0.1}),
    "patient": lambda steps: (
        lambda patience, **options: optuna.pruners.PatientPruner(
            optuna.pruners.MedianPruner(**options), patience=patience
        ),
        {"patience": 1, "n_startup_trials": 5},
    ),
}


@dataclass(frozen=True)
class Search:
    """How points are found and trials are given up in one study.

    Attributes:
        sampler: Its word, or the name of its class.
        pruner: Its word, or the name of its class.
        sampled: Makes the sampler of a study.
        pruned: Makes the pruner, for a number of decisions a trial.
        raw: Whether the pruner wants the score of each fold instead of running means.
        drawn: Names of the parameters that the sampler does not model and chooses independently.
        points: What is tried first, in order: the defaults, then starting points or the grid.
        finite: Whether the points are all there is.
        notes: What has to be said before the first trial.
        clipped: Which starting points had to be moved into the space.
    """

    sampler: str
    pruner: str
    sampled: Callable[[], BaseSampler]
    pruned: Callable[[int], BasePruner]
    raw: bool
    drawn: tuple[str, ...]
    points: tuple[Params, ...]
    finite: bool
    notes: tuple[str, ...]
    clipped: tuple[str, ...]

    @classmethod
    def of(
        cls,
        sampler: str | BaseSampler,
        pruner: str | Mapping[str, Any] | BasePruner,
        space: Space,
        starts: tuple[Mapping[str, Any], ...],
        random_state: int,
    ) -> Search:
        """Find sampler and pruner.

        Raises:
            SearchError: An unknown word or option.
            MissingExtra: The sampler needs a package that is not installed.
        """
        word, sampled, drawn = _sampler(sampler, space, random_state)
        name, pruned = _pruner(pruner)
        finite = word == "grid" or not space.params
        points, clipped = _points(space, () if finite else starts, grid=finite)
        notes = tuple(_said_of(word, drawn, space, raw=name == "wilcoxon"))
        raw = name in ("wilcoxon", "WilcoxonPruner")
        return cls(word, name, sampled, pruned, raw, drawn, points, finite, notes, tuple(clipped))

    @property
    def descends(self) -> bool:
        """Whether the sampler wants gradients."""
        return self.sampler == "gradient"

    @property
    def prunes(self) -> bool:
        """Whether trials can be given up at all."""
        return self.pruner not in ("none", "NopPruner")

    def modelled(self, space: Space) -> float:
        """Share of the parameters that the sampler models."""
        return 1 - len(self.drawn) / max(1, len(space.params))


def _sampler(
    sampler: str | BaseSampler, space: Space, random_state: int
) -> tuple[str, Callable[[], BaseSampler], tuple[str, ...]]:
    if isinstance(sampler, BaseSampler):
        mine = unpickling_nothing(copy.deepcopy(sampler))  # it cannot serve two studies
        return type(sampler).__name__, lambda: mine, ()
    if not isinstance(sampler, str) or sampler not in SAMPLERS:
        raise SearchError(
            f"sampler: a word or an Optuna sampler is needed; got {sampler!r}. "
            f"{known(str(sampler), SAMPLERS)}"
        )
    word = SAMPLERS[sampler]
    if find_spec(word.package) is None:
        what = f"tuneflow[{word.extra}]" if word.extra else word.package
        raise MissingExtra(
            f"sampler: {sampler!r} needs {word.package}, which is not installed. "
            f"Install it: pip install '{what}'"
        )
    if word.make is _gradient and not any(_smooth(name, space) for name in space.params):
        raise SearchError(
            f"sampler: 'gradient' needs parameters in which the model is smooth; got "
            f"{list(space.params)}, of which none says so. Use 'tpe', or one of the recipes "
            f"{', '.join(_smooth_recipes())}."
        )

    def make(seed: int) -> BaseSampler:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return word.make(space, seed_of(random_state, -1), seed)

    drawn = tuple(name for name in space.params if not word.models(name, space))
    return sampler, lambda: Seeded(make, random_state, keep=word.keep), drawn


def pruner_of(sampler: object) -> str:
    """The pruner that belongs to a word; empty if that is for the recipe to say."""
    return SAMPLERS[sampler].pruner if isinstance(sampler, str) and sampler in SAMPLERS else ""


def _smooth_recipes() -> list[str]:
    found = {name: load_recipe(name) for name in recipes().index}
    spaces = {name: recipe.space_for(recipe.tasks[-1]) for name, recipe in found.items()}
    return [n for n, space in spaces.items() if any(_smooth(key, space) for key in space.params)]


def _pruner(
    pruner: str | Mapping[str, Any] | BasePruner,
) -> tuple[str, Callable[[int], BasePruner]]:
    if isinstance(pruner, BasePruner):
        mine = copy.deepcopy(pruner)  # a pruner cannot serve two studies
        return type(pruner).__name__, lambda steps: mine
    options = dict(pruner) if isinstance(pruner, Mapping) else {"name": pruner}
    name = options.pop("name", None)
    if not isinstance(name, str) or name not in PRUNERS:
        hint = known(str(name), PRUNERS)
        raise SearchError(f"pruner: a word or an Optuna pruner is needed; got {name!r}. {hint}")

    def make(steps: int) -> BasePruner:
        kind, defaults = PRUNERS[name](steps)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            return kind(**{**defaults, **options})

    try:
        make(1)
    except (TypeError, ValueError) as error:
        raise SearchError(
            f"pruner: {name!r} does not take these options; got {options}. {error}"
        ) from error
    return name, make


def _points(
    space: Space, starts: tuple[Mapping[str, Any], ...], *, grid: bool
) -> tuple[tuple[Params, ...], list[str]]:
    """What is tried first, each point once, and what had to be clipped for it."""
    notes = []
    for start in starts:
        for name, (asked, used) in space.clipped(start).items():
            notes.append(f"start: {name} = {asked!r} lies outside the space; {used!r} is tried.")
    queue = [space.defaults(), *(space.complete(start) for start in starts)]
    queue += list(space.grid()) if grid else []
    unique = {tuple(sorted(point.items(), key=lambda item: item[0])): point for point in queue}
    return tuple(unique.values()), notes


def _said_of(word: str, drawn: tuple[str, ...], space: Space, *, raw: bool) -> list[str]:
    notes = []
    if not space.params:
        notes.append("the space is empty: only the defaults are tried. Give tune() a space.")
    if drawn:
        share = 1 - len(drawn) / len(space.params)
        notes.append(
            f"sampler {word!r} models {share:.0%} of the parameters; "
            f"{', '.join(drawn)} are not among them and are drawn independently."
        )
    if raw and word == "tpe":
        notes.append(
            "pruner 'wilcoxon' reports the score of single folds, by which 'tpe' ranks pruned "
            "trials: this can lead the search astray. 'halving' does not."
        )
    return notes
