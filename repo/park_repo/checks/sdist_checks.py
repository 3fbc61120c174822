"""What a source distribution must be before the index takes it.

An sdist is a gzipped tar of one directory ``<name>-<version>`` with ``PKG-INFO`` in it
(source distribution format). It is read as a stream, twice, with every limit checked while
it unpacks: a few kilobytes of gzip may become terabytes.
"""

from __future__ import annotations

import gzip
import tarfile
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, cast

from packaging.utils import canonicalize_name
from packaging.version import Version

from park.errors import InvalidUpload
from park_repo.checks.core_metadata import fields_are_sound, licence_files, read_metadata
from park_repo.checks.file_facts import MAX_METADATA_BYTES, FileFacts
from park_repo.checks.filenames import SDIST_SUFFIX
from park_repo.checks.members import Member, check_members, check_sizes
from park_repo.checks.refusal import Rule, refused
from park_repo.checks.sdist_links import Link, check_links
from park_repo.checks.wheel_checks import (
    identity_agrees,
    names_its_requirements,
    requirements_are_sound,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from park_repo.checks.filenames import DistributionName

__all__ = ["inspect_sdist"]

MAX_HEADER_BYTES = 1 << 20
"""Of one extended header, which readers take into memory whole; real ones are some 100 bytes."""

_EXTENDED = {
    tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK,
}  # fmt: skip
"""Headers that speak of the member behind them."""


def inspect_sdist(path: Path, name: DistributionName) -> FileFacts:
    """Check the sdist at ``path`` and return its facts; raises `InvalidUpload`."""
    _require_normalised(name)
    with _refusing():
        _require_one_archive(path)
        _check_headers(path)
        members, links, metadata = _read(path)
        check_members(members, packed_bytes=path.stat().st_size)
        check_links(members, links)
        _check_root(members, name)
        if metadata is None:
            raise InvalidUpload("there is no PKG-INFO in its directory")
        parsed = read_metadata(metadata)
        identity_agrees(parsed, name.project, name.version)
        requirements_are_sound(parsed)
        fields_are_sound(parsed)
        names_its_requirements(metadata)
        _has_licence_files(members, licence_files(parsed))
    # no METADATA is offered for it: a backend may still change it when it builds (PEP 643)
    return FileFacts(name=name, requires_python=parsed.get("requires_python"), metadata=None)


def _require_one_archive(path: Path) -> None:
    """See that pip reads it as others do: it takes for a zip whatever has the end of one."""
    if zipfile.is_zipfile(path):
        raise InvalidUpload(
            "it can be read as a zip archive as well, with other files",
            hint="build it again; a .tar.gz is a gzipped tar and nothing else",
        )


def _check_headers(path: Path) -> None:
    """Refuse extended headers that are large, before a reader takes them into memory.

    Behind the end are zeros alone, with which tar fills its blocks: nothing hides there.
    """
    with _unpacking(path) as stream:
        while len(block := stream.read(tarfile.BLOCKSIZE)) == tarfile.BLOCKSIZE:
            if not block.strip(b"\0"):
                break
            header = tarfile.TarInfo.frombuf(block, tarfile.ENCODING, "surrogateescape")
            if header.type == tarfile.GNUTYPE_SPARSE:
                raise _sparse(header)
            if header.type in _EXTENDED and header.size > MAX_HEADER_BYTES:
                raise InvalidUpload(f"a header of {header.size:,} bytes; at most 1 MiB is taken")
            stream.skip(-(-header.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE)
        while data := stream.read(1 << 20):
            if data.strip(b"\0"):
                raise InvalidUpload("there are bytes behind the end of its tar archive")


def _require_normalised(name: DistributionName) -> None:
    """See that the file has the one name that its project and version give it (PEP 625)."""
    project = name.project.replace("-", "_")
    expected = f"{project}-{name.version}{SDIST_SUFFIX}"
    if name.filename != expected:
        raise InvalidUpload(
            f"the name of an sdist is that of its project and version; expected {expected!r}",
            hint="build it with a current version of its backend (setuptools: 69.3 or later)",
        )


def _read(path: Path) -> tuple[list[Member], list[Link], bytes | None]:
    """Return the members, links among them, and the content of ``<directory>/PKG-INFO``."""
    members, links, metadata = list[Member](), list[Link](), None
    with (
        _unpacking(path) as stream,
        tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive,
    ):
        for info in archive:
            if not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
                raise refused(
                    f"member {info.name!r}: only files and links, no devices",
                    member=info.name,
                    rule=Rule.KIND,
                )
            if info.issparse():
                raise _sparse(info)
            members.append(_member(info))
            if info.issym() or info.islnk():
                links.append(Link(name=info.name, target=info.linkname, is_symbolic=info.issym()))
            if info.isreg() and info.name.split("/")[1:] == ["PKG-INFO"]:
                metadata = _content(archive, info)
    return members, links, metadata


def _sparse(info: tarfile.TarInfo) -> InvalidUpload:
    """Refuse a file with holes: readers differ in what it holds, and in what comes behind it."""
    return refused(
        f"member {info.name!r}: a sparse file; expected all of its bytes",
        member=info.name,
        rule=Rule.KIND,
        hint="build it again without the option --sparse of tar",
    )


def _member(info: tarfile.TarInfo) -> Member:
    # GNU tar and setuptools write directories with and without a final slash
    return Member(name=info.name.removesuffix("/"), size=info.size, is_directory=info.isdir())


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> bytes:
    if info.size > MAX_METADATA_BYTES:
        raise refused(
            f"{info.name} is over {MAX_METADATA_BYTES:,} bytes",
            member=info.name,
            rule=Rule.METADATA,
        )
    file = archive.extractfile(info)
    return file.read() if file is not None else b""


def _check_root(members: list[Member], name: DistributionName) -> None:
    roots = {member.name.partition("/")[0] for member in members}
    if len(roots) != 1:
        raise InvalidUpload(f"{len(roots)} directories at its top; expected one")
    project, _, version = roots.pop().rpartition("-")
    try:
        agrees = canonicalize_name(project) == name.project and Version(version) == name.version
    except ValueError:  # `InvalidVersion`, or too many digits
        agrees = False
    if not agrees:
        raise InvalidUpload(f"its directory is {project}-{version}; expected that of {name.key}")


def _has_licence_files(members: list[Member], paths: list[str]) -> None:
    root = members[0].name.partition("/")[0]
    names = {member.name for member in members}
    for path in paths:
        if f"{root}/{path}" not in names:
            raise refused(
                f"License-File names {path!r}, which the sdist does not hold",
                member=f"{root}/{path}",
                rule=Rule.LICENCE,
            )


class _Unpacked:
    """The bytes of a gzip file, counted while they unpack; raises past a limit."""

    def __init__(self, file: gzip.GzipFile, packed_bytes: int) -> None:
        self._file = file
        self._packed = packed_bytes
        self._count = 0

    def read(self, size: int) -> bytes:
        """Return up to ``size`` bytes."""
        data = self._file.read(size)
        self._count += len(data)
        check_sizes(0, self._count, self._packed)
        return data

    def skip(self, size: int) -> None:
        """Read ``size`` bytes and forget them."""
        while size > 0 and (data := self.read(min(size, 1 << 20))):
            size -= len(data)


@contextmanager
def _unpacking(path: Path) -> Iterator[_Unpacked]:
    with gzip.open(path) as file:
        yield _Unpacked(file, path.stat().st_size)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever a broken archive makes the readers raise into a refusal."""
    try:
        yield
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError) as error:
        raise InvalidUpload(f"not a readable .tar.gz archive: {error}") from error
