"""One run of the race: a process that tunes, scores the test rows, and prints one line."""

from __future__ import annotations

import json
import sys
import time
import warnings
from typing import Any

import numpy as np
import optuna
import spaces
import tables
from contenders import CONTENDERS, load_libraries
from job import Job, Limit
from lines import Line
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error


def main() -> None:
    """Print the line of the run that the first argument describes."""
    warnings.simplefilter("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(json.dumps(measure(json.loads(sys.argv[1]))))


def measure(run: Line) -> Line:
    """Seconds of tuning and refitting, and the score of the rows that were kept back."""
    table = tables.load(run["data"], run["seed"])
    X, X_test = table.X_train, table.X_test
    if run["who"] != "tuneflow" and run["family"] in spaces.BOOSTED:
        X, X_test = spaces.categories(X, X_test)
    limit = Limit(**{"trials" if run["mode"] == "trials" else "seconds": run["limit"]})
    job = Job(X, table.y_train, table.scoring, run["family"], limit, run["seed"])
    load_libraries(run["who"], run["family"])
    started, spent = time.perf_counter(), time.process_time()
    model, trials = CONTENDERS[run["who"]](job)
    return {
        "seconds": round(time.perf_counter() - started, 3),
        "cpu": round(time.process_time() - spent, 3),
        "score": score(model, X_test, table.y_test, table.scoring),
        "trials": trials,
        "rows": len(X) + len(X_test),
    }


def score(model: Any, X: Any, y: Any, scoring: str) -> float:
    """What the metric says of the test rows; higher is better."""
    if scoring == tables.RMSE:
        return -float(root_mean_squared_error(y, np.asarray(model.predict(X), float)))
    model = getattr(model, "best_estimator_", model)  # a search says that it has every method
    if not hasattr(model, "predict_proba"):
        return float(roc_auc_score(y, model.decision_function(X)))
    shares = np.asarray(model.predict_proba(X), float)
    if scoring == tables.AUC:
        return float(roc_auc_score(y, shares[:, 1]))
    return -float(log_loss(y, shares))


if __name__ == "__main__":
    main()
