"""A trial that runs far from its study: what its pruner needs to see goes along with it."""

from __future__ import annotations

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

from tuneflow.storage.optuna_internals import pruner_attrs
from tuneflow.study.objective import Objective, Outcome, TrialSpec
from tuneflow.study.workers.pool import IntermediateScore

#: What a pruner may ask of a trial that has ended: number, state, values, scores by step, and what
#: pruners have noted on it.
EndedTrial: TypeAlias = tuple[
    int, TrialState, list[float] | None, dict[int, float], dict[str, Any]
]
Send: TypeAlias = Callable[[IntermediateScore], None]


@dataclass(frozen=True)
class Payload:
    """All that a worker needs, in a form that can be sent.

    Attributes:
        key: Names it; workers keep what they have unpacked.
        content: The objective, and the study's name, direction and pruner, pickled.
        table: File with the matrix, which processes of one machine share; None if it is inside.
    """

    key: str
    content: bytes
    table: Path | None = None

    @classmethod
    def of(cls, objective: Objective, study: optuna.Study, table: Path | None = None) -> Payload:
        """Pack, with the table in a file if it is not to be sent."""
        data = objective.evaluation.data
        if table:
            np.save(table, data.X)
            data = replace(data, X=np.empty((0, 0)))
        evaluation = replace(objective.evaluation, data=data, _prepared={})
        context = WorkerContext(
            replace(objective, evaluation=evaluation),
            study.study_name,
            study.direction,
            study.pruner,
        )
        return cls(uuid.uuid4().hex, cloudpickle.dumps(context), table)

    def open(self) -> WorkerContext:
        """Unpack; a table in a file stays on the disk until rows of it are used."""
        context: WorkerContext = cloudpickle.loads(self.content)
        if self.table is None:
            return context
        evaluation = context.objective.evaluation
        data = replace(evaluation.data, X=np.load(self.table, mmap_mode="r"))
        evaluation = replace(evaluation, data=data)
        return replace(context, objective=replace(context.objective, evaluation=evaluation))


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
        self._study_id = self._storage.get_study_id_from_name(name)

    def learn(self, ended: Iterable[EndedTrial]) -> None:
        """Take in trials that have ended."""
        for number, state, values, steps, attrs in ended:
            trial_id = self._id(number)
            if self._storage.get_trial(trial_id).state.is_finished():
                continue
            for step, score in steps.items():
                self._storage.set_trial_intermediate_value(trial_id, step, score)
            for key, value in attrs.items():
                self._storage.set_trial_system_attr(trial_id, key, value)
            self._storage.set_trial_state_values(trial_id, state, values)

    def trial(self, number: int) -> optuna.Trial:
        """A trial that is running."""
        return optuna.Trial(self._study, self._id(number))

    def attrs(self, number: int) -> dict[str, Any]:
        """What the pruner has noted on a trial."""
        return self._storage.get_trial(self._id(number)).system_attrs

    def _id(self, number: int) -> int:
        """A trial by its number; all numbers below are there, too, as in the study."""
        trials = self._storage.get_all_trials(self._study_id, deepcopy=False)
        for _ in range(len(trials), number + 1):
            self._storage.create_new_trial(self._study_id)
        return self._storage.get_trial_id_from_study_id_trial_number(self._study_id, number)


@dataclass(frozen=True)
class TrialRequest:
    """A trial that is sent to a worker.

    Attributes:
        spec: The trial.
        ended: Trials that had ended before: all of them, or those that are new to the worker.
        anew: Whether they are all of them, and nothing else may be seen.
    """

    spec: TrialSpec
    ended: Sequence[EndedTrial]
    anew: bool


@dataclass(frozen=True)
class WorkerContext:
    """What a worker keeps from trial to trial: the objective with its folds, and what its pruner
    is asked about."""

    objective: Objective
    study_name: str
    direction: optuna.study.StudyDirection
    pruner: BasePruner

    @cached_property
    def study(self) -> PrunerStudy:
        """The study that learns from trial to trial."""
        return self.new_study()

    def new_study(self) -> PrunerStudy:
        """A study that knows nothing yet."""
        return PrunerStudy(self.study_name, self.direction, self.pruner)

    def run(self, request: TrialRequest, send: Send | None = None) -> Outcome:
        """Run a trial.

        Args:
            request: The trial, and what goes with it.
            send: Called with every score at once; without it, they come with the outcome.
        """
        study, number = self.new_study() if request.anew else self.study, request.spec.number
        study.learn(request.ended)
        trial = _RemoteTrial(study.trial(number), send)
        outcome = self.objective(request.spec, trial)
        return replace(outcome, steps=trial.steps, attrs=study.attrs(number))


@dataclass
class _RemoteTrial:
    trial: optuna.Trial
    send: Send | None
    steps: dict[int, float] = field(default_factory=dict)

    def report(self, value: float, step: int) -> None:
        self.trial.report(value, step)
        if self.send:
            self.send(IntermediateScore(self.trial.number, step, value))
        else:
            self.steps[step] = value

    def should_prune(self) -> bool:
        return self.trial.should_prune()


def ended_trials(trials: Iterable[FrozenTrial]) -> list[EndedTrial]:
    """What a pruner may ask of trials that have ended."""
    return [
        (t.number, t.state, t.values, dict(t.intermediate_values), pruner_attrs(t)) for t in trials
    ]
