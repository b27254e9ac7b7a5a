"""A trial that runs far from its study: what the pruner needs to see goes along with it."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import cloudpickle
import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from tuneflow.study.objective import Objective, Outcome, Task

Seen: TypeAlias = tuple[int, TrialState, list[float] | None, dict[int, float], dict[str, Any]]
Tell: TypeAlias = Callable[[int, float], None]


@dataclass(frozen=True)
class Payload:
    """All that a worker needs, in a form that travels.

    Attributes:
        key: Names it; workers keep what they have unpacked.
        content: The objective, and what its pruner is asked about.
        table: File with the matrix, which processes of one machine share; none if it is inside.
    """

    key: str
    content: bytes
    table: Path | None = None

    @classmethod
    def of(cls, objective: Objective, study: optuna.Study, table: Path | None = None) -> Payload:
        """Pack; into a folder where the table is not to travel."""
        data = objective.evaluation.data
        if table:
            np.save(table, data.X)
            data = replace(data, X=np.empty((0, 0)))
        bare = replace(
            objective, evaluation=replace(objective.evaluation, data=data, _prepared={})
        )
        about = (bare, study.study_name, study.direction, study.pruner)
        return cls(uuid.uuid4().hex, cloudpickle.dumps(about), table)

    def open(self) -> WorkerContext:
        """Unpack; the table stays on the disk until rows of it are used."""
        objective, name, direction, pruner = cloudpickle.loads(self.content)
        if self.table:
            data = replace(objective.evaluation.data, X=np.load(self.table, mmap_mode="r"))
            objective = replace(objective, evaluation=replace(objective.evaluation, data=data))
        return WorkerContext(objective, (name, direction, pruner))


class PrunerStudy:
    """A study in memory that knows of the real one what a pruner asks for."""

    def __init__(
        self, name: str, direction: optuna.study.StudyDirection, pruner: BasePruner
    ) -> None:
        self._storage = optuna.storages.InMemoryStorage()
        self._study = optuna.create_study(
            storage=self._storage,
            study_name=name,
            direction=direction,
            pruner=pruner,
            sampler=optuna.samplers.RandomSampler(seed=0),
        )

    def learn(self, seen: Iterable[Seen]) -> None:
        """Take down trials that have ended."""
        for number, state, values, steps, attrs in seen:
            at = self._at(number)
            if self._storage.get_trial(at).state.is_finished():
                continue
            for step, score in steps.items():
                self._storage.set_trial_intermediate_value(at, step, score)
            for key, value in attrs.items():
                self._storage.set_trial_system_attr(at, key, value)
            self._storage.set_trial_state_values(at, state, values)

    def trial(self, number: int) -> optuna.Trial:
        """A trial that is running."""
        return optuna.Trial(self._study, self._at(number))

    def attrs(self, number: int) -> dict[str, Any]:
        """What the pruner has noted on a trial."""
        return self._storage.get_trial(self._at(number)).system_attrs

    def _at(self, number: int) -> int:
        """A trial's place; numbers count up to it, as they did in the study."""
        trials = self._storage.get_all_trials(self._study._study_id, deepcopy=False)
        for _ in range(len(trials), number + 1):
            self._storage.create_new_trial(self._study._study_id)
        return self._storage.get_trial_id_from_study_id_trial_number(self._study._study_id, number)


@dataclass(frozen=True)
class TrialRequest:
    """A trial that is sent away.

    Attributes:
        task: The trial.
        seconds: Time until its deadline; clocks of machines differ.
        seen: Trials that had ended before: all of them, or those that are new.
        anew: Whether they are all of them, and nothing else may be seen.
    """

    task: Task
    seconds: float
    seen: Sequence[Seen]
    anew: bool

    @classmethod
    def of(cls, task: Task, seen: Iterable[FrozenTrial], *, anew: bool) -> TrialRequest:
        """Pack a trial for its way."""
        return cls(task, task.deadline - time.monotonic(), [seen_of(t) for t in seen], anew)


@dataclass(frozen=True)
class WorkerContext:
    """Where trials run: the objective with its folds, and what its pruner is asked about."""

    objective: Objective
    about: tuple[str, optuna.study.StudyDirection, BasePruner]

    @cached_property
    def mirror(self) -> PrunerStudy:
        """The mirror that learns from trial to trial."""
        return PrunerStudy(*self.about)

    def run(self, order: TrialRequest, tell: Tell | None = None) -> Outcome:
        """Run a trial.

        Args:
            order: The trial, and what goes with it.
            tell: Called with step and score at once; without it, they come with the outcome.
        """
        mirror = PrunerStudy(*self.about) if order.anew else self.mirror
        mirror.learn(order.seen)
        judge = _Judge(mirror.trial(order.task.number), tell)
        task = replace(order.task, deadline=time.monotonic() + order.seconds)
        outcome = self.objective(task, judge)
        return replace(outcome, steps=judge.steps, attrs=mirror.attrs(task.number))


@dataclass
class _Judge:
    trial: optuna.Trial
    tell: Tell | None
    steps: dict[int, float] = field(default_factory=dict)

    def report(self, value: float, step: int) -> None:
        self.trial.report(value, step)
        if self.tell:
            self.tell(step, value)
        else:
            self.steps[step] = value

    def should_prune(self) -> bool:
        return self.trial.should_prune()


def seen_of(trial: FrozenTrial) -> Seen:
    """What a pruner may ask of a trial that has ended; samplers keep theirs under names with a
    colon, which stays at home."""
    attrs = {
        key: value
        for key, value in trial.system_attrs.items()
        if ":" not in key and key != "fixed_params"
    }
    return trial.number, trial.state, trial.values, dict(trial.intermediate_values), attrs
