"""A page where the reader is: below a notebook's cell, or in the browser."""

import sys
import tempfile
import webbrowser
from html import escape
from pathlib import Path
from typing import Any

from tuneflow.reporting.page.content import Page
from tuneflow.reporting.page.document import document

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
