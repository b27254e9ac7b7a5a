"""Several recipes share one budget: what each has shown decides, and nothing is lost."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest
from doubles import RECIPE, Counting, rows, told
from sklearn.model_selection import KFold
from tables import TASKS, table, target

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.user_attrs import read_header
from tuneflow.study.plan import Settings
from tuneflow.tuning.several_recipes import AUTO, SeveralRecipesResult, make_plans

#: The double errs by the distance of x from 0.3: these two cannot, and hardly, come near.
FAR = RECIPE.replace(name="far", space={"x": {"low": 0.8}})
MIDDLE = RECIPE.replace(name="middle", space={"x": {"low": 0.5}})
NEAR = RECIPE.replace(name="near")
LOW = RECIPE.replace(name="low", space={"x": {"high": 0.7, "default": 0.6}})


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM; hand a test its class to change."""
    kind = type("Mine", (Counting,), {})
    monkeypatch.setattr(sys.modules["doubles"], "Mine", kind, raising=False)
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Mine"))
    return kind


def run(n_trials=24, recipes=(FAR, MIDDLE, NEAR), **more):
    return tf.tune(*rows(), list(recipes), n_trials=n_trials, **more)


def trials_of(result) -> dict[str, int]:
    return {each.name: len(each.study.trials) for each in result.candidates}


# ---------- through the front door ----------


@pytest.mark.usefixtures("double")
def test_the_best_of_all_is_refitted_and_the_leaderboard_tells_the_others():
    result = run()
    assert isinstance(result, SeveralRecipesResult)
    board = result.leaderboard()
    assert list(board["recipe"]) == ["near", "middle", "far"]
    assert result.best_score == board["best"].max()
    assert result.recipe.name == "near"
    assert sum(trials_of(result).values()) == 24
    assert trials_of(result)["near"] > 12
    assert len(result.predict(rows()[0])) == 40
    assert "near -" in repr(result)
    assert "middle -" in repr(result)


@pytest.mark.usefixtures("double")
def test_the_report_is_about_the_best_and_has_the_others_beside_it():
    report = run().report()
    assert report.record.name == "recipes / near"
    assert list(report.tables["studies"]["recipe"]) == ["far", "middle", "near"]
    assert "Of 3 studies" in repr(report)


@pytest.mark.usefixtures("double")
def test_every_header_says_that_a_budget_is_shared():
    for member in run().candidates:
        assert "share a budget" in read_header(member.study).notes[-1]
        assert "far, middle, near" in read_header(member.study).notes[-1]


@pytest.mark.usefixtures("double")
def test_folds_are_the_same_for_all():
    headers = [read_header(member.study) for member in run(6).candidates]
    assert len({(header.folds, header.data, header.scoring) for header in headers}) == 1


@pytest.mark.usefixtures("double")
def test_pairs_that_come_one_by_one_are_for_all():
    X, _ = rows()
    pairs = KFold(3).split(X)
    headers = [read_header(member.study) for member in run(6, cv=pairs).candidates]
    assert len({header.folds for header in headers}) == 1
    assert {header.n_folds for header in headers} == {3}


@pytest.mark.usefixtures("double")
def test_a_splitter_that_makes_other_folds_each_time_is_refused():
    with pytest.raises(tf.DataError, match="Give the splitter a random_state"):
        run(6, cv=KFold(3, shuffle=True))


def test_an_interruption_in_one_without_a_score_keeps_what_others_have(double):
    def on_grow(values):
        if values.get("far"):
            raise KeyboardInterrupt

    double.on_grow = staticmethod(on_grow)
    far = FAR.replace(fixed={"far": True})
    found = run(24, (LOW, far))
    assert "interrupted" in repr(found)
    assert found.recipe.name == "low"
    with pytest.raises(KeyboardInterrupt):
        run(24, (far, LOW))


@pytest.mark.usefixtures("double")
def test_the_same_call_goes_on_and_does_no_work_twice(tmp_path):
    whole = run(24)
    file = tmp_path / "a.journal"
    run(24, storage=file)
    again = run(24, storage=file, study_name=None)
    for one, other in zip(whole.candidates, again.candidates, strict=True):
        assert told(one.study) == told(other.study)


def test_a_call_that_was_interrupted_gives_what_there_is_and_the_next_one_finishes(
    double, tmp_path
):
    calls = []

    def on_grow(values):
        calls.append(values)
        if len(calls) == 200:
            raise KeyboardInterrupt

    double.on_grow = staticmethod(on_grow)
    stopped = run(24, storage=tmp_path / "a.journal")
    assert "interrupted" in repr(stopped)
    assert sum(trials_of(stopped).values()) < 24
    double.on_grow = staticmethod(lambda values: None)
    done = run(24, storage=tmp_path / "a.journal")
    counted = [t for m in done.candidates for t in m.study.trials if t.state.name != "FAIL"]
    assert len(counted) == 24
    assert done.leaderboard()["best"].idxmax() == "recipes / near"


@pytest.mark.usefixtures("double")
def test_time_is_kept_for_all_together():
    began = time.monotonic()
    result = run(None, timeout=2)
    assert time.monotonic() - began < 5
    assert all(count > 1 for count in trials_of(result).values())


@pytest.mark.parametrize("task", TASKS)
def test_auto_takes_the_recipes_that_are_for_the_task(task):
    frame = table(60)
    plans = make_plans(frame, target(frame, task), "auto", Settings(cv=2))
    chosen = [plan.header.recipe for plan in plans]
    wanted = [name for name in AUTO if task in tf.load_recipe(name).tasks]
    assert chosen == wanted
    assert len(chosen) == 5


def test_auto_leaves_out_what_is_slow_on_many_rows():
    X = np.random.default_rng(0).normal(size=(30_000, 2))

    plans = make_plans(X, X[:, 0] > 0, "auto", Settings(cv=0.2))
    assert "svm" not in [plan.header.recipe for plan in plans]


@pytest.mark.parametrize(
    ("recipes", "message"),
    [
        ([], "several need names that differ"),
        (["knn", "knn"], "several need names that differ"),
        (["lightgbm", "elastic_net"], "must take the target alike"),
        (["lightgbm", "svmm"], "Did you mean 'svm'"),
    ],
)
def test_recipes_that_cannot_share_are_refused_before_anything_is_fitted(recipes, message):
    frame = table(60)
    y = np.arange(60) % 4  # classes for one, numbers for another
    with pytest.raises(tf.RecipeError, match=message):
        tf.tune(frame, y, recipes, n_trials=9)


@pytest.mark.usefixtures("double")
def test_a_sampler_that_fits_one_of_them_only_is_refused():
    blind = NEAR.replace(name="blind", space={"x": {"gradient": False}})
    with pytest.raises(tf.SearchError, match="'gradient' needs parameters"):
        run(recipes=[NEAR, blind], sampler="gradient")
