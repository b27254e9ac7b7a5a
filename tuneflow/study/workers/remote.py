"""A trial that runs far from its study: what its pruner needs to see goes along with it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias

import cloudpickle
import numpy as np
import optuna
from optuna.pruners import BasePruner
from optuna.trial import FrozenTrial, TrialState

from tuneflow.data.types import FloatArray
from tuneflow.storage.optuna_internals import pruner_attrs, storage_of, stored_trial
from tuneflow.study.objective import IntermediateScore, Objective, Outcome, TrialSpec

#: What a pruner may ask of a trial that has ended: number, state, values, scores by step, and what
#: pruners have noted on it.
EndedTrial: TypeAlias = tuple[
    int, TrialState, list[float] | None, dict[int, float], dict[str, Any]
]


@dataclass(frozen=True)
class Payload:
    """All that a worker needs, in a form that can be sent.

    Attributes:
        key: Names it; workers keep what they have unpacked.
        content: The objective, and the study's name and pruner, pickled.
        table: File with the matrix, which processes of one machine share; None if it is inside.
    """

    key: str
    content: bytes
    table: Path | None = None

    @classmethod
    def of(cls, objective: Objective, study: optuna.Study, table: Path | None = None) -> Payload:
        """Pack, with the table in a file if it is not to be sent."""
        X = objective.evaluation.data.X
        if table:
            np.save(table, X)
        objective = _with_matrix(objective, np.empty((0, 0)) if table else X)
        content = cloudpickle.dumps((objective, study.study_name, study.pruner))
        return cls(uuid.uuid4().hex, content, table)

    def open(self) -> WorkerContext:
        """Unpack; a table in a file stays on the disk until rows of it are used."""
        objective, name, pruner = cloudpickle.loads(self.content)
        if self.table:
            objective = _with_matrix(objective, np.load(self.table, mmap_mode="r"))
        return WorkerContext(objective, name, pruner)


def _with_matrix(objective: Objective, X: FloatArray) -> Objective:
    """The objective with this matrix in its table, and no fold prepared yet."""
    evaluation = objective.evaluation
    fresh: dict[str, Any] = {"data": replace(evaluation.data, X=X), "_prepared": {}}
    if baseline := evaluation.baseline:
        shared = evaluation.shares_rows(baseline.recipe)
        baseline = replace(baseline, **(fresh if shared else {**fresh, "_prepared": {}}))
    return replace(objective, evaluation=replace(evaluation, **fresh, baseline=baseline))


class PrunerStudy:
    """A study in memory that knows of the real one what a pruner asks for."""

    def __init__(self, name: str, pruner: BasePruner) -> None:
        self._study = optuna.create_study(study_name=name, direction="maximize", pruner=pruner)
        self._study.sampler = optuna.samplers.RandomSampler(seed=0)  # is asked for nothing
        self._trials = storage_of(self._study)
        self._study_key = self._trials.get_study_id_from_name(name)
        self._ids: list[int] = []  # of trials, by their numbers

    def learn(self, ended: Iterable[EndedTrial]) -> None:
        """Take in trials that have ended."""
        for number, state, values, steps, attrs in ended:
            trial_id = self._id(number)
            if self._trials.get_trial(trial_id).state.is_finished():
                continue
            for step, score in steps.items():
                self._trials.set_trial_intermediate_value(trial_id, step, score)
            for key, value in attrs.items():
                self._trials.set_trial_system_attr(trial_id, key, value)
            self._trials.set_trial_state_values(trial_id, state, values)

    def trial(self, number: int) -> optuna.Trial:
        """A trial that is running."""
        return optuna.Trial(self._study, self._id(number))

    def _id(self, number: int) -> int:
        """A trial by its number; all numbers below are there, too, as in the study."""
        while len(self._ids) <= number:
            self._ids.append(self._trials.create_new_trial(self._study_key))
        return self._ids[number]


@dataclass(frozen=True)
class WorkerContext:
    """What a worker keeps from trial to trial: the objective with its folds, and what its pruner
    is asked about."""

    objective: Objective
    study_name: str
    pruner: BasePruner

    @cached_property
    def study(self) -> PrunerStudy:
        """The study that learns from trial to trial."""
        return PrunerStudy(self.study_name, self.pruner)

    def run(
        self,
        send: Callable[[IntermediateScore], None] | None,
        spec: TrialSpec,
        ended: Iterable[EndedTrial],
        anew: bool,
    ) -> Outcome:
        """Run a trial.

        Args:
            send: Called with every score at once; without it, they come with the outcome.
            spec: The trial.
            ended: Trials that had ended before: all of them, or those that are new here.
            anew: Whether they are all of them, and the pruner may see nothing else.
        """
        study = PrunerStudy(self.study_name, self.pruner) if anew else self.study
        study.learn(ended)
        trial, steps = study.trial(spec.number), dict[int, float]()

        def report_and_ask(step: int, score: float) -> bool:
            trial.report(score, step)
            if send:
                send(IntermediateScore(spec.number, step, score))
            else:
                steps[step] = score
            return trial.should_prune()

        outcome = self.objective(spec, report_and_ask)
        return replace(outcome, steps=steps, attrs=stored_trial(trial).system_attrs)


def ended_trials(trials: Iterable[FrozenTrial]) -> list[EndedTrial]:
    """What a pruner may ask of trials that have ended."""
    return [
        (t.number, t.state, t.values, dict(t.intermediate_values), pruner_attrs(t)) for t in trials
    ]
