"""What each release said on the wire, as `scripts/record_wire.py` wrote it down."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["RELEASES", "missing", "recorded"]

_FOLDER = Path(__file__).parents[2] / "wire"
RELEASES = sorted(path.stem for path in _FOLDER.glob("*.json"))

_FREE = frozenset({"platforms", "kinds", "values", "data"})
"""Objects whose keys are names of things, and not of the API."""


def recorded(release: str) -> dict[str, Any]:
    """Return the document of a release."""
    document: dict[str, Any] = json.loads((_FOLDER / f"{release}.json").read_text("utf-8"))
    return document


def missing(then: Any, now: Any, place: str = "") -> list[str]:
    """Return what a reader of ``then`` does not find in ``now``: keys, and values of its kind.

    What is null on either side may be anything: it has been so, or can be.
    """
    if then is None or now is None:
        return []
    if _kind(then) is not _kind(now):
        return [f"{place}: {_kind(then).__name__} is {_kind(now).__name__} now"]
    if isinstance(then, list):
        return missing(then[0], now[0], f"{place}[]") if then and now else []
    if not isinstance(then, dict) or place.rpartition(".")[2] in _FREE:
        return []
    gone = [f"{place}.{key} is gone" for key in then if key not in now]
    return gone + [
        line
        for key, value in then.items()
        if key in now
        for line in missing(value, now[key], f"{place}.{key}")
    ]


def _kind(value: Any) -> type:
    return float if type(value) is int else type(value)
