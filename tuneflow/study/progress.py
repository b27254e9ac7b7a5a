"""A bar of trials, with the best so far."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterable
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from tqdm import TqdmWarning, tqdm

from tuneflow.reporting.page.display import notebook_shell


class Bar:
    """A bar of trials on a terminal or in a notebook.

    Args:
        seen: Trials that have come to an end already, by number.
        done: How many of them count.
        total: Trials in all; None if that is not known.
        wanted: Whether to show anything.
    """

    def __init__(
        self, seen: Iterable[FrozenTrial], done: int, total: int | None, *, wanted: bool
    ) -> None:
        self._first: dict[str, Any] | None = None
        self._default: float | None = None
        self._best: float | None = None
        for trial in seen:
            self._note(trial)
        wanted = wanted and (sys.stderr.isatty() or notebook_shell() is not None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # no ipywidgets: a bar of text will do
            from tqdm.auto import tqdm
        self._shown: tqdm[Any] = tqdm(
            total=total, initial=done, desc="trials", unit="", disable=not wanted
        )

    def show(self, trial: FrozenTrial, deadline: float) -> None:
        """One more trial."""
        self._note(trial)
        shown: dict[str, Any] = {"best": _short(self._best), "defaults": _short(self._default)}
        left = deadline - time.monotonic()
        if left < float("inf"):
            shown["left"] = f"{max(0.0, left):.0f}s"
        self._shown.set_postfix(shown, refresh=False)
        self._shown.update()

    def _note(self, trial: FrozenTrial) -> None:
        """The first trial runs the defaults; if it was interrupted, a later one does."""
        if trial.number == 0:
            self._first = trial.params
        if trial.state != TrialState.COMPLETE or trial.value is None:
            return
        if self._default is None and trial.params == self._first:
            self._default = trial.value
        self._best = trial.value if self._best is None else max(trial.value, self._best)

    def close(self) -> None:
        """Leave it as it stands."""
        self._shown.close()


def _short(score: float | None) -> str:
    return "-" if score is None else f"{score:.5g}"
