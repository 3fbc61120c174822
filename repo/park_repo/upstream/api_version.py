"""Which version of the simple API another index speaks (PEP 629)."""

from __future__ import annotations

__all__ = ["require_known"]

_MAJOR = "1"


def require_known(version: str) -> None:
    """Raise `ValueError` for a major version with rules that nobody here knows."""
    if version.partition(".")[0] != _MAJOR:
        raise ValueError(f"its version of the simple API is {version}; expected {_MAJOR}.x")
