"""The only schema: what tuneflow writes into a study, and reads back.

The header stands once on the study, an entry on every trial, each as one JSON object under the
key ``tuneflow``; a study that is one run of a comparison carries a mark besides. Who is at work on
a study is noted by :mod:`tuneflow.storage.heartbeat`. Nothing else in the package touches user attributes,
and nothing is unpickled.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, Any

from tuneflow.errors import StudyError
from tuneflow.storage.parsing import read_number, read_record, with_gaps

if TYPE_CHECKING:
    import optuna

KEY = "tuneflow"
RUN = "tuneflow:run"
OUTER = "tuneflow:outer"
GOAL = "tuneflow:goal"
RETRY = "tuneflow:retry of"
FORMAT = 1
LIBRARIES = ("tuneflow", "optuna", "scikit-learn", "lightgbm", "xgboost", "pandas", "numpy")
GAPPY = ("scores", "curve", "gradient", "also")  # of an entry: what may hold null for NaN
version = cache(metadata.version)  # reads and parses a file


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in LIBRARIES}


def _version(name: str) -> str:
    try:
        return version(name)
    except metadata.PackageNotFoundError:  # a checkout, or another distribution: xgboost-cpu
        return str(getattr(sys.modules.get(name), "__version__", "unknown"))


@dataclass(frozen=True)
class Header:
    """What a study is about. Two calls go on with one study only if they agree on it.

    Attributes:
        recipe: The recipe's name.
        recipe_digest: Fingerprint of what the recipe says.
        recipe_json: The whole recipe, so that the study explains itself.
        task: ``binary``, ``multiclass`` or ``regression``.
        scoring: The metric.
        direction: ``maximize`` or ``minimize``.
        data: Fingerprint of table, target and weights.
        rows: Rows of the table.
        columns: Columns of the table.
        folds: Fingerprint of the index pairs.
        n_folds: Number of folds.
        sampler: The sampler's word, or the name of its class.
        pruner: The pruner's word, or the name of its class.
        random_state: Seed of the study.
        cv: Number of folds, or the share of a holdout; None if they were given otherwise.
        pruner_options: What the pruner was given beside its word.
        modelled: Share of the parameters that the sampler models; others are chosen independently.
        weighted: Whether rows had weights, which are part of the fingerprint of the data.
        also: Metrics that are recorded beside the one that is optimised.
        ratio: Rows scored for each that trains, on average over the folds.
        test_size: Share of the rows that the search did not see; None if there were none, or if
            they were given otherwise.
        notes: What was done differently from what was asked.
        versions: Libraries that wrote the header.
        format: Version of this schema.
    """

    recipe: str
    recipe_digest: str
    recipe_json: str
    task: str
    scoring: str
    direction: str
    data: str
    rows: int
    columns: int
    folds: str
    n_folds: int
    sampler: str
    pruner: str
    random_state: int
    modelled: float
    cv: float | None = None
    pruner_options: Mapping[str, Any] = field(default_factory=dict)
    weighted: bool = False
    also: tuple[str, ...] = ()
    ratio: float | None = None
    test_size: float | None = None
    notes: tuple[str, ...] = ()
    versions: Mapping[str, str] = field(default_factory=_versions)
    format: int = FORMAT

    @property
    def growth(self) -> dict[str, Any]:
        """What the recipe says of growth; empty if that is nothing."""
        found = json.loads(self.recipe_json).get("growth")
        return found if isinstance(found, dict) else {}

    def differences(self, other: Header) -> list[str]:
        """What keeps two calls from sharing a study, in words."""
        told = {"recipe_json", "notes", "versions", "modelled", "rows", "columns", "n_folds"}
        told |= {"cv", "ratio", "test_size"}  # table and folds have fingerprints
        return [
            f"{f.name}: {getattr(self, f.name)!r} there, {getattr(other, f.name)!r} here"
            for f in fields(self)
            if f.name not in told and getattr(self, f.name) != getattr(other, f.name)
        ]


@dataclass
class TrialRecord:
    """What a trial did.

    Attributes:
        scores: Score of each fold at the best rung.
        budget: The best rung, in units of the recipe's growth (times its ``per``).
        amount: The same as whole units for one model: rounds, trees, epochs or rows.
        curve: Every rung that was reached, in order: number of folds, budget, and mean score
            over these folds.
        ended: ``complete``, ``patience``, ``deadline``, ``pruned``, ``failed``, ``timeout`` or
            ``crashed``; ``interrupted`` and ``surplus`` trials were not tried. Without an entry,
            a trial was lost with its process.
        error: Why it failed; empty otherwise.
        seconds_fit: Time spent in training.
        seconds_score: Time spent in predicting and scoring.
        loss: Mean loss over the folds that `gradient` belongs to; None if there is no gradient.
        gradient: Derivative of the loss in each parameter, in the space's own scale: by the
            logarithm where the range is logarithmic. Empty unless the sampler descends.
        also: What other metrics say of each fold at the best rung, by name.
    """

    scores: list[float] = field(default_factory=list)
    budget: float = 0.0
    amount: int = 0
    curve: list[tuple[int, float, float]] = field(default_factory=list)
    ended: str = "complete"
    error: str = ""
    seconds_fit: float = 0.0
    seconds_score: float = 0.0
    loss: float | None = None
    gradient: dict[str, float] = field(default_factory=dict)
    also: dict[str, list[float]] = field(default_factory=dict)

    @property
    def tried(self) -> bool:
        """Whether the trial came to an end by itself."""
        return self.ended not in ("interrupted", "surplus")

    @property
    def seconds(self) -> float:
        """Seconds of training and scoring."""
        return self.seconds_fit + self.seconds_score


@dataclass(frozen=True)
class RunRecord:
    """What makes a study one run of a comparison.

    Attributes:
        comparison: Name of the comparison.
        table: Name of the table in a suite; empty if there is one table only.
        contender: Name of the contender.
        seed: The seed that all contenders of this round share.
        n_trials: Budget in trials; None if there is none.
        timeout: Budget in seconds; None if there is none.
        state: ``open`` until the budget is spent, then ``done``, or ``failed`` without a score.
        error: Why it failed; empty otherwise.
    """

    comparison: str
    table: str
    contender: str
    seed: int
    n_trials: int | None
    timeout: float | None
    state: str = "open"
    error: str = ""


@dataclass(frozen=True)
class HoldoutRecord:
    """What models score on rows that nothing has looked at.

    Attributes:
        scoring: The metric.
        rows: Number of these rows.
        inner: Score in the folds of the trial that was refitted.
        score: The refitted model's score on these rows.
        low: Lower end of its interval at 95 %, from drawing the rows anew (Efron 1979).
        high: Upper end.
        default: Score of the defaults, refitted alike; NaN if they came to none.
        gain_low: Lower end of the interval of what the model gains over them, on the same draws.
        gain_high: Upper end.
        path: Trials that were the best so far, each with its score in the folds, and on the rows.
    """

    scoring: str
    rows: int
    inner: float
    score: float
    low: float
    high: float
    default: float
    improvement_low: float
    improvement_high: float
    path: tuple[tuple[int, float, float], ...]


def write_run_record(study: optuna.Study, mark: RunRecord) -> None:
    """Say of which comparison a study is a run, and how far it is."""
    study.set_user_attr(RUN, asdict(mark))


def read_run_record(study: optuna.Study) -> RunRecord | None:
    """Of which comparison a study is a run; None if it is of none."""
    return read_record(RunRecord, study.user_attrs.get(RUN))


def write_goal(study: optuna.Study, n_trials: int | None) -> None:
    """Note how many trials the study shall have, for those who join it."""
    if study.user_attrs.get(GOAL) != n_trials:
        study.set_user_attr(GOAL, n_trials)


def read_goal(study: optuna.Study) -> int | None:
    """How many trials the study shall have; None if nobody has said."""
    return read_number(study.user_attrs.get(GOAL))


def write_header(study: optuna.Study, header: Header) -> None:
    """Put the header on a new study."""
    study.set_user_attr(KEY, asdict(header))


def read_header(study: optuna.Study) -> Header | None:
    """The header of a study; None if tuneflow did not make it.

    Raises:
        StudyError: A later version wrote it, or it is damaged.
    """
    found = study.user_attrs.get(KEY)
    if found is None:
        return None
    written = found.get("format") if isinstance(found, dict) else None
    if written != FORMAT:
        raise StudyError(
            f"study {study.study_name!r}: this version reads format {FORMAT}; "
            f"got {written!r}. Upgrade tuneflow."
        )
    header = read_record(Header, found)
    if header is None or not _is_table(header.recipe_json):
        raise StudyError(
            f"study {study.study_name!r}: its header is damaged; got {sorted(found)}."
        )
    return header


def _is_table(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def write_trial_record(trial: optuna.Trial, entry: TrialRecord) -> None:
    """Put the entry on a running trial, in one write."""
    trial.set_user_attr(KEY, _json_safe(vars(entry)))


def write_holdout(study: optuna.Study, holdout: HoldoutRecord) -> None:
    """Put on a study what its models score on rows that it has not seen."""
    study.set_user_attr(OUTER, _json_safe(asdict(holdout)))


def read_holdout(study: optuna.Study) -> HoldoutRecord | None:
    """What models of a study score on rows that it has not seen; None if none were kept."""
    found = study.user_attrs.get(OUTER)
    if isinstance(found, dict):
        found = {key: with_gaps(value) for key, value in found.items()}
    return read_record(HoldoutRecord, found)


def read_trial_record(trial: optuna.trial.FrozenTrial) -> TrialRecord | None:
    """The entry of a trial; None if there is none."""
    found = trial.user_attrs.get(KEY)
    if isinstance(found, dict):
        found = {key: with_gaps(v) if key in GAPPY else v for key, v in found.items()}
    return read_record(TrialRecord, found)


def queued_point(trial: optuna.trial.FrozenTrial) -> dict[str, Any] | None:
    """The point that a trial was asked to try; None if the sampler chose it."""
    point = trial.system_attrs.get("fixed_params")
    return point if isinstance(point, dict) else None


def retried(trial: optuna.trial.FrozenTrial) -> int | None:
    """The number of the trial whose point is tried again here; None if it is none."""
    return read_number(trial.user_attrs.get(RETRY))


def begin_trial(
    study: optuna.Study,
    claim: Mapping[str, str],
    point: Mapping[str, Any] | None = None,
    again: int | None = None,
) -> optuna.Trial:
    """Make a running trial, in one write.

    Args:
        study: Where it belongs.
        claim: Who runs it.
        point: What it shall try; None if the sampler is to choose.
        again: The number of the trial that was lost at this point; None if none was.
    """
    from optuna.trial import Trial, TrialState, create_trial

    begun = create_trial(
        state=TrialState.RUNNING,
        user_attrs={**claim, **({} if again is None else {RETRY: again})},
        system_attrs={} if point is None else {"fixed_params": dict(point)},
    )
    study._thread_local.cached_all_trials = None  # as Study.ask does: samplers look anew
    # A database that is away says so here; making a trial would try again for a while, in silence.
    study._storage.get_study_user_attrs(study._study_id)
    return Trial(study, study._storage.create_new_trial(study._study_id, begun))


def _json_safe(value: Any) -> Any:
    """JSON has no NaN: a score that is not finite is stored as null."""
    if isinstance(value, dict):
        return {key: _json_safe(item) for key, item in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_json_safe(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
