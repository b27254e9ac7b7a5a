"""Several calls on one study: the total is exact, and what one leaves, another takes over. The bar
says how far a study is, its best score and that of the defaults."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings
from dataclasses import asdict

import optuna
import pytest
from doubles import RECIPE, rows

import tuneflow as tf
from tuneflow.models import pipeline as engines
from tuneflow.storage.heartbeat import Heartbeat
from tuneflow.storage.records import TrialRecord
from tuneflow.storage.user_attrs import KEY, begin_trial, read_trial_record
from tuneflow.study.loop import ProgressBar


@pytest.fixture
def double(monkeypatch):
    """The double stands in for LightGBM."""
    monkeypatch.setitem(engines.ENGINES, "lightgbm", ("doubles", "Acting"))


def run(storage, n_trials, **more) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", tf.TuneflowWarning)
        result = tf.tune(
            *rows(), RECIPE, n_trials=n_trials, storage=storage, sampler="random", **more
        )
    return result.study


def states(study) -> list[str]:
    return [trial.state.name for trial in study.trials]


@pytest.mark.usefixtures("double")
def test_a_surplus_trial_says_so_and_does_not_count(tmp_path, monkeypatch):
    study = run(tmp_path / "a.journal", 3)
    other = Heartbeat(study)
    with other.beating():

        def begin_late(mine, *args):
            """Another call is a moment faster."""
            if not left:
                left.append(begin_trial(study, other.claim))
            return begin_trial(mine, *args)

        left: list[optuna.Trial] = []
        monkeypatch.setattr("tuneflow.study.loop.begin_trial", begin_late)
        threading.Timer(2.0, lambda: study.tell(left[0].number, state=FAILED)).start()
        again = run(tmp_path / "a.journal", 4)
    ends = [entry.ended if (entry := read_trial_record(t)) else "lost" for t in again.trials]
    assert ends.count("complete") == 4
    assert ends.count("surplus") == 1


COMPLETE = optuna.trial.TrialState.COMPLETE
FAILED = optuna.trial.TrialState.FAIL
TERMINATED = """
import sys; sys.path.insert(0, {tests!r})
from doubles import RECIPE, rows
import tuneflow as tf
from tuneflow.models import pipeline as engines
engines.ENGINES["lightgbm"] = ("doubles", "Acting")
tell = lambda study, trial: print(trial.number, flush=True)
result = tf.tune(*rows(), RECIPE, n_trials=9999, n_jobs={n_jobs}, callbacks=[tell])
print(len(result.study.trials), {{t.state.name for t in result.study.trials}}, result.remarks)
"""


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_sigterm_ends_a_search_as_ctrl_c_does(n_jobs):
    code = TERMINATED.format(tests=os.path.dirname(os.path.dirname(__file__)), n_jobs=n_jobs)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        for _ in range(5):
            process.stdout.readline()
        process.send_signal(signal.SIGTERM)
        said = process.stdout.read().decode().splitlines()[-1]
    assert process.returncode == 0
    assert "interrupted" in said
    assert "RUNNING" not in said


# ---------- the bar ----------


def shown(finished, *trials):
    """What the bar says of best and defaults after some trials."""
    bar = ProgressBar(finished, len(finished), None, shown=False)
    postfixes = []
    bar._bar.set_postfix = lambda facts, refresh: postfixes.append(
        (facts["best"], facts["defaults"])
    )
    for trial in trials:
        bar.show(trial, float("inf"))
    bar.close()
    return postfixes


def ended(*values):
    """Trials of these scores, each at a point of its own; None failed."""
    made = optuna.create_study()
    for number, value in enumerate(values):
        params = {"x": float(number)}
        space = {"x": optuna.distributions.FloatDistribution(0, 9)}
        state = COMPLETE if value is not None else FAILED
        made.add_trial(
            optuna.trial.create_trial(state=state, value=value, params=params, distributions=space)
        )
    return made.get_trials()


def test_the_bar_of_a_study_that_goes_on_starts_with_its_best_and_its_defaults():
    *finished, late = ended(0.90, None, 0.95, 0.92)
    assert shown(finished, late) == [("0.95", "0.9")]


def test_the_bar_calls_nothing_the_defaults_but_their_score():
    assert shown([], *ended(None, 0.8, 0.7)) == [("-", "-"), ("0.8", "-"), ("0.8", "-")]
    lost, other, _ = ended(None, 0.8, 0.7)
    again = optuna.trial.create_trial(
        value=0.6, params=lost.params, distributions=lost.distributions
    )
    again.number = 2
    assert shown([lost], other, again) == [("0.8", "-"), ("0.8", "0.6")]


def test_the_bar_says_how_many_trials_failed_and_of_what():
    _, first, second, lost = ended(0.8, None, None, None)
    for trial, error in [(first, "ValueError: no"), (second, "KeyError: 'x'")]:
        record = asdict(TrialRecord(ended="failed", error=error))
        trial.set_user_attr(KEY, record)
    lost.set_user_attr(KEY, asdict(TrialRecord(ended="interrupted")))
    bar = ProgressBar([first], 1, None, shown=False)
    postfixes = []
    bar._bar.set_postfix = lambda facts, refresh: postfixes.append(facts.get("failed"))
    bar.show(second, float("inf"))
    bar.show(lost, float("inf"))
    bar.close()
    assert postfixes == ["2 (ValueError, KeyError)"] * 2


@pytest.mark.usefixtures("double")
def test_a_call_that_goes_on_tells_the_bar_what_the_study_has(tmp_path, monkeypatch):
    run(tmp_path / "a.journal", 3)
    bars = []

    class Noting(ProgressBar):
        def __init__(self, finished, counted, total, *, shown):
            bars.append(([trial.number for trial in finished], counted, total))
            super().__init__(finished, counted, total, shown=shown)

    monkeypatch.setattr("tuneflow.study.loop.ProgressBar", Noting)
    run(tmp_path / "a.journal", 4)
    assert bars == [([0, 1, 2], 3, 4)]
