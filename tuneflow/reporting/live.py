"""A page that follows running studies: the panels of the saved one, served by Dash.

Dash tells the browser what has changed; the page's own script draws, as it does in a saved page.
Nothing here writes to a storage.
"""

from __future__ import annotations

import logging
import os
import socket
import webbrowser
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from threading import Lock, Timer
from typing import Any
from urllib.parse import urlsplit

from tuneflow.errors import MissingExtra, StudyError, TuneflowError
from tuneflow.reporting import page
from tuneflow.reporting.markup import Child
from tuneflow.reporting.record import Record, read
from tuneflow.reporting.report import Report
from tuneflow.reporting.watch import Watched
from tuneflow.reporting.words import count, listing, plain

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


@dataclass
class Show:
    """What was shown last, and what is looked at.

    Attributes:
        source: The studies.
        first: The study that is shown at the start; by default the one touched last.
    """

    source: Watched
    first: str | None = None
    lock: Any = field(default_factory=Lock)
    _report: Report | None = None
    _seen: Hashable = None

    def names(self) -> list[str]:
        """The studies there are to choose from."""
        with self.lock:
            return self.source.names()

    def look(self, study: str | None, others: Sequence[str]) -> tuple[Report, str] | None:
        """The report on a study beside others, and its mark; None if there is no study yet."""
        with self.lock:
            names = [name for name in (study, *others) if name]
            stamp = (tuple(names), self.source.stamp())
            if stamp[1] is None or stamp != self._seen or self._report is None:
                self._read(list(dict.fromkeys(names)))
                self._seen = stamp
            return None if self._report is None else (self._report, _mark(self._report))

    def _read(self, names: list[str]) -> None:
        known = self.source.names()
        records = tuple(read(s) for s in self.source.studies([n for n in names if n in known]))
        if not records:
            self._report = None
        elif self._report is None or self._report.records != records:
            self._report = Report(records)


def _mark(report: Report) -> str:
    """What differs between two looks, if anything does."""
    return repr([(r.name, len(r.trials), _states(r), r.aside) for r in report.records])


def _states(record: Record) -> list[tuple[int, int]]:
    moving = [t for t in record.trials if not t.state.is_finished()]
    return [(t.number, len(t.intermediate_values)) for t in moving]


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
    made.layout = lambda: _layout(dash, show)
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
        msg = (
            f"dashboard: a port that can be had is needed; got {HOST}:{port}. {why}. "
            "Port 0 stands for any that is free."
        )
        raise StudyError(msg) from error


def _dash() -> Any:
    try:
        import dash
    except ImportError as error:
        msg = "dashboard: it needs Dash, which is not installed. pip install 'tuneflow[live]'"
        raise MissingExtra(msg) from error
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


def _layout(dash: Any, show: Show) -> Any:
    dcc, html = dash.dcc, dash.html
    names = show.names()
    first = show.first if show.first in names else names[-1] if names else None
    choices = _choices(names)
    choose = html.Div(
        [
            html.Label("Study", htmlFor="study"),
            dcc.Dropdown(choices, first, id="study", clearable=False),
            html.Label("Compare with", htmlFor="others"),
            dcc.Dropdown(choices, [], id="others", multi=True),
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
    names = ("headline", "live", "status", "mark", "study", "others")
    properties = ("children", "children", "children", "data", "options", "options")
    outputs = [dash.Output(*pair) for pair in zip(names, properties, strict=True)]
    inputs = [dash.Input("tick", "n_intervals"), dash.Input("study", "value")]
    inputs += [dash.Input("others", "value"), dash.State("mark", "data")]

    @made.callback(outputs, inputs)  # type: ignore[untyped-decorator]
    def _follow(_: int | None, study: str | None, others: Sequence[str], mark: str | None) -> Any:
        same = dash.no_update
        try:
            choices = _choices(show.names())
            found = show.look(study or show.first, others or ())
        except TuneflowError as error:
            return same, same, plain(error), same, same, same
        if found is None:
            return same, same, "No study yet.", same, choices, choices
        report, now = found
        if now == mark:
            return same, same, same, same, choices, choices
        shown = page.content(report.record, report.panels, report.tables)
        headline = component(dash, page.headline(report.record))
        return headline, component(dash, shown), _status(report.record), now, choices, choices


def _status(record: Record) -> str:
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
