"""A page as one HTML document, with its style, its script and plotly.js; and how it is shown."""

import base64
import hashlib
import sys
import tempfile
import webbrowser
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any, Literal, TypeAlias

from tuneflow.reporting.format import plain
from tuneflow.reporting.page.content import Page
from tuneflow.reporting.page.markup import html

Plotly: TypeAlias = Literal["inline", "directory", "cdn"]

LIBRARY = "plotly.min.js"
ASSETS = files("tuneflow.reporting.page") / "assets"


def write(path: str | Path, page: Page, plotly: Plotly) -> Path:
    """Write a page to one file; beside it plotly.js, if that is to come from the directory."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    if plotly == "directory":
        (path.parent / LIBRARY).write_bytes(library())
    path.write_bytes(document(page, plotly))
    return path


def document(page: Page, plotly: Plotly = "inline") -> bytes:
    """One HTML document. A policy in it allows the scripts that it comes with, and no other."""
    tag, source = _plotly(plotly)
    script = asset("page.js")
    parts = {
        "title": html(plain(page.name)),
        "policy": f"{source} '{_digest(script.encode())}'",
        "style": asset("page.css"),
        "headline": html(page.headline),
        "content": html(page.content),
        "script": script,
    }
    head, tail = asset("page.html").split("$plotly")  # five megabytes are joined, not searched
    return tag.join(Template(part).substitute(parts).encode() for part in (head, tail))


def _plotly(where: Plotly) -> tuple[bytes, str]:
    """The tag that loads plotly.js, and the source that the page's policy allows for it."""
    if where == "inline":
        return b"<script>%b</script>" % library(), f"'{_digest(library())}'"
    if where == "directory":
        return f'<script src="{LIBRARY}"></script>'.encode(), "'self' file:"
    from plotly.offline import get_plotlyjs_version

    url = f"https://cdn.plot.ly/plotly-{get_plotlyjs_version()}.min.js"
    hashed = _digest(library())
    tag = f'<script src="{url}" integrity="{hashed}" crossorigin="anonymous"></script>'
    return tag.encode(), "https://cdn.plot.ly"


@cache
def library() -> bytes:
    """plotly.js, as the Python package brings it."""
    return (files("plotly") / "package_data" / LIBRARY).read_bytes()


def asset(name: str) -> str:
    """A file of the page: its frame, its style, its script."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def _digest(script: bytes) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(script).digest()).decode()}"


HEIGHT = 900  # pixels, below a cell


def display(page: Page) -> None:
    """Show a page: in a notebook below the cell, otherwise in the browser."""
    html = document(page)
    if (shell := notebook_shell()) is not None:
        frame = framed(html.decode())
        shell.display_pub.publish({"text/html": frame, "text/plain": "a report"})
        return
    # The file stays until the system tidies up: the browser reads it when it likes.
    with tempfile.NamedTemporaryFile(suffix=".html", prefix="tuneflow-", delete=False) as file:
        file.write(html)
    webbrowser.open(Path(file.name).as_uri())


def framed(document: str) -> str:
    """A page inside another one, apart from its styles and scripts."""
    return (
        f'<iframe title="report" style="width:100%;border:0" height="{HEIGHT}" '
        f'sandbox="allow-scripts" srcdoc="{escape(document)}"></iframe>'
    )


def notebook_shell() -> Any:
    """The IPython shell of the notebook that runs this; None outside of a notebook."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython else None
    return shell if shell is not None and hasattr(shell, "kernel") else None
