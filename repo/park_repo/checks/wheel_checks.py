"""What a wheel must hold before the index takes it.

Each check is a small function that returns nothing or raises `InvalidUpload`, naming the
member and the rule; the caller adds the name of the file. To add a rule, write one more and
put it into `WHEEL_CHECKS`. What the archive itself must be is in `members` (paths, sizes)
and `zip_structure`.

Rules: the binary distribution format and the recording-installed-projects specification.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from installer.records import InvalidRecordEntry, RecordEntry, parse_record_file
from installer.utils import parse_metadata_file
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.tags import parse_tag
from packaging.utils import canonicalize_name
from packaging.version import Version

from park.errors import InvalidUpload
from park.local.direct_references import references_in_metadata
from park.model.pins import is_tree_version
from park_repo.checks.core_metadata import fields_are_sound, licence_files
from park_repo.checks.generated_scripts import check_scripts
from park_repo.checks.refusal import Rule, refused

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Callable

    from packaging.metadata import RawMetadata
    from packaging.tags import Tag
    from packaging.utils import NormalizedName

__all__ = [
    "WHEEL_CHECKS",
    "Wheel",
    "identity_agrees",
    "names_its_requirements",
    "requirements_are_sound",
]

_STRONG = {"sha256", "sha384", "sha512"}
"""RECORD digests: sha256 or better (binary distribution format)."""

_WHEEL_VERSION = re.compile(r"1\.\d+")
"""Installers must refuse a greater major version (binary distribution format)."""

_METADATA_VERSION = re.compile(r"[12]\.\d+")
"""Installers must refuse a greater major version, and may warn of a minor one (core metadata)."""

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


def metadata_agrees(wheel: Wheel) -> None:
    """METADATA is of this very project and version, and installers understand it."""
    identity_agrees(wheel.metadata, wheel.project, wheel.version)
    requirements_are_sound(wheel.metadata)
    fields_are_sound(wheel.metadata)
    names_its_requirements(wheel.archive.read(f"{wheel.dist_info}/METADATA"))


def identity_agrees(metadata: RawMetadata, project: NormalizedName, expected: Version) -> None:
    """Compare name and version in the metadata with those of the file name."""
    name, version = metadata.get("name", ""), metadata.get("version", "")
    if canonicalize_name(name) != project:
        raise InvalidUpload(f"its metadata name the project {name!r}; expected {project!r}")
    try:
        agrees = Version(version) == expected
    except ValueError:  # `InvalidVersion`, or too many digits
        agrees = False
    if not agrees:
        raise InvalidUpload(f"its metadata have the version {version!r}; expected '{expected}'")


def requirements_are_sound(metadata: RawMetadata) -> None:
    """Metadata-Version is known; Requires-Python and each Requires-Dist can be parsed.

    A malformed Requires-Python breaks every page that it stands on; a malformed Requires-Dist
    every resolution that meets it.
    """
    _metadata_version_is_known(metadata)
    _requires_python_is_sound(metadata)
    for text in metadata.get("requires_dist", []):
        try:
            Requirement(text)
        except InvalidRequirement as error:
            why = str(error).partition("\n")[0]
            raise InvalidUpload(f"Requires-Dist is no requirement: {text!r}: {why}") from error


def names_its_requirements(metadata: bytes) -> None:
    """No Requires-Dist is a direct reference: whoever resolved it would follow its URL.

    As on PyPI, which takes none either.
    """
    if found := references_in_metadata(metadata):
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise refused(
            f"Requires-Dist has a direct reference, {found[0]!r}{more}; expected names alone:"
            " no index follows a URL in somebody's metadata",
            member="METADATA",
            rule=Rule.DIRECT_REFERENCE,
            hint="require the project by its name, and publish its wheel here as well;"
            " of a tree, `park install` and `park build` write the names themselves",
        )


def _metadata_version_is_known(metadata: RawMetadata) -> None:
    """See that the major version has rules that installers know; they must refuse others."""
    found = metadata.get("metadata_version", "")
    if not _METADATA_VERSION.fullmatch(found):
        raise InvalidUpload(f"Metadata-Version is {found or 'not given'}; expected 1.x or 2.x")


def _requires_python_is_sound(metadata: RawMetadata) -> None:
    text = metadata.get("requires_python", "")
    try:
        SpecifierSet(text)
    except InvalidSpecifier as error:
        raise InvalidUpload(f"Requires-Python is no version specifier: {text!r}") from error


def wheel_version_is_known(wheel: Wheel) -> None:
    """WHEEL has one Wheel-Version, of the major version that installers know."""
    found = parse_metadata_file(_read_text(wheel, "WHEEL")).get_all("Wheel-Version", [])
    if len(found) != 1 or not _WHEEL_VERSION.fullmatch(found[0]):
        raise refused(
            f"WHEEL has the Wheel-Version {', '.join(found) or 'none'}; expected one, of 1.x",
            member=f"{wheel.dist_info}/WHEEL",
            rule=Rule.WHEEL_VERSION,
        )


def tags_agree(wheel: Wheel) -> None:
    """WHEEL has the tags of the file name: installers go by one or by the other."""
    text = _read_text(wheel, "WHEEL")
    stated = (line.partition(":")[2].strip() for line in text.splitlines() if _is_tag(line))
    tags = frozenset(tag for item in stated for tag in parse_tag(item))
    if tags != wheel.tags:
        found = ", ".join(sorted(map(str, tags))) or "none"
        raise InvalidUpload(f"WHEEL has the tags {found}; the file name has others")


def scripts_can_be_made(wheel: Wheel) -> None:
    """entry_points.txt, if there is one, names scripts that every installer can make."""
    member = f"{wheel.dist_info}/entry_points.txt"
    if member not in wheel.archive.NameToInfo:
        return
    try:
        check_scripts(_read_text(wheel, "entry_points.txt"))
    except ValueError as error:
        raise refused(
            f"member {member!r}: {error}",
            member=member,
            rule=Rule.ENTRY_POINTS,
            hint="a script is NAME = MODULE:ATTRIBUTE under [console_scripts]; NAME has no slash",
        ) from error


def licences_are_there(wheel: Wheel) -> None:
    """Each License-File of a release is there, below ``.dist-info/licenses`` (PEP 639)."""
    if is_tree_version(str(wheel.version)):
        return
    for path in licence_files(wheel.metadata):
        member = f"{wheel.dist_info}/licenses/{path}"
        if member not in wheel.archive.NameToInfo:
            raise refused(
                f"License-File names {path!r}, and the wheel does not hold {member!r}",
                member=member,
                rule=Rule.LICENCE,
            )


def record_agrees(wheel: Wheel) -> None:
    """RECORD lists every file with a strong digest, each digest fits, and nothing is missing."""
    record = _read_record(wheel)
    files = {name for name in wheel.archive.namelist() if not name.endswith("/")}
    exempt = {f"{wheel.dist_info}/{name}" for name in _UNRECORDED}
    for name in sorted(record.keys() - files - exempt):
        raise refused(
            f"RECORD lists {name!r}, which the wheel does not hold", member=name, rule=Rule.RECORD
        )
    for name in sorted(files - exempt):
        _check_member(wheel, name, record.get(name))


def _check_member(wheel: Wheel, name: str, entry: RecordEntry | None) -> None:
    if entry is None:
        raise _unrecorded(name, "is not in RECORD")
    if entry.hash_ is None or entry.hash_.name not in _STRONG:
        raise _unrecorded(name, "has no sha256 (or better) digest in RECORD")
    with wheel.archive.open(name) as stream:
        if not entry.validate_stream(cast("BinaryIO", stream)):
            raise _unrecorded(name, "differs from its digest or size in RECORD")


def _unrecorded(name: str, why: str) -> InvalidUpload:
    return refused(f"member {name!r} {why}", member=name, rule=Rule.RECORD)


def _read_record(wheel: Wheel) -> dict[str, RecordEntry]:
    """Return RECORD by path; raises `InvalidUpload` for what is no RECORD."""
    record: dict[str, RecordEntry] = {}
    try:
        for row in parse_record_file(_read_text(wheel, "RECORD").splitlines()):
            if row[0] in record:
                raise refused(f"RECORD lists {row[0]!r} twice", member=row[0], rule=Rule.RECORD)
            record[row[0]] = RecordEntry.from_elements(*row)
    except (InvalidRecordEntry, csv.Error) as error:
        raise refused(
            f"RECORD cannot be read: {error}",
            member=f"{wheel.dist_info}/RECORD",
            rule=Rule.RECORD,
        ) from error
    return record


def _read_text(wheel: Wheel, name: str) -> str:
    try:
        return wheel.archive.read(f"{wheel.dist_info}/{name}").decode()
    except (KeyError, UnicodeDecodeError) as error:
        raise refused(
            f"{wheel.dist_info}/{name} is missing or not UTF-8",
            member=f"{wheel.dist_info}/{name}",
            rule=Rule.METADATA,
        ) from error


def _is_tag(line: str) -> bool:
    return line.lower().startswith("tag:")


WHEEL_CHECKS: tuple[Callable[[Wheel], None], ...] = (
    metadata_agrees,
    wheel_version_is_known,
    tags_agree,
    scripts_can_be_made,
    licences_are_there,
    record_agrees,
)
