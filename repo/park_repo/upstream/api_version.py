"""Which version of the simple API another index speaks, and which its page has here (PEP 629)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from park_repo.simple import API_VERSION

if TYPE_CHECKING:
    from park_repo.simple import Document

__all__ = ["held_version", "require_known"]

_MAJOR, _, _MINOR = API_VERSION.partition(".")

_FIRST = "1.0"


def require_known(version: str) -> None:
    """Raise `ValueError` for a major version with rules that nobody here knows."""
    if version.partition(".")[0] != _MAJOR:
        raise ValueError(f"its version of the simple API is {version}; expected {_MAJOR}.x")


def held_version(page: Document) -> str:
    """Return the newest version of the API that a page of another index fits as it is here.

    None that is newer than what is known here, since what that adds is not passed on; and the
    first where it lacks what a later one has it say (PEP 700): what was HTML has no versions, and
    sizes only where somebody gave them.
    """
    has_all = "versions" in page and all("size" in file for file in page["files"])
    minor = str(page.get("meta", {}).get("api-version", _FIRST)).partition(".")[2]
    if not has_all or not minor.isdecimal():
        return _FIRST
    return f"{_MAJOR}.{min(int(minor[:9]), int(_MINOR))}"
