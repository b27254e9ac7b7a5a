"""The runs of a comparison, read from their storage into two frames: of runs, and of trials."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

import optuna
import pandas as pd

from tuneflow.comparison.ranking import KEY, RUN, STEP
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
        StudyError: There is none of that name, or there are several and `name` is None; or they
            cannot be compared with each other.
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
    runs.sort(key=lambda run: run.record.seed)
    for at, run in enumerate(runs):
        check_fair(run.header, run.record, runs[:at])
    return runs


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
        pairs = {key: f"{there[key]!r} there, {here[key]!r} here" for key in keys}
        apart = [f"  {key}: {pair}" for key, pair in pairs.items() if there[key] != here[key]]
        if apart:
            first = f"comparison {record.comparison!r} exists and is about something else:"
            last = "Repeat the call that made it, or choose another name."
            raise StudyError("\n".join([first, *apart, last]))


def run_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a run; the score is missing where it failed, or has not ended.

    Seconds of the sampler are those neither of training nor of scoring: proposing, and writing to
    the storage. They are missing for trials side by side, which wait for each other besides.
    """
    rows = []
    for run in runs:
        times = timeline(run.trials)
        side_by_side = (times["start"].shift(-1) < times["end"]).any()
        other = (times["end"] - times["start"]).dt.total_seconds() - times["spent"]
        values = {
            "score": run.trials.best_score if run.record.state == "done" else math.nan,
            "default": run.trials.default_score,
            "trials": len(times),
            "seconds": max(times["elapsed"], default=0.0),
            "seconds_sampler": math.nan if side_by_side else other.clip(lower=0).sum(),
        }
        rows.append({**vars(run.header), **vars(run.record), **values})
    return pd.DataFrame(rows, columns=RUN)


def step_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """A row a trial: its score, missing if it was pruned or failed, and the best so far."""
    rows = []
    for run in runs:
        key = (run.record.table, run.record.contender, run.record.seed)
        times = timeline(run.trials)
        ends = zip(times["number"], times["elapsed"], strict=True)
        for at, (number, seconds) in enumerate(ends, start=1):
            trial = run.trials.trials[number]
            is_whole = len(run.trials.scores(trial)) == run.header.n_folds
            rows.append((*key, at, seconds, score_of(trial) if is_whole else math.nan))
    frame = pd.DataFrame(rows, columns=STEP[:-1]).astype({"score": float})
    frame["best"] = frame.groupby(KEY)["score"].cummax()
    return frame.assign(best=frame.groupby(KEY)["best"].ffill())


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
        if start and end and trial.number not in counted:
            last_lost = max(last_lost, end)
        elif start and end:
            spent = record.seconds(trial)
            if start < last_lost:
                end = min(end, start + timedelta(seconds=spent))
            rows.append((trial.number, start, end, spent))
    frame = pd.DataFrame(rows, columns=["number", "start", "end", "spent"])
    frame = frame.astype({"start": "datetime64[us]", "end": "datetime64[us]"})
    busy_until = frame["end"].cummax().shift()
    begin = frame["start"].mask(busy_until > frame["start"], busy_until)
    return frame.assign(elapsed=(frame["end"] - begin).dt.total_seconds().clip(lower=0).cumsum())


def remarks_on(frame: pd.DataFrame, runs: Sequence[Run]) -> list[str]:
    """Which runs did not come to a score, what does not vary between seeds, and notes of runs."""
    remarks = []
    if count := int((frame["state"] == "open").sum()):
        remarks.append(f"{count} of {len(runs)} runs have not ended and are left out.")
    errors = frame[frame["state"] == "failed"].groupby("contender", sort=False)["error"]
    remarks += [f"{name} failed in {len(each)} runs: {each.iloc[0]}" for name, each in errors]
    done = frame[frame["state"] == "done"].groupby(["table", "contender"], sort=False)["score"]
    for (table, name), scores in done:
        if len(scores) > 1 and scores.nunique() == 1:
            where = f" on {table}" if table else ""
            remarks.append(f"{name} has no variance between its {len(scores)} seeds{where}.")
        if _have_equal_points([runs[at] for at in scores.index]):
            same = f"the sampler of {name} tries the same points with every seed"
            remarks.append(f"{same}: what varies are folds and models alone.")
    held = {run.record.contender for run in runs if run.holds_learning_rate}
    others = [name for name in dict.fromkeys(frame["contender"]) if name not in held]
    if held and others and len({run.header.recipe_digest for run in runs}) == 1:
        remarks.append(
            f"the recipe holds a parameter while searching and lowers it at the end; for "
            f"{', '.join(others)} it does not, as for every grid and sampler object, and starting "
            "points are left as they are. recipe.replace(growth={'hold': None}) treats all alike."
        )
    notes = [note for run in runs for note in run.header.notes]
    return list(dict.fromkeys([*remarks, *notes]))


def _have_equal_points(runs: Sequence[Run]) -> bool:
    """Whether the sampler proposed the same points in two runs or more, up to one.

    Neither defaults nor other starting points count. Optuna's own QMC draws its first at random.
    """
    points = []
    for run in runs:
        chosen = [trial.params for trial in run.trials.counted if queued_point(trial) is None]
        points.append({json.dumps(each, sort_keys=True, default=str) for each in chosen})
    common = set.intersection(*points)
    is_grid = any(run.header.sampler == "grid" for run in runs)
    almost_all = bool(common) and min(map(len, points)) - len(common) <= 1
    return len(runs) > 1 and (is_grid or almost_all)
