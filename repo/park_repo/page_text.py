"""The JSON of pages, read and written in pieces between which other threads run.

One step of the C library holds every thread of a process, the event loop's too: for 0.1 s where
it writes the page of a project with 20,000 files.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["page_text", "read_page"]

_LONG = ("files", "projects")
"""What of a page has thousands of items (PEP 691)."""

_ENCODER = json.JSONEncoder(separators=(",", ":"))


def read_page(text: str | bytes) -> Any:
    """Return what ``text`` says, as `json.loads`, with hooks at which other threads run."""
    return json.loads(text, object_hook=_as_it_is)


def page_text(document: Mapping[str, Any]) -> str:
    """Return ``document`` as JSON: its files and projects one by one, and last."""
    short = {key: value for key, value in document.items() if key not in _LONG}
    parts = [_ENCODER.encode(short)[1:-1]] if short else []
    for key in _LONG:
        if key in document:
            items = ",".join(map(_ENCODER.encode, document[key]))
            parts.append(f'"{key}":[{items}]')
    return f"{{{','.join(parts)}}}"


def _as_it_is(node: dict[str, Any]) -> dict[str, Any]:
    return node
