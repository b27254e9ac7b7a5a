"""The runs of a comparison, read from their storage: two frames, and nothing else is needed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import optuna
import pandas as pd

from tuneflow.comparison.ranking import RUN, STEP
from tuneflow.errors import StudyError, did_you_mean
from tuneflow.search.samplers import SAMPLERS
from tuneflow.storage.records import (
    Header,
    RunRecord,
    queued_point,
    read_header,
    read_run_record,
    read_trial_record,
)
from tuneflow.storage.study_record import is_counted, read_study, score_of
from tuneflow.tuning.result import Trial

SAMPLERS_THAT_HOLD = set(SAMPLERS) - {"grid"}


@dataclass(frozen=True)
class Run:
    """One run: a study, its header, and what makes it a run of a comparison."""

    study: optuna.Study
    header: Header
    mark: RunRecord


def marked(storage: optuna.storages.BaseStorage) -> list[Run]:
    """All runs of all comparisons in a storage; other studies are passed over."""
    names = optuna.get_all_study_names(storage)
    studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
    found = [(s, read_header(s), mark) for s in studies if (mark := read_run_record(s))]
    return [Run(s, header, mark) for s, header, mark in found if header]


def of_comparison(storage: optuna.storages.BaseStorage, name: str | None = None) -> list[Run]:
    """The runs of one comparison, in the order of seeds and of their making.

    Raises:
        StudyError: There is none of that name, or several and no name was given.
    """
    runs = marked(storage)
    there = list(dict.fromkeys(run.mark.comparison for run in runs))
    if name is None and len(there) == 1:
        name = there[0]
    if name not in there:
        msg = f"comparison: one that is in the storage is needed; got {name!r}. "
        raise StudyError(msg + did_you_mean(name or "", there))
    mine = [run for run in runs if run.mark.comparison == name]
    return sorted(mine, key=lambda run: run.mark.seed)


def check_fair(header: Header, mark: RunRecord, others: Iterable[Run]) -> None:
    """Refuse a run that would not be comparable with those that are there.

    Raises:
        StudyError: Table, metric, folds or budget differ.
    """
    for other in others:
        same = ["n_trials", "timeout"]
        mine, theirs = _about(header, mark), _about(other.header, other.mark)
        if other.mark.table == mark.table:
            same += ["data", "scoring", "task"]
            same += ["folds"] if other.mark.seed == mark.seed else []
        unlike = [
            f"{k}: {theirs[k]!r} there, {mine[k]!r} here" for k in same if mine[k] != theirs[k]
        ]
        if unlike:
            raise StudyError(
                f"comparison {mark.comparison!r} exists and is about something else:\n  "
                + "\n  ".join(unlike)
                + "\nRepeat the call that made it, or choose another name."
            )


def _about(header: Header, mark: RunRecord) -> dict[str, Any]:
    return {
        "n_trials": mark.n_trials,
        "timeout": mark.timeout,
        "data": header.data,
        "scoring": header.scoring,
        "task": header.task,
        "folds": header.folds,
    }


def run_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run; the score is missing where it failed, or has not ended."""
    return pd.DataFrame([_row(run) for run in runs], columns=RUN)


def _row(run: Run) -> dict[str, Any]:
    found = spans(run.study)
    done = run.mark.state == "done"
    about = {name: getattr(run.header, name) for name in RUN if hasattr(run.header, name)}
    mine = {name: getattr(run.mark, name) for name in RUN if hasattr(run.mark, name)}
    return {
        **about,
        **mine,
        "score": read_study(run.study).best_score if done else math.nan,
        "default": score_of(found[0].trial if found else None),
        "trials": len(found),
        "seconds": max(elapsed(found), default=0.0),
        "seconds_sampler": _sampling(found),
    }


def step_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a trial: its score, missing if it was given up, and the best so far."""
    frames = [_steps(run) for run in runs]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=STEP)


def _steps(run: Run) -> pd.DataFrame:
    found = spans(run.study)
    scores = [_whole(span.trial, run.header.n_folds) for span in found]
    frame = pd.DataFrame({"score": scores, "seconds": elapsed(found)}, dtype=float)
    frame["trial"] = range(1, len(found) + 1)
    frame["best"] = frame["score"].cummax().ffill()
    mark = run.mark
    return frame.assign(table=mark.table, contender=mark.contender, seed=mark.seed)[STEP]


def _whole(trial: Trial, folds: int) -> float:
    """The score on all folds; what was scored on some of them is no score."""
    entry = read_trial_record(trial)
    whole = entry is not None and len(entry.scores) == folds
    return score_of(trial) if whole else math.nan


@dataclass(frozen=True)
class Span:
    """A trial that came to an end by itself, and when it was at work.

    Attributes:
        trial: The trial.
        start: When it was begun, before its sampler was asked.
        end: When it had ended.
        spent: Seconds of training and scoring.
    """

    trial: Trial
    start: datetime
    end: datetime
    spent: float


def spans(study: optuna.Study) -> list[Span]:
    """Trials that came to an end by themselves, by number.

    Trials of a run are told in order. One that was begun before an earlier one was told to be
    lost had been waiting for it, and was told with it, perhaps by a call of the next day: for how
    long it was at work is known from what it spent.
    """
    found, lost = [], datetime.min
    for trial in study.get_trials(deepcopy=False):
        start, end = trial.datetime_start, trial.datetime_complete
        if start is None or end is None:
            continue
        if not is_counted(trial):
            lost = max(lost, end)
            continue
        entry = read_trial_record(trial)
        spent = entry.seconds if entry else 0.0
        end = min(end, start + timedelta(seconds=spent)) if start < lost else end
        found.append(Span(trial, start, end, spent))
    return found


def elapsed(found: Sequence[Span]) -> list[float]:
    """Seconds of a run until each trial had ended.

    Those in which one trial at least was at work: trials side by side do not count twice, and the
    time between an interruption and the call that goes on does not count.
    """
    told, seconds, until = [], 0.0, datetime.min
    for span in found:
        seconds += max(0.0, (span.end - max(span.start, until)).total_seconds())
        until = max(until, span.end)
        told.append(seconds)
    return told


def _sampling(found: Sequence[Span]) -> float:
    """Seconds neither of training nor of scoring: proposing, and writing to the storage.

    Missing for trials side by side, which wait for each other besides.
    """
    if any(later.start < earlier.end for earlier, later in pairwise(found)):
        return math.nan
    return sum(max(0.0, (s.end - s.start).total_seconds() - s.spent) for s in found)


def alike(runs: Sequence[Run]) -> list[str]:
    """Contenders whose sampler proposed the same points with every seed, up to one."""
    found = []
    for name in dict.fromkeys(run.mark.contender for run in runs):
        mine = [run for run in runs if run.mark.contender == name and run.mark.state == "done"]
        for table in dict.fromkeys(run.mark.table for run in mine):
            points = [_proposed(run) for run in mine if run.mark.table == table]
            if len(points) < 2:
                continue
            common = set.intersection(*points)
            grid = any(run.header.sampler == "grid" for run in mine)
            if grid or (common and min(map(len, points)) - len(common) <= 1):
                found.append(name)
    return list(dict.fromkeys(found))


def _proposed(run: Run) -> set[str]:
    """Points that the sampler chose; Optuna's own QMC draws the first of them at random."""
    trials = [trial for trial in run.study.get_trials(deepcopy=False) if is_counted(trial)]
    chosen = [trial for trial in trials if queued_point(trial) is None]
    return {json.dumps(trial.params, sort_keys=True, default=str) for trial in chosen}


def is_held(run: Run) -> bool:
    """Whether the recipe's rate was held; a grid and a sampler object choose it themselves."""
    return run.header.growth.get("hold") is not None and run.header.sampler in SAMPLERS_THAT_HOLD
