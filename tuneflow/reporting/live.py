"""A page that follows running studies: the panels of the saved one, served by Dash.

Dash tells the browser what has changed; the page's own script draws, as it does in a saved page.
Nothing here writes to a storage.
"""

from __future__ import annotations

import logging
import os
import socket
import webbrowser
from collections.abc import Sequence
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

from tuneflow.errors import MissingExtra, StudyError, TuneflowError
from tuneflow.reporting import page
from tuneflow.reporting.format import count, listing, plain
from tuneflow.reporting.markup import Child
from tuneflow.reporting.source import Watched
from tuneflow.reporting.state import Show
from tuneflow.storage.study_record import StudyRecord

HOST = "127.0.0.1"
SECONDS = 2  # between two looks
INDEX = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{%title%}</title>
<link rel="icon" href="data:,">
{%css%}
<link rel="stylesheet" href="/page.css">
</head>
<body>
<a class="skip" href="#main">To the report</a>
{%app_entry%}
{%config%}{%scripts%}{%renderer%}
<script src="/plotly.min.js"></script>
<script src="/page.js"></script>
</body>
</html>"""


def app(source: Watched, first: str | None = None) -> Any:
    """The Dash application; its server is ``.server``."""
    dash = _dash()
    made = dash.Dash(
        "tuneflow",
        title="tuneflow",
        update_title=None,
        assets_folder=str(page.ASSETS),
        assets_ignore=".*",  # they have routes of their own
    )
    made.enable_dev_tools(debug=False, dev_tools_disable_version_check=True)
    made.index_string = INDEX
    _serve_assets(made.server)
    show = Show(source, first)
    made.layout = _layout(dash)
    _connect(dash, made, show)
    return made


def run(source: Watched, first: str | None, *, port: int, browser: bool) -> None:
    """Serve until Ctrl-C.

    Raises:
        StudyError: The port cannot be had.
        MissingExtra: Dash is not installed.
    """
    made = app(source, first)
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line a request is no news
    with _listening(port) as door:
        server = make_server(HOST, port, made.server, threaded=True, fd=door.fileno())
    url = f"http://{HOST}:{server.port}/"
    logging.getLogger("tuneflow").warning("the report is at %s; Ctrl-C ends it", url)
    if browser:
        Timer(0.5, webbrowser.open, [url]).start()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


def _listening(port: int) -> socket.socket:
    """A port of this machine; werkzeug ends the process where it cannot have one."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise StudyError(
            f"dashboard: a port that can be had is needed; got {HOST}:{port}. {why}. "
            "Port 0 stands for any that is free."
        ) from error


def _dash() -> Any:
    try:
        import dash
    except ImportError as error:
        raise MissingExtra(
            "dashboard: it needs Dash, which is not installed. pip install 'tuneflow[live]'"
        ) from error
    return dash


def _serve_assets(server: Any) -> None:
    from flask import request

    def text(content: str, kind: str) -> Any:
        return lambda: server.response_class(content, mimetype=kind)

    @server.before_request  # type: ignore[untyped-decorator]
    def _refuse() -> Any:
        """A foreign name for this machine is a web page's way to look into it."""
        name = urlsplit(f"//{request.host}").hostname  # port 80 is left out
        return None if name in (HOST, "localhost") else ("This page is local.", 403)

    script = "text/javascript"
    server.add_url_rule("/page.css", "page_css", text(page.asset("page.css"), "text/css"))
    server.add_url_rule("/page.js", "page_js", text(page.asset("page.js"), script))
    server.add_url_rule("/plotly.min.js", "plotly_js", text(page.library().decode(), script))


def _layout(dash: Any) -> Any:
    """The places of the page; the first look fills them, so that it opens whatever there is."""
    dcc, html = dash.dcc, dash.html
    choose = html.Div(
        [
            html.Label("Study", htmlFor="study"),
            dcc.Dropdown([], id="study", clearable=False),
            html.Label("Compare with", htmlFor="others"),
            dcc.Dropdown([], [], id="others", multi=True),
            html.Output(id="status", **{"aria-live": "polite"}),
        ],
        className="choose",
        role="search",
    )
    theme = html.Button("Dark", id="theme", type="button")
    return html.Div(
        [
            html.Header([html.Div(id="headline"), theme], className="top"),
            choose,
            html.Div(id="live"),
            dcc.Interval("tick", interval=SECONDS * 1000),
            dcc.Store("mark"),
        ]
    )


def _choices(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"label": plain(name), "value": name} for name in names]


def _connect(dash: Any, made: Any, show: Show) -> None:
    names = ("headline", "live", "status", "mark", "study", "others", "study")
    properties = ("children", "children", "children", "data", "options", "options", "value")
    outputs = [dash.Output(*pair) for pair in zip(names, properties, strict=True)]
    same = dash.no_update
    inputs = [dash.Input("tick", "n_intervals"), dash.Input("study", "value")]
    inputs += [dash.Input("others", "value"), dash.State("mark", "data")]

    def _failed(error: Exception) -> Any:
        return same, same, show.failure(error), same, same, same, same

    @made.callback(outputs, inputs, on_error=_failed)  # type: ignore[untyped-decorator]
    def _follow(_: int | None, study: str | None, others: Sequence[str], mark: str | None) -> Any:
        choices = _choices(show.names())
        try:
            found = show.look(study, others or ())
        except TuneflowError as error:  # another study may do
            return same, same, show.failure(error), same, choices, choices, same
        if found is None:
            return None, None, "No study yet.", None, choices, choices, same
        report, now = found
        status = _status(report.record)
        chosen = same if study else report.record.name  # what was chosen meanwhile stands
        if now == mark:
            return same, same, status, same, choices, choices, chosen
        shown = page.content(report.record, report.panels, report.tables)
        headline = component(dash, page.headline(report.record))
        return headline, component(dash, shown), status, now, choices, choices, chosen


def _status(record: StudyRecord) -> str:
    states = [trial.state.name for trial in record.trials]
    running = states.count("RUNNING")
    parts = [count(len(states), "trial"), *([f"{running} running"] if running else [])]
    return listing(parts)


def component(dash: Any, element: Child) -> Any:
    """An element of a page as a Dash component: the same tree that a saved page is made of."""
    if isinstance(element, str):
        return element
    names = {"class": "className", "tabindex": "tabIndex"}
    properties: dict[str, Any] = {names.get(k, k): v for k, v in element.attributes.items()}
    if "style" in properties:
        name, _, value = properties["style"].partition(":")
        properties["style"] = {"minHeight" if name == "min-height" else name: value}
    if "id" in properties:
        properties["key"] = properties["id"]
    children = [component(dash, child) for child in element.children]
    return getattr(dash.html, element.tag.capitalize())(children, **properties)
