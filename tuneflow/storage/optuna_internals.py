"""What the package takes from Optuna's private parts, but for CMA-ES, which is in
:mod:`tuneflow.search.cma_es`.

Everything here has a test that fails when Optuna changes it. What each one saves:

- a trial is made with its claim and its point in one write, so that a process that is killed in
  between leaves no trial that nobody owns (`create_running_trial`);
- a sampler may look at the trials as often as it likes, and they are read once; a journal is
  written, and so synchronised with the disk, once for a suggestion and once for an end
  (`few_storage_calls`);
- callbacks and samplers may call ``study.stop()``, though the loop is not Optuna's (`on_stop`).
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Container, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cache, partial
from typing import Any, cast

import optuna
from optuna.storages import BaseStorage
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from tuneflow.storage.journal import Journal

POINT = "fixed_params"  # the system attribute in which Optuna keeps a point that was queued


def storage_of(study: optuna.Study) -> BaseStorage:
    """Where a study is stored."""
    return study._storage


# ---------- trials ----------


def create_running_trial(
    study: optuna.Study, user_attrs: Mapping[str, Any], point: Mapping[str, Any] | None
) -> optuna.Trial:
    """Make a running trial in one write: as ``study.ask()`` does, but with attributes.

    Args:
        study: Where it belongs.
        user_attrs: Its attributes.
        point: Where it is; None if the sampler is to choose.
    """
    template = create_trial(
        state=TrialState.RUNNING,
        user_attrs=dict(user_attrs),
        system_attrs={} if point is None else {POINT: dict(point)},
    )
    study._thread_local.cached_all_trials = None  # so that samplers see what is new
    # A database that is away fails here at once; making a trial would retry it in silence.
    study._storage.get_study_user_attrs(study._study_id)
    return Trial(study, study._storage.create_new_trial(study._study_id, template))


def names_no_parameter(trial: optuna.Trial) -> bool:
    """Whether a trial was asked to try the point that names no parameter."""
    return trial._cached_frozen_trial.system_attrs.get(POINT) == {}


def queued_point(trial: FrozenTrial) -> dict[str, Any] | None:
    """The point that a trial was asked to try; None if the sampler chose it."""
    point = trial.system_attrs.get(POINT)
    return point if isinstance(point, dict) else None


def pruner_attrs(trial: FrozenTrial) -> dict[str, Any]:
    """What pruners have noted on a trial; names of samplers' notes have a colon."""
    attrs = trial.system_attrs.items()
    return {key: value for key, value in attrs if ":" not in key and key != POINT}


def write_system_attrs(trial: optuna.Trial, attrs: Mapping[str, Any]) -> None:
    """Put what pruners have noted elsewhere on a trial."""
    for key, value in attrs.items():
        trial.storage.set_trial_system_attr(trial._trial_id, key, value)


def stored_trial(trial: optuna.Trial) -> FrozenTrial:
    """A trial as it is in the storage now."""
    return trial.storage.get_trial(trial._trial_id)


# ---------- studies ----------


@contextmanager
def few_storage_calls(study: optuna.Study) -> Iterator[None]:
    """Within it, trials are read once, however often a sampler asks; and what is written to a
    journal is appended in the end, in one synchronous write.

    Nothing that was written within it may be read within it.
    """
    storage = study._storage
    study._storage = cast("BaseStorage", _TrialsReadOnce(storage))
    try:
        with storage.batch(study._study_id) if isinstance(storage, Journal) else nullcontext():
            yield
    finally:
        study._storage = storage


class _TrialsReadOnce:
    """A storage whose trials are read when they are first asked for, and kept; without those that
    name no parameter, such as a baseline outside of the space: samplers that look for what all
    trials have in common would find nothing."""

    def __init__(self, storage: BaseStorage) -> None:
        self._storage = storage
        self._read = cache(partial(storage.get_all_trials, deepcopy=False))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._storage, name)

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        trials = [t for t in self._read(study_id) if t.params or not t.state.is_finished()]
        wanted = [trial for trial in trials if states is None or trial.state in states]
        return copy.deepcopy(wanted) if deepcopy else wanted


@contextmanager
def on_stop(study: optuna.Study, stop: Callable[[], None]) -> Iterator[None]:
    """Within it, ``study.stop()`` calls a function; outside of Optuna's loop it would raise."""
    before = vars(study).get("stop")
    vars(study)["stop"] = stop
    try:
        yield
    finally:
        del vars(study)["stop"]
        if before:
            vars(study)["stop"] = before


def grpc_server(storage: BaseStorage, host: str, port: int) -> Any:
    """A server of gRPC's that shares a storage and does not run yet; Optuna's public
    ``run_grpc_proxy_server`` does not return, so that nobody could say when it listens."""
    from optuna.storages._grpc.server import make_server

    return make_server(storage, host, port)
