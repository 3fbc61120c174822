"""Names of users and groups, as they stand in paths, in files and in command lines."""

from __future__ import annotations

import re

from park.errors import UsageError

__all__ = ["check_name"]

_NAME = re.compile(r"[a-z0-9_][a-z0-9._-]{0,62}")
"""As login names are on systems, with dots; ``~ada/data`` and ``ada``'s pages are made of it."""


def check_name(name: str, what: str) -> str:
    """Return ``name`` if a ``what`` (user, group) may be called so; raises `UsageError`."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a {what}",
            hint="small letters, digits, '.', '_' and '-', 63 at most, and no '.' or '-' in front",
        )
    return name
