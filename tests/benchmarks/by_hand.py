"""LightGBM by its native interface: a careful script, and Optuna's stepwise tuner."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import optuna
import spaces
import tables
from job import Job, Outcome
from spaces import Space

# As an expert would set them.
MOST_ROUNDS, EARLY_STOPPING, STARTUP_TRIALS = 1000, 30, 5
METRICS = {tables.AUC: "auc", tables.LOG_LOSS: "multi_logloss", tables.RMSE: "rmse"}


def script(job: Job) -> Outcome:
    """What an expert writes by hand: native LightGBM, early stopping, pruning between folds."""
    space = {k: v for k, v in spaces.SPACES["lightgbm"].items() if k != "n_estimators"}
    pairs = list(job.folds().split(job.X, job.y))

    def objective(trial: optuna.Trial) -> float:
        params = {**_native(job), "subsample_freq": 1, **_suggested(trial, space)}
        scores, rounds = [], []
        for step, pair in enumerate(pairs):
            score, best = _boosted(job, params, *pair)
            scores.append(score)
            rounds.append(best)
            trial.report(float(np.mean(scores)), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        trial.set_user_attr("rounds", round(np.mean(rounds)))
        return float(np.mean(scores))

    study = optuna.create_study(
        direction="maximize",
        sampler=optuna.samplers.TPESampler(seed=job.seed),
        pruner=optuna.pruners.MedianPruner(n_startup_trials=STARTUP_TRIALS),
    )
    study.optimize(objective, n_trials=job.limit.trials, timeout=job.limit.seconds)
    return _refitted(job, study.best_params, study.best_trial.user_attrs["rounds"], study)


def _boosted(job: Job, params: dict[str, Any], train: Any, valid: Any) -> tuple[float, int]:
    """Score and rounds of one fold; higher is better."""
    rows = lightgbm.Dataset(job.X.iloc[train], job.y.iloc[train])
    seen = lightgbm.Dataset(job.X.iloc[valid], job.y.iloc[valid], reference=rows)
    stop = lightgbm.early_stopping(EARLY_STOPPING, verbose=False)
    model = lightgbm.train(params, rows, MOST_ROUNDS, [seen], callbacks=[stop])
    score = next(iter(model.best_score["valid_0"].values()))
    return (score if job.scoring == tables.AUC else -score), model.best_iteration


def _native(job: Job) -> dict[str, Any]:
    """What native LightGBM has to be told."""
    params = {"verbose": -1, "num_threads": 1, "seed": job.seed, "metric": METRICS[job.scoring]}
    if job.scoring == tables.LOG_LOSS:
        return {**params, "objective": "multiclass", "num_class": job.y.nunique()}
    return {**params, "objective": "regression" if job.regression else "binary"}


def _suggested(trial: optuna.Trial, space: Space) -> dict[str, Any]:
    found = {}
    for name, span in space.items():
        suggest = trial.suggest_int if span.whole else trial.suggest_float
        found[name] = suggest(name, span.low, span.high, log=span.log)
    return found


def _refitted(job: Job, params: dict[str, Any], rounds: int, study: optuna.Study) -> Outcome:
    estimator = job.estimator()[0].set_params(**params, n_estimators=max(rounds, 1))
    return estimator.fit(job.X, job.y), len(study.trials)


def lightgbm_tuner_cv(job: Job) -> Outcome:
    """Optuna's stepwise tuner of LightGBM, which has a space of its own."""
    from optuna_integration.lightgbm import LightGBMTunerCV

    tuner = LightGBMTunerCV(
        _native(job),
        lightgbm.Dataset(job.X, job.y),
        num_boost_round=MOST_ROUNDS,
        folds=job.folds(),
        time_budget=job.limit.seconds,
        seed=job.seed,
        optuna_seed=job.seed,
        callbacks=[lightgbm.early_stopping(EARLY_STOPPING, verbose=False)],
        show_progress_bar=False,
        return_cvbooster=True,
    )
    tuner.run()
    told = {*_native(job), "feature_pre_filter"}
    params = {k: v for k, v in tuner.best_params.items() if k not in told}
    return _refitted(job, params, tuner.get_best_booster().best_iteration, tuner.study)
