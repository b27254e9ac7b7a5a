"""A page that follows running studies: the panels of the saved one, served by Dash.

The browser asks every two seconds. Dash tells it what has changed; the page's own script draws, as
it does in a saved page. Nothing here writes to a storage.
"""

import logging
import os
import socket
import textwrap
import webbrowser
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import optuna

from tuneflow.errors import MissingExtra, StudyError, TuneflowError
from tuneflow.reporting.format import count, listing, plain
from tuneflow.reporting.page.document import ASSETS, LIBRARY, Page, asset, library
from tuneflow.reporting.page.markup import Child
from tuneflow.storage.read_only import Source
from tuneflow.storage.study_record import StudyRecord, last_touched, read_study

HOST = "127.0.0.1"
SECONDS = 2  # between two looks
# What changes on the page: the element's id, and which property of it.
CHANGING = ("headline.children", "live.children", "status.children", "mark.data")
PLACES = (*CHANGING, "study.options", "others.options", "study.value")
LONGEST = 300  # characters of an error's message
Records: TypeAlias = tuple[StudyRecord, ...]


@dataclass(frozen=True)
class StudyList:
    """Studies that the caller holds, as opposed to a storage that is opened."""

    items: tuple[optuna.Study, ...]

    def stamp(self) -> Hashable:
        """None: whether a study has changed is known only to whoever runs it."""
        return None

    def names(self) -> list[str]:
        """Names of the studies."""
        return [study.study_name for study in self.items]

    def studies(self, names: Sequence[str] | None = None) -> list[optuna.Study]:
        """The studies, in the order asked for."""
        by_name = {study.study_name: study for study in self.items}
        return [by_name[name] for name in (by_name if names is None else names)]


StudySource: TypeAlias = Source | StudyList


@dataclass
class LiveState:
    """What was shown last, and where it came from.

    Attributes:
        source: The studies.
        render: Makes the page: it is about the first of the records, beside the others.
        first: The study that is shown at the start; by default the one touched last.
    """

    source: StudySource
    render: Callable[[Records], Page]
    first: str | None = None
    lock: Any = field(default_factory=Lock)
    _records: Records = ()
    _seen: Hashable = None
    _failure: str = ""

    def names(self) -> list[str]:
        """The studies there are to choose from."""
        with self.lock:
            return self.source.names()

    def look(self, study: str | None, others: Sequence[str]) -> Records:
        """A study, then those that it is compared with; nothing if there is no study yet.

        Where no study is asked for, it is the first one.
        """
        with self.lock:
            stamp = self.source.stamp()
            if stamp is None or (study, *others, stamp) != self._seen or not self._records:
                self._records = self._read(study, others)
                self._seen, self._failure = (study, *others, stamp), ""
            return self._records

    def failure(self, error: Exception) -> str:
        """One sentence on what went wrong; an error that nobody foresaw is logged, once."""
        if isinstance(error, TuneflowError):
            return plain(error)
        cause = error.__cause__ or error  # Optuna's own message guesses at invalid data
        message = textwrap.shorten(plain(f"{type(cause).__name__}: {cause}"), LONGEST)
        if message != self._failure:
            self._failure = message
            logging.getLogger("tuneflow").error("the page is not up to date", exc_info=error)
        return message

    def _read(self, study: str | None, others: Sequence[str]) -> Records:
        names = self.source.names()
        if not names:
            return ()
        chosen = study or (self.first if self.first in names else None)
        if not chosen:  # the one that was touched last, of those that a report can be about
            studies = self.source.studies()
            records = [read_study(each) for each in studies if len(each.directions) == 1]
            chosen = records[last_touched(records)].name if records else names[0]
        wanted = dict.fromkeys([chosen, *(name for name in others if name in names)])
        return tuple(read_study(each) for each in self.source.studies(list(wanted)))


def fingerprint(records: Records) -> str:
    """A text that differs between two looks if there is something new to show."""
    seen = []
    for record in records:
        begun = [trial.datetime_start for trial in record.trials[:1]]
        running = [trial for trial in record.trials if not trial.state.is_finished()]
        steps = [(trial.number, len(trial.intermediate_values)) for trial in running]
        seen.append((record.name, len(record.trials), begun, steps, record.holdout))
    return repr(seen)


def serve(state: LiveState, *, port: int, browser: bool) -> None:
    """Serve a page until Ctrl-C.

    Args:
        state: The studies, and what makes a page of them.
        port: Of 127.0.0.1; 0 for any that is free.
        browser: Open it in a browser.

    Raises:
        StudyError: The port is in use.
        MissingExtra: Dash is not installed.
    """
    server = app(state).server
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # no line for every request
    try:  # werkzeug would end the process where the port cannot be had
        door = socket.create_server((HOST, port))
    except OSError as error:
        why = f"{os.strerror(error.errno or 0)}. Port 0 stands for any that is free."
        raise StudyError(f"dashboard: a free port is needed; got {HOST}:{port}. {why}") from error
    with door:
        http = make_server(HOST, port, server, threaded=True, fd=door.fileno())
    url = f"http://{HOST}:{http.port}/"
    logging.getLogger("tuneflow").warning("the report is at %s; Ctrl-C ends it", url)
    if browser:
        Timer(0.5, webbrowser.open, [url]).start()
    try:
        http.serve_forever()
    except KeyboardInterrupt:
        http.server_close()


def app(state: LiveState) -> Any:
    """The Dash application; its server is ``.server``."""
    try:
        import dash
        from flask import request
    except ImportError as error:
        install = "pip install 'tuneflow[live]'"
        raise MissingExtra(f"dashboard: Dash is needed, and not installed. {install}") from error
    page = dash.Dash("tuneflow", title="tuneflow", update_title="", assets_folder=str(ASSETS))
    page.enable_dev_tools(debug=False, dev_tools_disable_version_check=True)
    page.index_string = asset("live.html")
    page.layout = _layout(dash)
    _connect(dash, page, state)
    server = page.server

    @server.before_request  # type: ignore[untyped-decorator]
    def _refuse_other_hosts() -> Any:
        """A foreign name for this machine is a web page's way to look into it."""
        name = urlsplit(f"//{request.host}").hostname  # port 80 is left out
        return None if name in (HOST, "localhost") else ("This page is local.", 403)

    def plotly() -> Any:
        return server.response_class(library(), mimetype="text/javascript")

    server.add_url_rule(f"/{LIBRARY}", view_func=plotly)
    return page


def _layout(dash: Any) -> Any:
    """An empty page, which opens whatever the studies are; the first look fills it."""
    dcc, html = dash.dcc, dash.html
    choose = [
        html.Label("Study", htmlFor="study"),
        dcc.Dropdown([], id="study", clearable=False),
        html.Label("Compare with", htmlFor="others"),
        dcc.Dropdown([], [], id="others", multi=True),
        html.Output(id="status", **{"aria-live": "polite"}),
    ]
    theme = html.Button("Dark", id="theme", type="button")
    top = html.Header([html.Div(id="headline"), theme], className="top")
    chosen = html.Div(choose, className="choose", role="search")
    tick = dcc.Interval("tick", interval=SECONDS * 1000)
    return html.Div([top, chosen, html.Div(id="live"), tick, dcc.Store("mark")])


def _connect(dash: Any, page: Any, state: LiveState) -> None:
    """Let the browser ask, again and again, what has changed."""
    outputs = {place: dash.Output(*place.split(".")) for place in PLACES}
    asked = [("tick", "n_intervals"), ("study", "value"), ("others", "value")]
    inputs = [*(dash.Input(*place) for place in asked), dash.State("mark", "data")]
    unchanged = dict.fromkeys(PLACES, dash.no_update)

    def failed(error: Exception) -> dict[str, Any]:
        return {**unchanged, "status.children": state.failure(error)}

    @page.callback(outputs, inputs, on_error=failed)  # type: ignore[untyped-decorator]
    def _look(_: int | None, study: str | None, others: Sequence[str], mark: str | None) -> Any:
        return {**unchanged, **_changes(dash, state, study, others or (), mark)}


def _changes(
    dash: Any, state: LiveState, study: str | None, others: Sequence[str], mark: str | None
) -> dict[str, Any]:
    """What is new on the page since the look that left `mark`, by its place."""
    options = [{"label": plain(name), "value": name} for name in state.names()]
    changes: dict[str, Any] = {"study.options": options, "others.options": options}
    try:
        records = state.look(study, others)
    except TuneflowError as error:  # another study may do
        return {**changes, "status.children": state.failure(error)}
    if not records:
        return {**changes, **dict.fromkeys(CHANGING), "status.children": "No study yet."}
    record = records[0]
    running = f"{record.states['running']} running" if record.states["running"] else ""
    changes["status.children"] = listing([count(len(record.trials), "trial"), running])
    if not study:  # what was chosen meanwhile stands
        changes["study.value"] = record.name
    if (now := fingerprint(records)) != mark:
        page = state.render(records)
        changes["headline.children"] = component(dash, page.headline)
        changes |= {"live.children": component(dash, page.content), "mark.data": now}
    return changes


def component(dash: Any, element: Child) -> Any:
    """An element of a page as a Dash component: the same tree that a saved page is made of."""
    if isinstance(element, str):
        return element
    names = {"class": "className", "tabindex": "tabIndex"}
    properties: dict[str, Any] = {names.get(k, k): v for k, v in element.attributes.items()}
    if "style" in properties:
        properties["style"] = {"minHeight": properties["style"].removeprefix("min-height:")}
    if "id" in properties:
        properties["key"] = properties["id"]
    children = [component(dash, child) for child in element.children]
    return getattr(dash.html, element.tag.capitalize())(children, **properties)
