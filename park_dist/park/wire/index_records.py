"""The index: its projects and their files."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["IndexFileRecord", "IndexProjectRecord"]


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexFileRecord:
    """A file of the index: a released one, or one of the user's working trees.

    ``layer`` is ``projects`` or ``trees``; ``yanked`` the reason (PEP 592), perhaps empty,
    or None where the file is not yanked. Times are RFC 3339 in UTC, ``size`` in bytes.
    ``folder`` is where it lies, of a service whose released projects are the files of a folder;
    else None. Nobody uploaded such a file: ``uploaded`` is when it was last written, and
    ``uploaded_by`` is empty. ``kept_by`` is the URL of the other index that keeps it, of a service
    whose released projects are kept by one; it was published there, by whom it does not say.
    """

    filename: str
    version: str
    layer: str
    size: int
    sha256: str
    uploaded: str
    uploaded_by: str
    yanked: str | None
    folder: str | None = None
    kept_by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class IndexProjectRecord:
    """A project of the index, as its user sees it.

    ``owned`` tells whether the service owns the name, ``claimed`` whether its operator
    claimed it; ``status`` and ``reason`` are those of PEP 792. ``versions`` counts released
    versions and ``trees`` the user's own working trees; ``size`` is of both, in bytes.
    ``files`` is filled where one project is asked for, and ``older`` says how many of them are
    left out where only the newest were. ``folder`` is where its released files lie, of a service
    whose released projects are the files of a folder (``--index pypiserver:DIR``); else None.
    ``kept_by`` is the URL of the other index that keeps its released files (``--index URL``); it is
    asked where one project is asked for, and a list of all has what is here alone.
    """

    name: str
    owned: bool
    claimed: bool
    status: str
    reason: str | None
    versions: int
    trees: int
    size: int
    files: list[IndexFileRecord] = field(default_factory=list)
    older: int = 0
    folder: str | None = None
    kept_by: str | None = None
