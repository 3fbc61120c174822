"""A local file as an argument of a job."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from park.digests import file_sha256
from park.errors import UsageError
from park.runtime.codec import ServiceFile

__all__ = ["File", "FileDigest", "digest_of", "file_meant_by", "service_file"]


@dataclass(frozen=True, slots=True, init=False)
class File:
    """A file of this machine, to be an argument: the job gets the path of a copy there.

    It is sent by content, and only where the service does not have it yet.
    """

    path: Path

    def __init__(self, path: str | os.PathLike[str]) -> None:
        object.__setattr__(self, "path", Path(path).expanduser())


def service_file(path: str) -> ServiceFile:
    """Return a file of the service, to be an argument: the job gets the path of it there.

    ``~/data/run.zip`` is in your own area on the service, where a job may also write;
    ``~ada/shared/…`` is what ada shares, ``/NAME/…`` below a root of the operator.
    """
    return ServiceFile(path=path)


def file_meant_by(text: object) -> ServiceFile | None:
    """Return the file of the service that a ``text`` for ``infile=`` and the like means.

    ``~/…`` is in an area there. ``/NAME/…`` is below the operator's root of that name; where the
    service has none, the job gets the path as it is. Anything else means none.
    """
    if type(text) is str and text.startswith(("~", "/")):
        return ServiceFile(path=text, or_text=text.startswith("/"))
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileDigest:
    """What names a file on the wire: its SHA-256 in hex, and the name that it keeps."""

    sha256: str
    name: str


def digest_of(file: File) -> FileDigest:
    """Read ``file`` and return its digest; raises `UsageError` where it cannot be read."""
    try:
        sha256 = file_sha256(file.path)
    except OSError as error:
        raise UsageError(f"cannot read {file.path}: {error.strerror}") from None
    return FileDigest(sha256=sha256, name=file.path.name)
