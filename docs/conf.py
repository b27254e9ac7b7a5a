"""Sphinx: the pages of this folder, and those that `pages.py` makes of what lies elsewhere."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import offline
import pages
import plotly

import tuneflow

project = "tuneflow"
author = copyright = "The tuneflow authors"
version = release = tuneflow.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx_copybutton"]
exclude_patterns = ["_build", "readme"]  # readme: stretches of the README, which pages include

myst_heading_anchors = 3
highlight_language = "none"  # what is printed is not code
nb_execution_mode = "off"  # notebooks are shown as they were stored; `make notebooks` runs them
nb_output_stderr = "remove"  # warnings stand in the results as notes, too
nb_render_text_lexer = "none"
copybutton_prompt_text = r"\$ |>>> "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
maximum_signature_line_length = 80
python_use_unqualified_type_names = True
add_module_names = False
napoleon_numpy_docstring = False
napoleon_use_ivar = True  # attributes of a dataclass are described in its docstring, once

html_theme = "pydata_sphinx_theme"
html_title = "tuneflow"
html_static_path = [
    "_static",
    str(Path(plotly.__file__).parent / "package_data" / "plotly.min.js"),
]
html_css_files = ["tuneflow.css"]
html_sidebars = {"index": [], "faq": []}  # pages without neighbours
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "navbar_end": ["theme-switcher"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "show_prev_next": True,
    "secondary_sidebar_items": ["page-toc"],
}


def setup(app: Any) -> None:
    """Make the pages before Sphinx looks for them, and look at what became of them."""
    app.connect("builder-inited", lambda app: pages.write(Path(app.srcdir)))
    app.connect("build-finished", offline.check)
