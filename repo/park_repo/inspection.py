"""From an uploaded file to what the index will know about it, or a refusal."""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from packaging.metadata import parse_email
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from park.errors import InvalidUpload
from park_repo.checks import ARCHIVE_CHECKS, WHEEL_CHECKS, Wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName

    ParsedFilename: TypeAlias = tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]

__all__ = ["WheelFacts", "agree_with_form", "inspect_wheel"]

_PLAIN_FILENAME = re.compile(r"[A-Za-z0-9_.+!-]+")
"""What the binary distribution format allows; so a name is never a path."""

MAX_METADATA_BYTES = 16 << 20
"""METADATA is read into memory and served; a long README is some 100 kB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WheelFacts:
    """What an accepted wheel says about itself."""

    project: NormalizedName
    version: str
    """Normalised (PEP 440)."""
    requires_python: str | None
    metadata: bytes

    @property
    def metadata_sha256(self) -> str:
        """SHA-256 in hex of METADATA."""
        return hashlib.sha256(self.metadata).hexdigest()


def agree_with_form(fields: Mapping[str, str], *, sha256: str, blake2_256: str) -> None:
    """Compare the digests that the client sent, if any, with those of what arrived.

    MD5 (``md5_digest``) is not looked at: it proves nothing that the others do not.
    """
    for field, actual in (("sha256_digest", sha256), ("blake2_256_digest", blake2_256)):
        sent = fields.get(field)
        if sent and sent.lower() != actual:
            raise InvalidUpload(
                f"{field}: expected {sent} as sent, found {actual} in what arrived",
                hint="the file was damaged on its way, or changed during the upload: try again",
            )


def inspect_wheel(path: Path, filename: str, fields: Mapping[str, str]) -> WheelFacts:
    """Check the wheel at ``path``, uploaded as ``filename``, and return its facts.

    Raises `InvalidUpload`, whatever the file may be: no input makes another exception.
    """
    project, version, _build, tags = _parse_filename(filename)
    _form_agrees(filename, fields, project, version)
    with _refusing(filename), zipfile.ZipFile(path) as archive:
        for check_archive in ARCHIVE_CHECKS:
            check_archive(archive)
        dist_info = _find_dist_info(archive, project, version)
        metadata = _read_metadata(archive, dist_info)
        wheel = Wheel(
            project=project,
            version=version,
            tags=tags,
            archive=archive,
            dist_info=dist_info,
            metadata=parse_email(metadata)[0],
        )
        for check_wheel in WHEEL_CHECKS:
            check_wheel(wheel)
    return WheelFacts(
        project=project,
        version=str(version),
        requires_python=wheel.metadata.get("requires_python"),
        metadata=metadata,
    )


def _parse_filename(filename: str) -> ParsedFilename:
    if not filename.endswith(".whl"):
        raise InvalidUpload(
            f"{filename!r}: only wheels are taken, no sdists or other formats",
            hint="a service builds nothing that a user sent: build a wheel and upload that",
        )
    if not _PLAIN_FILENAME.fullmatch(filename):
        raise InvalidUpload(f"{filename!r}: a wheel's file name has letters, digits and -_.+! only")
    try:
        return parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise InvalidUpload(str(error)) from error


def _form_agrees(
    filename: str, fields: Mapping[str, str], project: NormalizedName, version: Version
) -> None:
    """Compare the form's name and version, which are what the uploader believes he sends."""
    sent_name, sent_version = fields.get("name"), fields.get("version")
    if sent_name and canonicalize_name(sent_name) != project:
        raise InvalidUpload(f"{filename}: the form says the project is {sent_name!r}")
    if sent_version and not _same_version(sent_version, version):
        raise InvalidUpload(f"{filename}: the form says the version is {sent_version!r}")


def _find_dist_info(archive: zipfile.ZipFile, project: NormalizedName, version: Version) -> str:
    """Return the one top-level ``.dist-info``; its name must be that of the wheel."""
    tops = {name.partition("/")[0] for name in archive.namelist()}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        raise InvalidUpload(f"{len(found)} .dist-info directories ({found}); expected one")
    name, _, text = found[0].removesuffix(".dist-info").rpartition("-")
    if canonicalize_name(name) != project or not _same_version(text, version):
        raise InvalidUpload(f"{found[0]}: expected that of {project} {version}")
    return found[0]


def _same_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except InvalidVersion:
        return False


def _read_metadata(archive: zipfile.ZipFile, dist_info: str) -> bytes:
    name = f"{dist_info}/METADATA"
    if name not in archive.namelist():
        raise InvalidUpload(f"there is no {name}")
    if archive.getinfo(name).file_size > MAX_METADATA_BYTES:
        raise InvalidUpload(f"{name} is over {MAX_METADATA_BYTES:,} bytes")
    return archive.read(name)


@contextmanager
def _refusing(filename: str) -> Iterator[None]:
    """Turn whatever a broken archive makes the zip reader raise into a refusal."""
    try:
        yield
    except InvalidUpload as error:
        raise InvalidUpload(f"{filename}: {error.message}", hint=error.hint) from error
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError) as error:
        raise InvalidUpload(f"{filename}: not a readable zip archive: {error}") from error
