"""A page that fetches anything from the web breaks the build: readers may be offline."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

FETCHED = re.compile(
    r"""<(?:script|img|iframe)\b[^>]*\bsrc=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|<link\b(?=[^>]*\brel=["']?(?:stylesheet|preload|icon))[^>]*\bhref=["']?(?:https?:)?//[^"'\s>]+"""
    r"""|url\(["']?(?:https?:)?//[^)]+|@import\s+["'](?:https?:)?//[^"']+"""
)


def fetched(text: str) -> list[str]:
    """What a page or a style sheet would fetch from elsewhere."""
    return FETCHED.findall(text)


def check(app: Any, exception: Exception | None) -> None:
    """Look at every page and style sheet that was built."""
    for page in Path(app.outdir).rglob("*"):
        if page.suffix in (".html", ".css") and (links := fetched(page.read_text("utf-8"))):
            msg = f"{page.name}: pages fetch nothing from the web; got {links[0]!r}."
            raise ExtensionError(msg)
