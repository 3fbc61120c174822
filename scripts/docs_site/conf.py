"""How Sphinx makes a site of the documentation: the same pages that a repository shows.

`scripts/docs --site` runs it, strictly; a service has what comes of it under ``/docs``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import park

project = "park-dist"
version = release = park.__version__
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["*.md", "docs/**", "LICENSE"]
myst_heading_anchors = 6  # as repositories make them, so that links to headings are the same
suppress_warnings = ["toc.not_included"]  # the index names each page, which a test sees to
templates_path = ["templates"]
html_theme = "alabaster"
html_theme_options = {"description": "the code there is the code here", "fixed_sidebar": False}
html_sidebars = {"**": ["about.html", "searchbox.html", "navigation.html"]}
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_use_index = False

_ROOT = Path(__file__).parents[2]

_NAVIGATION = """

```{toctree}
:hidden:
:glob:

tutorial
how-to/*
operate/*
reference/*
explanation/*
decisions/*
```
"""

_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#:]+)(#[^)]*)?\)")


def _read(_app: Any, page: str, source: list[str]) -> None:
    """Fit a page to the site: links to folders and to what is no page become their text."""
    folder = (_ROOT / page).parent

    def fitted(link: re.Match[str]) -> str:
        text, target, _ = link.groups()
        is_page = target.endswith(".md") or (folder / target).suffix in {".png", ".svg"}
        return link.group() if is_page else text

    source[0] = _LINK.sub(fitted, source[0])
    if page == root_doc:
        source[0] += _NAVIGATION


def setup(app: Any) -> None:
    """Tell Sphinx of it."""
    app.connect("source-read", _read)
