"""A bar of trials, with the best so far."""

from __future__ import annotations

import sys
import time
import warnings
from typing import Any

from optuna.trial import FrozenTrial, TrialState
from tqdm import TqdmWarning, tqdm

from tuneflow.reporting.screen import notebook


class Bar:
    """A bar of trials on a terminal or in a notebook.

    Args:
        done: Trials that are there already.
        total: Trials in all; None if that is not known.
        default: Score of the defaults, if it is there already.
        wanted: Whether to show anything.
    """

    def __init__(
        self, done: int, total: int | None, default: float | None, *, wanted: bool
    ) -> None:
        self._default, self._best = default, default
        wanted = wanted and (sys.stderr.isatty() or notebook() is not None)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", TqdmWarning)  # no ipywidgets: a bar of text will do
            from tqdm.auto import tqdm
        self._shown: tqdm[Any] = tqdm(
            total=total, initial=done, desc="trials", unit="", disable=not wanted
        )

    def show(self, trial: FrozenTrial, deadline: float) -> None:
        """One more trial."""
        if trial.state == TrialState.COMPLETE and trial.value is not None:
            self._default = trial.value if self._default is None else self._default
            self._best = max(trial.value, self._default if self._best is None else self._best)
        shown: dict[str, Any] = {"best": _short(self._best), "defaults": _short(self._default)}
        left = deadline - time.monotonic()
        if left < float("inf"):
            shown["left"] = f"{max(0.0, left):.0f}s"
        self._shown.set_postfix(shown, refresh=False)
        self._shown.update()

    def close(self) -> None:
        """Leave it as it stands."""
        self._shown.close()


def _short(score: float | None) -> str:
    return "-" if score is None else f"{score:.5g}"
