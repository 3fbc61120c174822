"""How a long step says what it is doing."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["Progress", "silent"]

Progress = Callable[[str], None]
"""Called with one line of text for a person: ``building mymodel 1.4.2+t…``."""


def silent(message: str) -> None:
    """Take a line and show nothing."""
