"""What the metadata of other indexes' wheels may not say: where a project is, by a URL.

This index is where a service's resolvers read them, so here is where such a URL ends, whichever
resolver asks and whatever it would make of it.
"""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from park.errors import CannotSatisfy
from park.local.direct_references import references_in_metadata
from park_repo.checks.file_facts import MAX_METADATA_BYTES
from park_repo.checks.filenames import named_in

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["is_of", "refuse_references"]


def refuse_references(url: str, filename: str, path: Path) -> None:
    """Raise `CannotSatisfy` where the wheel or METADATA at ``path`` has a direct reference.

    ``filename`` tells which of them it is; any other file passes, and so does a wheel that
    cannot be read, which nobody can install.
    """
    if filename.endswith(".metadata"):
        metadata = path.read_bytes()
    elif filename.endswith(".whl"):
        metadata = _metadata(path)
    else:
        return
    if found := references_in_metadata(metadata):
        raise CannotSatisfy(
            f"{url} requires {found[0]!r}; expected names alone: no URL of a wheel's metadata"
            " is followed here",
            hint="publish a wheel that requires the project by its name",
        )


def is_of(path: Path, filename: str) -> bool:
    """Tell whether the METADATA at ``path`` are of the project and the version of ``filename``."""
    try:
        metadata = parse_email(path.read_bytes())[0]
        version = str(Version(metadata.get("version", "")))
    except (OSError, InvalidVersion):
        return False
    return (canonicalize_name(metadata.get("name", "")), version) == named_in(filename)


def _metadata(path: Path) -> bytes:
    try:
        with zipfile.ZipFile(path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA")]
            if len(names) == 1 and archive.getinfo(names[0]).file_size <= MAX_METADATA_BYTES:
                return archive.read(names[0])
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, ValueError):
        pass
    return b""
