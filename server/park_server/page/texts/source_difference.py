"""What differs between two sources, file by file, as lines: a value of two values."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from itertools import islice
from typing import Any

from park_server.page.texts.wheel_texts import PACKED

__all__ = ["MOST_FILES", "MOST_LINES", "MOST_LINES_IN_ALL", "differences"]

MOST_FILES = 300
MOST_LINES = 2_000
"""Lines of one file's difference."""
MOST_LINES_IN_ALL = 10_000
_CONTEXT = 3
_MOST_OF_LINE = 1_000

_Files = Mapping[str, "str | bytes"]


def differences(old: _Files, new: _Files) -> dict[str, Any]:
    """Return ``files`` that differ, sources first, and ``left_out``, how many more do.

    Each has ``name``, ``change`` (``added``, ``removed`` or ``changed``), ``added`` and ``removed``
    (lines), and ``lines`` of a unified difference without its head; of what is no text, ``note``.
    """
    every = sorted({*old, *new}, key=lambda name: (name.startswith(PACKED), name))
    names = [name for name in every if old.get(name) != new.get(name)]
    left = MOST_LINES_IN_ALL
    files = []
    for name in names[:MOST_FILES]:
        file = _file(name, old.get(name), new.get(name), min(left, MOST_LINES))
        left -= len(file["lines"])
        files.append(file)
    return {"files": files, "left_out": len(names) - len(files)}


def _file(name: str, old: str | bytes | None, new: str | bytes | None, most: int) -> dict[str, Any]:
    change = "added" if old is None else "removed" if new is None else "changed"
    about: dict[str, Any] = {"name": name, "change": change, "added": 0, "removed": 0}
    if isinstance(old, bytes) or isinstance(new, bytes):
        said = [_said(each) for each in (old, new) if each is not None]
        return {**about, "lines": [], "note": " → ".join(said)}
    unified = difflib.unified_diff(
        (old or "").splitlines(), (new or "").splitlines(), n=_CONTEXT, lineterm=""
    )
    lines = list(islice(unified, 2, None))  # without the names of the two
    return {
        **about,
        "added": sum(line.startswith("+") for line in lines),
        "removed": sum(line.startswith("-") for line in lines),
        "lines": [line[:_MOST_OF_LINE] for line in lines[:most]],
        "note": f"{len(lines) - most:,} more lines" if len(lines) > most else None,
    }


def _said(content: str | bytes) -> str:
    return content.decode() if isinstance(content, bytes) else f"text, {len(content):,} characters"
