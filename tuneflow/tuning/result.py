"""What a study came to: the best, the defaults, the model, and the trials behind it."""

import math
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import optuna
import pandas as pd
from optuna.trial import FrozenTrial
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from tuneflow.data.types import FloatArray
from tuneflow.models.pipeline import Refit
from tuneflow.models.saving import save
from tuneflow.models.script import program
from tuneflow.recipe.recipe import Recipe
from tuneflow.recipe.space import Params
from tuneflow.reporting.format import parameter_value
from tuneflow.reporting.report import Report
from tuneflow.reporting.tables import trials as table
from tuneflow.storage.optuna_internals import storage_of
from tuneflow.storage.records import Header, TrialRecord
from tuneflow.storage.study_record import StudyRecord, read_study, score_of
from tuneflow.study.warnings_filter import suppress_warnings
from tuneflow.tuning.holdout import Holdout

PLURALS = {
    "number": "numbers",
    "category": "categories",
    "date": "dates",
    "duration": "durations",
}


@dataclass(frozen=True)
class Result:
    """The outcome of :func:`tune <tuneflow.tune>`, fitted and ready to predict.

    Attributes:
        study: The Optuna study, the only record.
        header: What the study is about.
        recipe: What was tuned.
        refit: The best configuration, trained on every row: the model, and how it was trained.
        best_trial: The best of the complete trials, on all folds; or what `select` took instead.
        remarks: What a reader of the numbers should know.
        select: By which rule the trial was chosen.
        holdout: What the model scores on held-out rows; None without `test_size`.
    """

    study: optuna.Study
    header: Header
    recipe: Recipe
    refit: Refit
    best_trial: FrozenTrial
    remarks: tuple[str, ...] = ()
    select: str = "best"
    holdout: Holdout | None = None
    scorer: Any = None

    @cached_property
    def record(self) -> StudyRecord:
        """What the trials of the study say, read once."""
        return read_study(self.study)

    @property
    def model(self) -> Pipeline:
        """The best configuration, refitted on every row: one fitted pipeline of scikit-learn, from
        the table as it came to the library's own estimator. It works without tuneflow."""
        return self.refit.model

    @property
    def best_params(self) -> Params:
        """Arguments of the estimator, as in the refitted model; rounds are in `refit.amount`."""
        return dict(self.refit.params)

    @property
    def best_score(self) -> float:
        """Mean score of the best trial over the folds, as the scorer says it."""
        return score_of(self.best_trial)

    @property
    def default_score(self) -> float:
        """Mean score of the recipe's defaults on the same folds; NaN if they came to none."""
        return self.record.default_score

    @property
    def improvement(self) -> float:
        """What tuning gained over the defaults; positive is better."""
        return self.best_score - self.default_score

    @property
    def optimism(self) -> float:
        """How much better the folds were than the held-out rows; NaN without `test_size`."""
        return self.holdout.optimism if self.holdout else math.nan

    @property
    def classes_(self) -> npt.NDArray[Any]:
        """Labels, in the order of the columns of `predict_proba`."""
        return self.refit.classes

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """Labels or values for new rows, shape (rows,)."""
        return self.refit.predict(X)

    def predict_proba(self, X: Any) -> FloatArray:
        """Probabilities for new rows, shape (rows, classes)."""
        return self.refit.predict_proba(X)

    def score(self, X: Any, y: Any) -> float:
        """The score of the model on other rows, by the metric of the search."""
        return float(self.scorer(self, X, y))

    def fit(self, X: Any, y: Any) -> Pipeline:
        """The same pipeline, trained on other rows; the result stays what it is."""
        fitted: Pipeline = clone(self.model).fit(X, y)
        return fitted

    @property
    def feature_names_in_(self) -> npt.NDArray[Any]:
        """Names of the columns of the table."""
        return np.asarray([column.name for column in self.refit.schema.columns], dtype=object)

    def __sklearn_tags__(self) -> Any:
        return self.model.__sklearn_tags__()

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def trials(self) -> pd.DataFrame:
        """All trials, one row each; see :func:`tuneflow.reporting.tables.trials.trials`."""
        return table.trials(read_study(self.study))

    def report(self) -> Report:
        """Tables, figures and a page about the study; see :func:`tuneflow.report`."""
        return Report.of([self.study])

    def save(self, path: str | Path) -> Path:
        """Write the model to one file, without pickle; :func:`tuneflow.load` reads it."""
        return save(self.model, path)

    def to_python(self) -> str:
        """Code that trains the model anew, to the same predictions, without tuneflow.

        It defines ``pipeline``, of scikit-learn and the library that was tuned, and ``fit(X, y)``,
        which takes the same table, without the held-out rows.

        Raises:
            RecipeError: An argument cannot be written as code, such as a lambda.

        >>> import tuneflow as tf
        >>> from sklearn.datasets import load_iris
        >>> X, y = load_iris(return_X_y=True)
        >>> print(tf.tune(X, y, "knn", n_trials=2).to_python())  # doctest: +ELLIPSIS
        \"""Nearest neighbours, multiclass: ...
        pipeline = Pipeline(...
        """
        version = self.header.versions["tuneflow"]
        title = f"{self._headline()}\n\nWritten by tuneflow {version}.\n"
        return program(clone(self.model), self.refit.training, title)

    def __getstate__(self) -> dict[str, Any]:
        """What is pickled: the study goes along in memory, wherever it is stored."""
        kept = {name: value for name, value in vars(self).items() if name != "record"}
        return {**kept, "study": in_memory(self.study)}

    def __repr__(self) -> str:
        return "\n".join([self._headline(), *(f"  {k:<9}{v}" for k, v in self._facts().items())])

    def _repr_html_(self) -> str:
        rows = (
            f"<tr><th>{escape(key)}</th><td>{escape(value)}</td></tr>"
            for key, value in self._facts().items()
        )
        return f"<p>{escape(self._headline())}</p><table>{''.join(rows)}</table>"

    def _headline(self) -> str:
        header = self.header
        return (
            f"{self.recipe.title}, {header.task}: {header.scoring} {self.best_score:.5g} "
            f"(defaults {self.default_score:.5g}, improvement {self.improvement:+.3g})"
        )

    def _facts(self) -> dict[str, str]:
        header, states = self.header, self.record.states
        entry = self.record.record(self.best_trial) or TrialRecord()
        ended = (f"{states[s]} {s}" for s in ("complete", "pruned", "fail") if states[s])
        params = (f"{name} {parameter_value(v)}" for name, v in self.best_params.items())
        scores = ", ".join(f"{score:.4g}" for score in entry.scores)
        kinds = Counter(column.kind for column in self.refit.schema.columns)
        columns = (f"{n} {kind if n == 1 else PLURALS[kind]}" for kind, n in kinds.items())
        reason = {"task": f"{header.task}: {header.task_reason}"} if header.task_reason else {}
        facts = reason | {
            "trials": f"{', '.join(ended)}; sampler {header.sampler}, pruner {header.pruner}",
            "best": f"trial {self.best_trial.number}: {', '.join(params)}",
            "folds": f"{scores} ({header.rows} rows x {header.columns} columns)",
            "columns": ", ".join(columns),
            "refit": f"{self.refit.amount} {self.refit.unit} in {self.refit.seconds:.1f} s",
        }
        if entry.also:
            means = {name: fmean(scores) for name, scores in entry.also.items()}
            facts["also"] = ", ".join(f"{name} {mean:.5g}" for name, mean in means.items())
        if self.holdout:
            facts["holdout"] = f"{self.holdout}; optimism {self.optimism:+.3g}"
        return facts | {
            "note" if i == 0 else f"note {i + 1}": r for i, r in enumerate(self.remarks)
        }


def in_memory(study: optuna.Study) -> optuna.Study:
    """A copy of a study that needs no storage."""
    own, name = optuna.storages.InMemoryStorage(), study.study_name
    with suppress_warnings():
        optuna.copy_study(from_study_name=name, from_storage=storage_of(study), to_storage=own)
    return optuna.load_study(study_name=name, storage=own)
