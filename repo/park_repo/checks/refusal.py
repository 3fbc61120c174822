"""Refusals that name a member of an archive and the rule it breaks, for people and programs."""

from __future__ import annotations

from enum import StrEnum

from park.errors import InvalidUpload

__all__ = ["Rule", "refused"]


class Rule(StrEnum):
    """What a member of an archive can break: ``details["rule"]`` of the problem document."""

    INSIDE = "inside"
    """Its path is relative and has no ``.`` or ``..``."""
    PORTABLE_NAME = "portable-name"
    """Its path is one on Windows, too."""
    LENGTH = "length"
    """Its path and each part of it are short enough for file systems."""
    ONCE = "once"
    """No other member has its path, or is installed at the same place."""
    CASE = "case"
    """It differs from every other member by more than case."""
    FILE_OR_DIRECTORY = "file-or-directory"
    """No path is both."""
    KIND = "kind"
    """It is a file or a directory, stored or deflated, unencrypted."""
    STRUCTURE = "structure"
    """Whoever reads the archive in another way finds the same there."""
    DATA_FOLDER = "data-folder"
    """In a ``.data`` folder, it is below a scheme that installers know."""
    WHEEL_VERSION = "wheel-version"
    """WHEEL is of a major version that installers know."""
    RECORD = "record"
    """RECORD has it, with a strong digest that fits."""
    ENTRY_POINTS = "entry-points"
    """entry_points.txt can be read, and each of its scripts can be made."""
    LINK = "link"
    """A link of an sdist leads to a file of that sdist."""
    DIRECT_REFERENCE = "direct-reference"
    """Its requirements are names: none says by a URL where a project is."""
    LICENCE = "licence"
    """Each License-File is there (PEP 639)."""
    METADATA = "metadata"
    """A member that must be there is there, and can be read."""


def refused(message: str, *, member: str, rule: Rule, hint: str | None = None) -> InvalidUpload:
    """Return the refusal of ``member`` because of ``rule``; ``message`` says both in words."""
    # the bytes of a name that are no UTF-8 come as surrogates, which JSON over HTTP cannot hold
    name = member.encode("utf-8", "backslashreplace").decode()
    return InvalidUpload(message, hint=hint, details={"member": name, "rule": str(rule)})
