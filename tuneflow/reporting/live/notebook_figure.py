"""One figure below a notebook's cell, kept up to date while trials run."""

import time
from uuid import uuid4

import optuna

from tuneflow.errors import SearchError
from tuneflow.reporting.figures import scores
from tuneflow.reporting.page.document import notebook_shell
from tuneflow.reporting.tables.trials import trials
from tuneflow.storage.study_record import read_study

SHARE = 0.05  # of the time, at most, goes into drawing


class NotebookFigure:
    """The best so far, by trial; called with the study after every trial.

    Raises:
        SearchError: This is not a notebook.
    """

    def __init__(self) -> None:
        self._shell = notebook_shell()
        if self._shell is None:
            raise SearchError("progress: 'live' needs a notebook; got none. Use True for a bar.")
        self._id, self._shown = uuid4().hex, False
        self._next = 0.0  # when it may be drawn again

    def __call__(self, study: optuna.Study, trial: object = None) -> None:
        """Draw, unless that was done a moment ago."""
        started = time.monotonic()
        if started >= self._next:
            self.draw(study)
            self._next = started + (time.monotonic() - started) / SHARE

    def draw(self, study: optuna.Study) -> None:
        """Show the study as it is now, in the place of the figure before."""
        import plotly.graph_objects as go

        record = read_study(study)
        figure = go.Figure(scores.history(trials(record), record, "trial").spec)
        data = figure._repr_mimebundle_()  # what a notebook asks a figure for
        publish = self._shell.display_pub.publish
        publish(data, transient={"display_id": self._id}, update=self._shown)
        self._shown = True
