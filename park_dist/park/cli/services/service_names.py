"""What a service may be called."""

from __future__ import annotations

import re

from park.errors import UsageError

__all__ = ["checked_name", "proposed_name"]

_NAME = re.compile(r"\w(?:[\w.-]*\w)?")
"""Names that no shell, no TOML and no list of services takes apart."""


def checked_name(name: str, *, hint: str | None = None) -> str:
    """Return ``name``; raises `UsageError` where it is none."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name: expected letters, digits, and - _ . between them",
            hint=hint or f"for example {proposed_name(name)}",
        )
    return name


def proposed_name(text: str) -> str:
    """Return a name like ``text``."""
    return re.sub(r"\W+", "-", text).strip("-_") or "NAME"
