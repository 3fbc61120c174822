"""The interpreter that runs here."""

from __future__ import annotations

import sys

__all__ = ["python_minor"]


def python_minor() -> str:
    """Return its minor, such as ``3.12``: what a requirement set and a tree hash name."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"
