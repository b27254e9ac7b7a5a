"""What a study is searched with: a sampler, a pruner, and the points that are tried first."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna import pruners
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from tuneflow.errors import SearchError, did_you_mean
from tuneflow.recipe.space import Params, Space
from tuneflow.search.samplers import parse_sampler

PrunerMaker = Callable[[int], BasePruner]  # takes the number of decisions a trial


def _patient(*, patience: int, **options: Any) -> BasePruner:
    return pruners.PatientPruner(pruners.MedianPruner(**options), patience=patience)


#: Pruners by word: the class, and options that differ from its own.
PRUNERS: dict[str, tuple[Callable[..., BasePruner], dict[str, Any]]] = {
    "none": (pruners.NopPruner, {}),
    "median": (pruners.MedianPruner, {"n_startup_trials": 5}),
    "percentile": (pruners.PercentilePruner, {"percentile": 25.0, "n_startup_trials": 5}),
    "halving": (pruners.SuccessiveHalvingPruner, {"min_resource": 1, "reduction_factor": 2}),
    "hyperband": (pruners.HyperbandPruner, {"min_resource": 1, "reduction_factor": 3}),
    "wilcoxon": (pruners.WilcoxonPruner, {"p_threshold": 0.1}),
    "patient": (_patient, {"patience": 1, "n_startup_trials": 5}),
}


def parse_pruner(pruner: str | Mapping[str, Any] | BasePruner) -> tuple[str, PrunerMaker]:
    """The pruner's word, or the name of its class, and what makes it for a study.

    Args:
        pruner: A word of `PRUNERS`, a table with a ``name`` and options, or an Optuna pruner,
            which is copied: it cannot serve two studies.

    Raises:
        SearchError: An unknown word, or options that the class does not take.
    """
    if isinstance(pruner, BasePruner):
        own = copy.deepcopy(pruner)
        return type(pruner).__name__, lambda steps: own
    options = dict(pruner) if isinstance(pruner, Mapping) else {"name": pruner}
    name = options.pop("name", None)
    if not isinstance(name, str) or name not in PRUNERS:
        hint = did_you_mean(str(name), PRUNERS)
        raise SearchError(f"pruner: a word or an Optuna pruner is needed; got {name!r}. {hint}")

    pruner_class, defaults = PRUNERS[name]

    def make(steps: int) -> BasePruner:
        steps_option = {"max_resource": max(steps, 2)} if name == "hyperband" else {}
        with warnings.catch_warnings(action="ignore", category=ExperimentalWarning):
            return pruner_class(**{**defaults, **steps_option, **options})

    try:
        make(1)
    except (TypeError, ValueError) as error:
        raise SearchError(
            f"pruner: {name!r} does not take these options; got {options}. {error}"
        ) from error
    return name, make


@dataclass(frozen=True)
class SearchStrategy:
    """How points are chosen and trials are pruned in one study.

    Attributes:
        sampler: Its word, or the name of its class.
        pruner: Its word, or the name of its class.
        make_sampler: Makes the sampler of a study.
        make_pruner: Makes the pruner, for a number of decisions a trial.
        independent: Names of the parameters that the sampler does not model and draws
            independently.
        initial_points: What is tried first, in order: the defaults, then starting points or the
            grid.
        is_finite: Whether the initial points are all there is.
        notes: What a reader has to know before the first trial.
        clipped: Which starting points had to be moved into the space.
    """

    sampler: str
    pruner: str
    make_sampler: Callable[[], BaseSampler]
    make_pruner: PrunerMaker
    independent: tuple[str, ...]
    initial_points: tuple[Params, ...]
    is_finite: bool
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
    ) -> SearchStrategy:
        """The strategy that was asked for.

        Raises:
            SearchError: An unknown word or option.
            MissingExtra: The sampler needs a package that is not installed.
        """
        word, make_sampler, independent = parse_sampler(sampler, space, random_state)
        name, make_pruner = parse_pruner(pruner)
        finite = word == "grid" or not space.params
        points, clipped = _initial_points(space, () if finite else starts, grid=finite)
        notes = tuple(_notes(word, name, independent, space))
        makers = make_sampler, make_pruner
        return cls(word, name, *makers, independent, points, finite, notes, clipped)

    @property
    def needs_gradients(self) -> bool:
        """Whether the sampler follows the gradient of the loss."""
        return self.sampler == "gradient"

    @property
    def prunes(self) -> bool:
        """Whether trials can be pruned at all."""
        return self.pruner not in ("none", "NopPruner")

    @property
    def scores_each_fold(self) -> bool:
        """Whether the pruner wants the score of each fold instead of running means."""
        return self.pruner in ("wilcoxon", "WilcoxonPruner")

    def modelled_share(self, space: Space) -> float:
        """Share of the parameters that the sampler models."""
        return 1 - len(self.independent) / max(1, len(space.params))


def _initial_points(
    space: Space, starts: tuple[Mapping[str, Any], ...], *, grid: bool
) -> tuple[tuple[Params, ...], tuple[str, ...]]:
    """What is tried first, each point once, and what had to be clipped for it."""
    clipped = tuple(
        f"start: {name} = {asked!r} lies outside the space; {used!r} is tried."
        for start in starts
        for name, (asked, used) in space.clipped(start).items()
    )
    points = [space.defaults(), *map(space.complete, starts), *(space.grid() if grid else ())]
    unique = {tuple(sorted(point.items(), key=lambda item: item[0])): point for point in points}
    return tuple(unique.values()), clipped


def _notes(sampler: str, pruner: str, independent: tuple[str, ...], space: Space) -> list[str]:
    notes = []
    if not space.params:
        notes.append("the space is empty: only the defaults are tried. Give tune() a space.")
    if independent:
        share = 1 - len(independent) / len(space.params)
        notes.append(
            f"sampler {sampler!r} models {share:.0%} of the parameters; "
            f"{', '.join(independent)} are not among them and are drawn independently."
        )
    if pruner == "wilcoxon" and sampler == "tpe":
        notes.append(
            "pruner 'wilcoxon' reports the score of single folds, by which 'tpe' ranks pruned "
            "trials: this can lead the search astray. 'halving' does not."
        )
    return notes
