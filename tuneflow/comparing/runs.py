"""The runs of a comparison, read from their storage: two frames, and nothing else is needed."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
import pandas as pd

from tuneflow.comparing.standings import RUN, STEP
from tuneflow.errors import StudyError, known
from tuneflow.ledger import Header, Mark, queued_point, read_entry, read_header, read_mark
from tuneflow.opening import counts
from tuneflow.result import Trial, best_trial
from tuneflow.search import SAMPLERS

SAMPLERS_THAT_HOLD = set(SAMPLERS) - {"grid"}


@dataclass(frozen=True)
class Ran:
    """One run: a study, its header, and what makes it a run of a comparison."""

    study: optuna.Study
    header: Header
    mark: Mark


def marked(storage: optuna.storages.BaseStorage) -> list[Ran]:
    """All runs of all comparisons in a storage; other studies are passed over."""
    names = optuna.get_all_study_names(storage)
    studies = [optuna.load_study(study_name=name, storage=storage) for name in names]
    found = [(s, read_header(s), mark) for s in studies if (mark := read_mark(s))]
    return [Ran(s, header, mark) for s, header, mark in found if header]


def of_comparison(storage: optuna.storages.BaseStorage, name: str | None = None) -> list[Ran]:
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
        raise StudyError(msg + known(name or "", there))
    mine = [run for run in runs if run.mark.comparison == name]
    return sorted(mine, key=lambda run: run.mark.seed)


def check_fair(header: Header, mark: Mark, others: Iterable[Ran]) -> None:
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
            msg = (
                f"comparison {mark.comparison!r} exists and is about something else:\n  "
                + "\n  ".join(unlike)
                + "\nRepeat the call that made it, or choose another name."
            )
            raise StudyError(msg)


def _about(header: Header, mark: Mark) -> dict[str, Any]:
    return {
        "n_trials": mark.n_trials,
        "timeout": mark.timeout,
        "data": header.data,
        "scoring": header.scoring,
        "task": header.task,
        "folds": header.folds,
    }


def run_frame(runs: Sequence[Ran]) -> pd.DataFrame:
    """A row a run; the score is missing where it failed, or has not ended."""
    return pd.DataFrame([_row(run) for run in runs], columns=RUN)


def _row(run: Ran) -> dict[str, Any]:
    trials = counted(run.study)
    done = run.mark.state == "done"
    values = [trial.value for trial in trials[:1] if trial.state.name == "COMPLETE"]
    best = best_trial(run.study).value if done else None
    about = {name: getattr(run.header, name) for name in RUN if hasattr(run.header, name)}
    mine = {name: getattr(run.mark, name) for name in RUN if hasattr(run.mark, name)}
    return {
        **about,
        **mine,
        "score": math.nan if best is None else best,
        "default": values[0] if values and values[0] is not None else math.nan,
        "trials": len(trials),
        "seconds": sum(map(seconds, trials)),
        "seconds_sampler": sum(map(_sampling, trials)),
    }


def step_frame(runs: Sequence[Ran]) -> pd.DataFrame:
    """A row a trial: its score, missing if it was given up, and the best so far."""
    frames = [_steps(run) for run in runs]
    filled = [frame for frame in frames if len(frame)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=STEP)


def _steps(run: Ran) -> pd.DataFrame:
    trials = counted(run.study)
    scores = [_whole(trial, run.header.n_folds) for trial in trials]
    frame = pd.DataFrame({"score": scores}, dtype=float)
    frame["trial"] = range(1, len(trials) + 1)
    frame["seconds"] = pd.Series([seconds(trial) for trial in trials], dtype=float).cumsum()
    frame["best"] = frame["score"].cummax().ffill()
    mark = run.mark
    return frame.assign(table=mark.table, contender=mark.contender, seed=mark.seed)[STEP]


def _whole(trial: Trial, folds: int) -> float:
    """The score on all folds; what was scored on some of them is no score."""
    entry = read_entry(trial)
    whole = entry is not None and len(entry.scores) == folds
    complete = trial.state.name == "COMPLETE" and trial.value is not None and whole
    return float(trial.value) if complete and trial.value is not None else math.nan


def counted(study: optuna.Study) -> list[Trial]:
    """Trials that came to an end by themselves."""
    return [trial for trial in study.get_trials(deepcopy=False) if counts(trial)]


def seconds(trial: Trial) -> float:
    """Wall clock of a trial, the sampler's time included."""
    return trial.duration.total_seconds() if trial.duration else 0.0


def _sampling(trial: Trial) -> float:
    """What is neither training nor scoring: proposing, and writing to the storage."""
    entry = read_entry(trial)
    spent = entry.seconds_fit + entry.seconds_score if entry else 0.0
    return max(0.0, seconds(trial) - spent)


def alike(runs: Sequence[Ran]) -> list[str]:
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


def _proposed(run: Ran) -> set[str]:
    """Points that the sampler chose; Optuna's own QMC draws the first of them at random."""
    chosen = [trial for trial in counted(run.study) if queued_point(trial) is None]
    return {json.dumps(trial.params, sort_keys=True, default=str) for trial in chosen}


def is_held(run: Ran) -> bool:
    """Whether the recipe's rate was held; a grid and a sampler object choose it themselves."""
    return run.header.growth.get("hold") is not None and run.header.sampler in SAMPLERS_THAT_HOLD
