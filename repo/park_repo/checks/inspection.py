"""From an uploaded file to what the index will know about it, or a refusal."""

from __future__ import annotations

import zipfile
import zlib
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from packaging.utils import canonicalize_name
from packaging.version import Version

from park.errors import InvalidUpload
from park.model.pins import is_tree_version
from park_repo.checks.core_metadata import read_metadata
from park_repo.checks.file_facts import MAX_METADATA_BYTES, FileFacts
from park_repo.checks.filenames import DistributionName, parse_distribution_name
from park_repo.checks.members import check_members
from park_repo.checks.placement import check_placement
from park_repo.checks.refusal import Rule, refused
from park_repo.checks.sdist_checks import inspect_sdist
from park_repo.checks.wheel_checks import WHEEL_CHECKS, Wheel
from park_repo.checks.zip_structure import check_structure, zip_members

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

__all__ = ["Digests", "agree_with_form", "inspect_file", "metadata_of"]


class Digests(Protocol):
    """What arrived, by its digests in hex."""

    @property
    def sha256(self) -> str:
        """SHA-256."""

    @property
    def blake2_256(self) -> str:
        """BLAKE2b-256."""

    def md5(self) -> str:
        """Make the MD5, which takes to read it once more."""


def agree_with_form(fields: Mapping[str, str], arrived: Digests) -> None:
    """Compare the digests that the client sent, if any, with those of what arrived.

    MD5 (``md5_digest``) tells damage on the way, and is made where somebody sent one.
    """
    actual: dict[str, Callable[[], str]] = {
        "sha256_digest": lambda: arrived.sha256,
        "blake2_256_digest": lambda: arrived.blake2_256,
        "md5_digest": arrived.md5,
    }
    for field, made in actual.items():
        sent = fields.get(field)
        if sent and sent.lower() != (found := made()):
            raise InvalidUpload(
                f"{field}: expected {sent} as sent, found {found} in what arrived",
                hint="the file was damaged on its way, or changed during the upload: try again",
            )


def inspect_file(path: Path, filename: str, fields: Mapping[str, str]) -> FileFacts:
    """Check the file at ``path``, uploaded as ``filename``, and return its facts.

    Raises `InvalidUpload`, whatever the file may be: no input makes another exception.
    """
    name = parse_distribution_name(filename)
    _form_agrees(name, fields)
    with _naming(filename):
        return _inspect_wheel(path, name) if name.is_wheel else inspect_sdist(path, name)


def metadata_of(path: Path, filename: str) -> bytes:
    """Return the METADATA of the wheel at ``path``, which was inspected before."""
    with _naming(filename), _refusing(), zipfile.ZipFile(path) as archive:
        return _read_metadata(archive, _find_dist_info(archive, parse_distribution_name(filename)))


def _inspect_wheel(path: Path, name: DistributionName) -> FileFacts:
    with _refusing(), zipfile.ZipFile(path) as archive:
        members = zip_members(archive)
        is_tree = is_tree_version(str(name.version))
        check_members(members, packed_bytes=path.stat().st_size, for_linux=is_tree)
        check_structure(archive)
        dist_info = _find_dist_info(archive, name)
        check_placement(members, dist_info, for_linux=is_tree)
        metadata = _read_metadata(archive, dist_info)
        wheel = Wheel(
            project=name.project,
            version=name.version,
            tags=name.tags,
            archive=archive,
            dist_info=dist_info,
            metadata=read_metadata(metadata),
        )
        for check_wheel in WHEEL_CHECKS:
            check_wheel(wheel)
    return FileFacts(
        name=name, requires_python=wheel.metadata.get("requires_python"), metadata=metadata
    )


def _form_agrees(name: DistributionName, fields: Mapping[str, str]) -> None:
    """Compare kind, name and version in the form: what the uploader believes he sends."""
    kind, sent_kind = ("bdist_wheel" if name.is_wheel else "sdist"), fields.get("filetype")
    if sent_kind and sent_kind != kind:
        raise InvalidUpload(
            f"{name.filename}: the form says that it is a {sent_kind!r}; expected {kind!r}"
        )
    sent_name, sent_version = fields.get("name"), fields.get("version")
    if sent_name and canonicalize_name(sent_name) != name.project:
        raise InvalidUpload(f"{name.filename}: the form says the project is {sent_name!r}")
    if sent_version and not _same_version(sent_version, name.version):
        raise InvalidUpload(f"{name.filename}: the form says the version is {sent_version!r}")


def _find_dist_info(archive: zipfile.ZipFile, name: DistributionName) -> str:
    """Return the one top-level ``.dist-info``; its name must be that of the wheel."""
    tops = {member.partition("/")[0] for member in archive.namelist()}
    found = sorted(top for top in tops if top.endswith(".dist-info"))
    if len(found) != 1:
        raise InvalidUpload(f"{len(found)} .dist-info directories ({found}); expected one")
    project, _, version = found[0].removesuffix(".dist-info").rpartition("-")
    if canonicalize_name(project) != name.project or not _same_version(version, name.version):
        raise InvalidUpload(f"{found[0]}: expected that of {name.project} {name.version}")
    return found[0]


def _same_version(text: str, version: Version) -> bool:
    try:
        return Version(text) == version
    except ValueError:  # `InvalidVersion`, or too many digits
        return False


def _read_metadata(archive: zipfile.ZipFile, dist_info: str) -> bytes:
    name = f"{dist_info}/METADATA"
    if name not in archive.namelist():
        raise refused(f"there is no {name}", member=name, rule=Rule.METADATA)
    if archive.getinfo(name).file_size > MAX_METADATA_BYTES:
        raise refused(
            f"{name} is over {MAX_METADATA_BYTES:,} bytes", member=name, rule=Rule.METADATA
        )
    return archive.read(name)


@contextmanager
def _naming(filename: str) -> Iterator[None]:
    """Put the name of the file in front of what is wrong with it."""
    try:
        yield
    except InvalidUpload as error:
        raise InvalidUpload(
            f"{filename}: {error.message}", hint=error.hint, details=error.details
        ) from error


_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    UnicodeDecodeError,  # a name that is marked as UTF-8 and is none
)


@contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever a broken archive makes the zip reader raise into a refusal."""
    try:
        yield
    except _UNREADABLE as error:
        raise InvalidUpload(f"not a readable zip archive: {error}") from error
