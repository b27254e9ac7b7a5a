"""The runs of a comparison, read from their storage into two frames: of runs, and of trials."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import optuna
import pandas as pd

from tuneflow.comparison.ranking import RUN, STEP
from tuneflow.errors import StudyError, did_you_mean
from tuneflow.search.samplers import SAMPLERS
from tuneflow.storage.optuna_internals import queued_point
from tuneflow.storage.records import Header, RunRecord
from tuneflow.storage.study_record import StudyRecord, read_study, score_of
from tuneflow.storage.user_attrs import read_header, read_run_record


@dataclass(frozen=True)
class Run:
    """A study that is one run of a comparison.

    Attributes:
        study: The study.
        header: What it is about.
        record: Which run of which comparison it is.
    """

    study: optuna.Study
    header: Header
    record: RunRecord

    @cached_property
    def trials(self) -> StudyRecord:
        """What the trials of the study say, read once."""
        return read_study(self.study)

    @property
    def holds_learning_rate(self) -> bool:
        """Whether the search is at a rate of the recipe's; grids and sampler objects choose it."""
        held = self.header.growth.get("hold") is not None
        return held and self.header.sampler in set(SAMPLERS) - {"grid"}


def all_runs(storage: optuna.storages.BaseStorage) -> list[Run]:
    """All runs of all comparisons in a storage; other studies are passed over."""
    runs = []
    for name in optuna.get_all_study_names(storage):
        study = optuna.load_study(study_name=name, storage=storage)
        record, header = read_run_record(study), read_header(study)
        if record and header:
            runs.append(Run(study, header, record))
    return runs


def runs_of(storage: optuna.storages.BaseStorage, name: str | None = None) -> list[Run]:
    """The runs of one comparison, by seed, then in the order in which they began.

    Raises:
        StudyError: There is none of that name, or there are several and `name` is None.
    """
    runs = all_runs(storage)
    names = list(dict.fromkeys(run.record.comparison for run in runs))
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        raise StudyError(
            f"comparison: one that is in the storage is needed; got {name!r}. "
            f"{did_you_mean(name or '', names)}"
        )
    runs = [run for run in runs if run.record.comparison == name]
    return sorted(runs, key=lambda run: run.record.seed)


def check_fair(header: Header, record: RunRecord, others: Iterable[Run]) -> None:
    """Refuse a run that could not be compared with those that are in the storage.

    Raises:
        StudyError: Table, metric, folds or budget differ.
    """
    here = vars(header) | vars(record)
    for other in others:
        there = vars(other.header) | vars(other.record)
        keys = ["n_trials", "timeout"]
        if there["table"] == here["table"]:
            keys += ["data", "scoring", "task"]
            keys += ["folds"] if there["seed"] == here["seed"] else []
        if differences := [
            f"{key}: {there[key]!r} there, {here[key]!r} here"
            for key in keys
            if there[key] != here[key]
        ]:
            raise StudyError(
                f"comparison {record.comparison!r} exists and is about something else:\n  "
                + "\n  ".join(differences)
                + "\nRepeat the call that made it, or choose another name."
            )


def run_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run; the score is missing where it failed, or has not ended."""
    rows = []
    for run in runs:
        times = timeline(run.trials)
        values = {
            "score": run.trials.best_score if run.record.state == "done" else math.nan,
            "default": run.trials.default_score,
            "trials": len(times),
            "seconds": max(times["elapsed"], default=0.0),
            "seconds_sampler": _sampler_seconds(times),
        }
        rows.append({**vars(run.header), **vars(run.record), **values})
    return pd.DataFrame(rows, columns=RUN)


def step_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a trial: its score, missing if it was pruned or failed, and the best so far."""
    frames = []
    for run in runs:
        times = timeline(run.trials)
        trials = [run.trials.trials[number] for number in times["number"]]
        scores = [
            score_of(trial) if len(run.trials.scores(trial)) == run.header.n_folds else math.nan
            for trial in trials
        ]
        frame = pd.DataFrame({"score": scores, "seconds": times["elapsed"]}, dtype=float)
        frame["trial"] = range(1, len(trials) + 1)
        frame["best"] = frame["score"].cummax().ffill()
        key = {"table": run.record.table, "contender": run.record.contender}
        frames.append(frame.assign(**key, seed=run.record.seed)[STEP])
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=STEP)


def timeline(record: StudyRecord) -> pd.DataFrame:
    """When the trials that came to an end by themselves were at work.

    In a run, results are recorded in the order of the trials' numbers, so that a trial may have
    ended long before its end is recorded. That matters when a call is killed: the next call, of
    the following day perhaps, first records that the earlier trials were lost, and then the end
    of those that had waited for them. A trial that began before such a moment gets the end that
    follows from the seconds it has spent instead of the recorded one.

    Returns:
        A row a trial, by ``number``: its ``start``, before its sampler was asked, its ``end``, the
        seconds it has ``spent`` on training and scoring, and those ``elapsed`` in the run until
        then, in which one trial at least was at work: trials side by side do not count twice, and
        the time between an interruption and the call that goes on does not count.
    """
    counted = {trial.number for trial in record.counted}
    rows, last_lost = [], datetime.min
    for trial in record.trials:
        start, end = trial.datetime_start, trial.datetime_complete
        if start is None or end is None:
            continue
        if trial.number not in counted:
            last_lost = max(last_lost, end)
            continue
        spent = record.seconds(trial)
        if start < last_lost:
            end = min(end, start + timedelta(seconds=spent))
        rows.append((trial.number, start, end, spent))
    frame = pd.DataFrame(rows, columns=["number", "start", "end", "spent"])
    frame = frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})
    busy_until = frame["end"].cummax().shift()
    begin = frame["start"].mask(busy_until > frame["start"], busy_until)
    return frame.assign(elapsed=(frame["end"] - begin).dt.total_seconds().clip(lower=0).cumsum())


def _sampler_seconds(times: pd.DataFrame) -> float:
    """Seconds neither of training nor of scoring: proposing, and writing to the storage.

    Missing for trials side by side, which wait for each other besides.
    """
    if (times["start"].shift(-1) < times["end"]).any():
        return math.nan
    seconds = (times["end"] - times["start"]).dt.total_seconds() - times["spent"]
    return float(seconds.clip(lower=0).sum())


def have_equal_points(runs: Sequence[Run]) -> bool:
    """Whether the sampler proposed the same points in two runs or more, up to one.

    Optuna's own QMC draws its first point at random.
    """
    points = [_proposed_points(run) for run in runs]
    common = set.intersection(*points)
    is_grid = any(run.header.sampler == "grid" for run in runs)
    almost_all = bool(common) and min(map(len, points)) - len(common) <= 1
    return len(runs) > 1 and (is_grid or almost_all)


def _proposed_points(run: Run) -> set[str]:
    """Points that the sampler chose: not the defaults, nor other starting points."""
    chosen = [trial for trial in run.trials.counted if queued_point(trial) is None]
    return {json.dumps(trial.params, sort_keys=True, default=str) for trial in chosen}
