"""A page on the screen: below a notebook's cell, or in the browser."""

from __future__ import annotations

import sys
import tempfile
import webbrowser
from html import escape
from pathlib import Path
from typing import Any

HEIGHT = 900  # pixels, below a cell


def show(document: str) -> None:
    """Show a page where the reader is."""
    if (shell := notebook()) is None:
        webbrowser.open(_kept(document).as_uri())
    else:
        shell.display_pub.publish({"text/html": framed(document), "text/plain": "a report"})


def framed(document: str) -> str:
    """A page inside another one, apart from its styles and scripts."""
    return (
        f'<iframe title="report" style="width:100%;border:0" height="{HEIGHT}" '
        f'sandbox="allow-scripts" srcdoc="{escape(document)}"></iframe>'
    )


def notebook() -> Any:
    """The notebook that runs this; None outside of one."""
    found = sys.modules.get("IPython")
    shell = found.get_ipython() if found else None
    return shell if shell is not None and hasattr(shell, "kernel") else None


def _kept(document: str) -> Path:
    """A file that stays until the system tidies up: the browser reads it when it likes."""
    with tempfile.NamedTemporaryFile(
        "w", suffix=".html", prefix="tuneflow-", delete=False, encoding="utf-8"
    ) as file:
        file.write(document)
    return Path(file.name)
