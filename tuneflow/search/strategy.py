"""What a study is searched with: a sampler, a pruner, and the points that are tried first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler

from tuneflow.recipe.space import Params, Space
from tuneflow.search.pruners import PrunerMaker, parse_pruner
from tuneflow.search.samplers import parse_sampler


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
