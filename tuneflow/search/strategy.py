"""What a study is searched with: a sampler, a pruner, the points that are tried first, and a rule
by which it may end early: nothing has been gained for long, or what can be is noise."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna import pruners
from optuna.exceptions import ExperimentalWarning
from optuna.pruners import BasePruner
from optuna.samplers import BaseSampler
from optuna.trial import FrozenTrial

from tuneflow.errors import SearchError, did_you_mean
from tuneflow.recipe.space import Params, Space
from tuneflow.search.samplers import parse_sampler
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.study_record import corrected_standard_error, score_of
from tuneflow.storage.user_attrs import read_trial_record

FEWEST = 20  # trials before noise may end a study
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
        initial_points: What is tried first, in order: the baseline, then starting points or the
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
        """The strategy that was asked for. The first of the starts is tried as it is, and the
        others are completed with defaults.

        Raises:
            SearchError: An unknown word or option.
            MissingExtra: The sampler needs a package that is not installed.
        """
        word, make_sampler, independent = parse_sampler(sampler, space, random_state)
        name, make_pruner = parse_pruner(pruner)
        finite = word == "grid" or not space.params
        points, clipped = _initial_points(space, starts, grid=finite)
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
        for start in starts[1:]
        for name, (asked, used) in space.clipped(start).items()
    )
    points = [*starts[:1], *map(space.complete, starts[1:]), *(space.grid() if grid else ())]
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


@dataclass(frozen=True)
class StoppingRule:
    """A rule that ends a study before its budget does.

    Attributes:
        patience: Trials without an improvement; None if noise decides.
        ratio: Rows scored for each that trains, on average over the folds.
    """

    patience: int | None
    ratio: float

    @classmethod
    def of(cls, stop: Any, ratio: float) -> StoppingRule | None:
        """The rule that was asked for; None if none was.

        Raises:
            SearchError: Neither a number of trials nor ``noise``.
        """
        if stop is None:
            return None
        if stop == "noise":
            return cls(None, ratio)
        if isinstance(stop, bool) or not isinstance(stop, int) or stop < 1:
            raise SearchError(f"stop: a number of trials, or 'noise', is needed; got {stop!r}.")
        return cls(stop, ratio)

    def is_due(self, trials: Sequence[FrozenTrial]) -> bool:
        """Whether a study may end, in which these trials have ended by themselves, in order."""
        scores = [-math.inf if math.isnan(score := score_of(t)) else score for t in trials]
        best = max(scores, default=-math.inf)
        if best == -math.inf:
            return False
        if self.patience is not None:
            return len(scores) - 1 - scores.index(best) >= self.patience
        if len(scores) < FEWEST:
            return False
        # What as many trials again would improve is at most what the last half has: records become
        # rarer. Of draws alike, doubling their number brings as many new ones as the doubling
        # before, each a smaller step (Arnold, Balakrishnan, Nagaraja 1998, ch. 2).
        expected = best - max(scores[: len(scores) // 2])
        return expected < self._noise(trials[0], trials[scores.index(best)])

    def _noise(self, first: FrozenTrial, best: FrozenTrial) -> float:
        """Standard error of the improvement of the best over the first trial, paired over folds;
        of the scores of the best, if it is the first or if the folds cannot be paired."""
        old, new = ((read_trial_record(each) or TrialRecord()).scores for each in (first, best))
        if len(old) != len(new) or old == new:
            old = [0.0] * len(new)
        differences = [b - a for a, b in zip(old, new, strict=True)]
        return corrected_standard_error(differences, self.ratio) if len(new) > 1 else 0.0
