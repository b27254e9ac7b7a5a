"""A page that follows running studies: the panels of the saved one, served by Dash.

The browser asks every two seconds. Dash tells it what has changed; the page's own script draws, as
it does in a saved page. Nothing here writes to a storage.
"""

import logging
import os
import socket
import webbrowser
from collections.abc import Sequence
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from tuneflow.errors import MissingExtra, StudyError, TuneflowError
from tuneflow.reporting.format import count, listing, plain
from tuneflow.reporting.live.state import LiveState, fingerprint
from tuneflow.reporting.page.document import ASSETS, LIBRARY, asset, library
from tuneflow.reporting.page.markup import Child

HOST = "127.0.0.1"
SECONDS = 2  # between two looks
# What changes on the page: the element's id, and which property of it.
CHANGING = ("headline.children", "live.children", "status.children", "mark.data")
PLACES = (*CHANGING, "study.options", "others.options", "study.value")


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
        why = os.strerror(error.errno or 0)
        raise StudyError(
            f"dashboard: a port that can be had is needed; got {HOST}:{port}. {why}. "
            "Port 0 stands for any that is free."
        ) from error
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
        raise MissingExtra(
            "dashboard: it needs Dash, which is not installed. pip install 'tuneflow[live]'"
        ) from error
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

    @server.route(f"/{LIBRARY}")  # type: ignore[untyped-decorator]
    def _plotly() -> Any:
        return server.response_class(library(), mimetype="text/javascript")

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
    states = [trial.state.name for trial in records[0].trials]
    running = [f"{states.count('RUNNING')} running"] if "RUNNING" in states else []
    changes["status.children"] = listing([count(len(states), "trial"), *running])
    if not study:  # what was chosen meanwhile stands
        changes["study.value"] = records[0].name
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
