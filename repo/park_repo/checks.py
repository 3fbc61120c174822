"""What a wheel must be before the index takes it.

Each check is a small function that returns nothing or raises `InvalidUpload`, naming the
member and the rule; the caller adds the name of the file. To add a rule, write one more and
put it into its tuple: `ARCHIVE_CHECKS` look at the archive's directory alone, `WHEEL_CHECKS`
at what it holds.

Rules: the binary distribution format and the recording-installed-projects specification.
"""

from __future__ import annotations

import csv
import stat
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from collections.abc import Callable

    from packaging.metadata import RawMetadata
    from packaging.tags import Tag
    from packaging.utils import NormalizedName

__all__ = ["ARCHIVE_CHECKS", "WHEEL_CHECKS", "Wheel"]

MAX_UNPACKED_BYTES = 8 << 30
"""The largest wheels in use (CUDA libraries) unpack to about 4 GiB."""

MAX_MEMBERS = 100_000
"""The largest wheels in use have some 20,000 members; each costs an inode in the store."""

_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
"""The compression methods that every installer can unpack."""

_STRONG = {"sha256", "sha384", "sha512"}
"""RECORD digests: sha256 or better (binary distribution format)."""

_UNRECORDED = {"RECORD", "RECORD.jws", "RECORD.p7s"}
"""Members of ``.dist-info`` that cannot have a digest in RECORD: it, and its signatures."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wheel:
    """An opened wheel: what its file name says, and its archive."""

    project: NormalizedName
    version: Version
    tags: frozenset[Tag]
    archive: zipfile.ZipFile
    dist_info: str
    """The name of its ``.dist-info`` directory, without a slash."""
    metadata: RawMetadata


def members_stay_inside(archive: zipfile.ZipFile) -> None:
    """No member is absolute, climbs with ``..``, or has a backslash, colon or control byte."""
    for name in archive.namelist():
        parts = name.removesuffix("/").split("/")
        if any(part in {"", ".", ".."} for part in parts):
            raise InvalidUpload(f"member {name!r}: a path may not be absolute, nor hold . or ..")
        if any(c in '\\:"' or ord(c) < ord(" ") for c in name):
            raise InvalidUpload(f"member {name!r}: a path may not hold a backslash or a colon")


def members_are_plain(archive: zipfile.ZipFile) -> None:
    """No links or devices, no encryption, and compressed as every installer can read."""
    for info in archive.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise InvalidUpload(f"member {info.filename!r}: only files, no links or devices")
        if info.flag_bits & 0x1 or info.compress_type not in _METHODS:
            raise InvalidUpload(f"member {info.filename!r}: only stored or deflated, unencrypted")


def members_are_unique(archive: zipfile.ZipFile) -> None:
    """No name occurs twice: programs differ in which of the two they read."""
    for name, count in Counter(archive.namelist()).items():
        if count > 1:
            raise InvalidUpload(f"member {name!r} occurs {count} times; expected once")


def sizes_are_sane(archive: zipfile.ZipFile) -> None:
    """Unpacked, the archive has a size and a number of files that a store can take."""
    infos = archive.infolist()
    if len(infos) > MAX_MEMBERS:
        raise InvalidUpload(f"{len(infos):,} members; expected at most {MAX_MEMBERS:,}")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > MAX_UNPACKED_BYTES:
        raise InvalidUpload(f"unpacks to {unpacked:,} bytes; the limit is {MAX_UNPACKED_BYTES:,}")


def metadata_agrees(wheel: Wheel) -> None:
    """METADATA has the name and the version of the file name."""
    name, version = wheel.metadata.get("name", ""), wheel.metadata.get("version", "")
    if canonicalize_name(name) != wheel.project:
        raise InvalidUpload(f"METADATA names the project {name!r}; expected {wheel.project!r}")
    try:
        agrees = Version(version) == wheel.version
    except InvalidVersion:
        agrees = False
    if not agrees:
        raise InvalidUpload(f"METADATA has the version {version!r}; expected '{wheel.version}'")


def requires_python_is_sound(wheel: Wheel) -> None:
    """Requires-Python is a specifier: a malformed one breaks every page that it stands on."""
    text = wheel.metadata.get("requires_python", "")
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise InvalidUpload(f"Requires-Python is no version specifier: {text!r}") from error


def tags_agree(wheel: Wheel) -> None:
    """WHEEL has the tags of the file name: installers go by one or by the other."""
    text = _read_text(wheel, "WHEEL")
    stated = (line.partition(":")[2].strip() for line in text.splitlines() if _is_tag(line))
    tags = frozenset(tag for item in stated for tag in parse_tag(item))
    if tags != wheel.tags:
        found = ", ".join(sorted(map(str, tags))) or "none"
        raise InvalidUpload(f"WHEEL has the tags {found}; the file name has others")


def record_agrees(wheel: Wheel) -> None:
    """RECORD lists every file with a strong digest, each digest fits, and nothing is missing."""
    record = _read_record(wheel)
    files = {name for name in wheel.archive.namelist() if not name.endswith("/")}
    exempt = {f"{wheel.dist_info}/{name}" for name in _UNRECORDED}
    for name in sorted(record.keys() - files - exempt):
        raise InvalidUpload(f"RECORD lists {name!r}, which the wheel does not hold")
    for name in sorted(files - exempt):
        _check_member(wheel, name, record.get(name))


def _check_member(wheel: Wheel, name: str, entry: RecordEntry | None) -> None:
    if entry is None:
        raise InvalidUpload(f"member {name!r} is not in RECORD")
    if entry.hash_ is None or entry.hash_.name not in _STRONG:
        raise InvalidUpload(f"member {name!r} has no sha256 (or better) digest in RECORD")
    with wheel.archive.open(name) as stream:
        if not entry.validate_stream(cast("BinaryIO", stream)):
            raise InvalidUpload(f"member {name!r} differs from its digest or size in RECORD")


def _read_record(wheel: Wheel) -> dict[str, RecordEntry]:
    """Return RECORD by path; raises `InvalidUpload` for what is no RECORD."""
    record: dict[str, RecordEntry] = {}
    try:
        for row in parse_record_file(_read_text(wheel, "RECORD").splitlines()):
            if row[0] in record:
                raise InvalidUpload(f"RECORD lists {row[0]!r} twice")
            record[row[0]] = RecordEntry.from_elements(*row)
    except (InvalidRecordEntry, csv.Error) as error:
        raise InvalidUpload(f"RECORD cannot be read: {error}") from error
    return record


def _read_text(wheel: Wheel, name: str) -> str:
    try:
        return wheel.archive.read(f"{wheel.dist_info}/{name}").decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise InvalidUpload(f"{wheel.dist_info}/{name} is missing or not UTF-8") from error


def _is_tag(line: str) -> bool:
    return line.lower().startswith("tag:")


ARCHIVE_CHECKS: tuple[Callable[[zipfile.ZipFile], None], ...] = (
    sizes_are_sane,
    members_are_plain,
    members_stay_inside,
    members_are_unique,
)

WHEEL_CHECKS: tuple[Callable[[Wheel], None], ...] = (
    metadata_agrees,
    requires_python_is_sound,
    tags_agree,
    record_agrees,
)
