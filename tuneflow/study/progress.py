"""A bar of trials, with the best score so far."""

import math
import sys
import time
import warnings
from collections.abc import Iterable
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from tqdm import TqdmWarning

from tuneflow.reporting.page.document import notebook_shell


class ProgressBar:
    """A bar of trials on a terminal or in a notebook.

    Args:
        finished: Trials that have ended already, by number.
        counted: How many of them count towards the total.
        total: Trials in all; None if that is not known.
        shown: Whether to show anything.
    """

    def __init__(
        self, finished: Iterable[FrozenTrial], counted: int, total: int | None, *, shown: bool
    ) -> None:
        self._first: dict[str, Any] | None = None
        self._scores: dict[str, float | None] = {"best": None, "defaults": None}
        for trial in finished:
            self._note(trial)
        shown = shown and (sys.stderr.isatty() or notebook_shell() is not None)
        with warnings.catch_warnings(action="ignore", category=TqdmWarning):
            from tqdm.auto import tqdm  # without ipywidgets, a bar of text will do
        self._bar = tqdm(total=total, initial=counted, desc="trials", unit="", disable=not shown)

    def show(self, trial: FrozenTrial, deadline: float) -> None:
        """One more trial has ended; the deadline is in seconds of `time.monotonic`."""
        self._note(trial)
        scores = self._scores.items()
        facts = {name: "-" if score is None else f"{score:.5g}" for name, score in scores}
        if deadline < math.inf:
            facts["left"] = f"{max(0.0, deadline - time.monotonic()):.0f}s"
        self._bar.set_postfix(facts, refresh=False)
        self._bar.update()

    def close(self) -> None:
        """Leave it as it stands."""
        self._bar.close()

    def _note(self, trial: FrozenTrial) -> None:
        """The first trial runs the defaults; if it was interrupted, a later one does."""
        if trial.number == 0:
            self._first = trial.params
        if trial.state != TrialState.COMPLETE or trial.value is None:
            return
        if self._scores["defaults"] is None and trial.params == self._first:
            self._scores["defaults"] = trial.value
        best = self._scores["best"]
        self._scores["best"] = trial.value if best is None else max(trial.value, best)
