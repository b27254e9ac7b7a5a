"""One figure below a notebook's cell, kept up to date while trials run."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

from tuneflow.errors import SearchError
from tuneflow.reporting import tables
from tuneflow.reporting.figures import history
from tuneflow.reporting.notebook import notebook
from tuneflow.storage.study_record import read

if TYPE_CHECKING:
    import optuna

SHARE = 0.05  # of the time, at most, goes into drawing


class LiveFigure:
    """The best so far, by trial; called with the study after every trial.

    Raises:
        SearchError: This is not a notebook.
    """

    def __init__(self) -> None:
        self._shell = notebook()
        if self._shell is None:
            raise SearchError("progress: 'live' needs a notebook; got none. Use True for a bar.")
        self._id, self._shown = uuid4().hex, False
        self._due = 0.0

    def __call__(self, study: optuna.Study, trial: object = None) -> None:
        """Draw, unless that was done a moment ago."""
        started = time.monotonic()
        if started >= self._due:
            self.draw(study)
            spent = time.monotonic() - started
            self._due = started + spent / SHARE

    def draw(self, study: optuna.Study) -> None:
        """Show the study as it is now, in the place of the figure before."""
        import plotly.graph_objects as go

        record = read(study)
        figure = go.Figure(history.by_trials(tables.trials(record), record).spec)
        publish = self._shell.display_pub.publish
        data = figure._repr_mimebundle_()  # the notebook's own way to ask for it
        publish(data, transient={"display_id": self._id}, update=self._shown)
        self._shown = True
