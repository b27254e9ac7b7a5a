"""CMA-ES is what Optuna's is, and nothing that lies in a study is unpickled for it."""

from __future__ import annotations

import pickle
import warnings
from pathlib import Path

import numpy as np
import optuna
import pytest
from doubles import RECIPE, rows, told
from optuna.samplers import CmaEsSampler, PartialFixedSampler

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.search.cma_es import ReplayedCmaEsSampler, without_pickles

KINDS = [{}, {"use_separable_cma": True}, {"with_margin": True}, {"lr_adapt": True}]
pytestmark = pytest.mark.filterwarnings("ignore::optuna.exceptions.ExperimentalWarning")


def bowl(trial: optuna.Trial) -> float:
    return sum((trial.suggest_float(name, 0, 1) - 0.3) ** 2 for name in "abc")


def searched(sampler, n_trials: int = 40, direction: str = "minimize") -> optuna.Study:
    study = optuna.create_study(sampler=sampler, direction=direction)
    study.optimize(bowl, n_trials=n_trials)
    return study


@pytest.mark.parametrize("kind", KINDS, ids=str)
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_what_is_replayed_is_what_optuna_has_pickled(kind, direction):
    theirs = CmaEsSampler(seed=1, **kind)
    study = searched(theirs, direction=direction)
    trials = theirs._get_trials(study)
    pickled = theirs._restore_optimizer(trials)
    mine = ReplayedCmaEsSampler(seed=1, **kind)
    mine._asked = study.direction, mine.infer_relative_search_space(study, trials[-1])
    replayed = mine._restore_optimizer(trials)
    assert replayed.generation == pickled.generation > 3
    for optimizer in (pickled, replayed):
        optimizer.reseed_rng(0)
    drawn = [opt.ask()[0] if "with_margin" in kind else opt.ask() for opt in (pickled, replayed)]
    np.testing.assert_allclose(*drawn, rtol=1e-9)


def test_what_is_remembered_is_what_would_be_replayed():
    kept = ReplayedCmaEsSampler(seed=1)
    study = searched(kept, 60)
    asked = kept._asked
    anew = ReplayedCmaEsSampler(seed=1)
    anew._asked = asked
    trials = kept._get_trials(study)
    one, other = kept._restore_optimizer(trials), anew._restore_optimizer(trials)
    np.testing.assert_array_equal(one._mean, other._mean)
    kept._asked = (
        asked[0],
        {name: asked[1][name] for name in "ab"},
    )  # another space, from the start
    assert kept._restore_optimizer(trials).dim == 2


class Hostile:
    """Unpickling it leaves a file behind."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def plant(study: optuna.Study, path: Path) -> None:
    content = pickle.dumps(Hostile(path)).hex()
    for trial in study.get_trials(deepcopy=False):
        trial.system_attrs["cma:optimizer:0"] = content


@pytest.mark.parametrize(
    "mine",
    [
        "cmaes",
        lambda: CmaEsSampler(seed=0),
        lambda: PartialFixedSampler({"kind": "a"}, CmaEsSampler(seed=0)),
    ],
)
def test_a_pickle_that_was_planted_in_a_study_is_left_alone(mine, tmp_path, monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))
    path, storage = tmp_path / "was unpickled", optuna.storages.InMemoryStorage()

    def run(n_trials):
        sampler = mine if isinstance(mine, str) else mine()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tf.TuneflowWarning)
            return tf.tune(*rows(), RECIPE, n_trials=n_trials, storage=storage, sampler=sampler)

    plant(run(20).study, path)
    result = run(40)
    assert not path.exists()
    trials = result.study.get_trials(deepcopy=False)
    assert len(trials) == 40
    assert trials[-1].system_attrs["cma:generation"] > 0
    assert not any("cma:optimizer" in key for t in trials[20:] for key in t.system_attrs)


def test_a_pickle_that_was_planted_runs_under_optunas_own_sampler(tmp_path):
    study = searched(CmaEsSampler(seed=0), 20)
    plant(study, tmp_path / "was unpickled")
    study.optimize(bowl, n_trials=1)
    assert (tmp_path / "was unpickled").exists()  # so the test above would have noticed


def test_a_sampler_of_ones_own_making_is_left_as_it_is():
    class Mine(CmaEsSampler):
        pass

    assert type(without_pickles(Mine())) is Mine
    assert type(without_pickles(CmaEsSampler())) is ReplayedCmaEsSampler


def test_a_study_resumed_under_cmaes_goes_on_as_it_would_have(tmp_path, monkeypatch):
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Counting"))

    def run(n_trials, storage):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", tf.TuneflowWarning)
            more = {"sampler": "cmaes", "pruner": "halving"}
            return told(tf.tune(*rows(), RECIPE, n_trials=n_trials, storage=storage, **more).study)

    whole = run(40, None)
    run(23, tmp_path / "a.journal")
    assert run(40, tmp_path / "a.journal") == whole
