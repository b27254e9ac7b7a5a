"""Studies that tuneflow did not make: constraints, several objectives, old files."""

import optuna

import tuneflow as tf


def constrained():
    def objective(trial):
        x = trial.suggest_float("x", 0, 1)
        trial.set_constraint("c", 0.5 - x)
        return x

    study = optuna.create_study()
    for x in (0.1, 0.6, 0.7):
        study.enqueue_trial({"x": x})
    study.optimize(objective, n_trials=3)
    return study


def test_a_trial_that_breaks_a_constraint_is_never_the_best():
    report = tf.report(constrained())
    assert report.tables["best"].loc["trial", "best"] == "1"
    trials = report.tables["trials"]
    assert trials["state"].tolist() == ["infeasible", "complete", "complete"]
    assert trials["rank"].tolist()[1:] == [1, 2]
    assert trials["rank"].isna()[0]
    report.to_markdown()


def test_a_study_of_several_objectives_hides_no_other(tmp_path):
    storage = f"sqlite:///{tmp_path}/a.db"
    one = optuna.create_study(study_name="one", storage=storage)
    one.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=2)
    two = optuna.create_study(study_name="two", storage=storage, directions=["minimize"] * 2)
    two.optimize(lambda trial: (trial.suggest_float("x", 0, 1), 1.0), n_trials=2)
    assert tf.report(storage).record.name == "one"
    assert tf.report(storage, "one").record.name == "one"
