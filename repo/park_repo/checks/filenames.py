"""The names of distribution files: what they say, and which of them are the same file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from packaging.tags import Tag
    from packaging.utils import NormalizedName
    from packaging.version import Version

__all__ = [
    "METADATA_SUFFIX",
    "PROVENANCE_SUFFIX",
    "SDIST_SUFFIX",
    "WHEEL_SUFFIX",
    "DistributionName",
    "is_file_name",
    "named_in",
    "oddity_in",
    "parse_distribution_name",
    "version_in",
]

WHEEL_SUFFIX = ".whl"
SDIST_SUFFIX = ".tar.gz"

_WHEEL_FORM = "NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl"
_SDIST_FORM = "NAME-VERSION.tar.gz"

_MAX_CHARACTERS = 230
"""The file is kept under its name, and its METADATA under nine more; file systems take 255."""

METADATA_SUFFIX = ".metadata"

PROVENANCE_SUFFIX = ".provenance"
"""Behind the URL of a file: what attests to it (PEP 740). Nothing is kept under such a name."""

_LONGEST_NAME_BYTES = 255 - len(METADATA_SUFFIX)
"""NAME_MAX of Linux's file systems, with room for what stands beside a file."""

_PLAIN = re.compile(r"[A-Za-z0-9_.+!-]+")
"""What the binary distribution format allows; so a name is never a path."""


_RESERVED = re.compile(r'[\\:*?"<>|]')
"""What leads elsewhere or cannot be written where installers run (Windows: naming files)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DistributionName:
    """What the file name of a wheel or an sdist says."""

    filename: str
    project: NormalizedName
    version: Version
    build: str = ""
    """The build tag of a wheel, such as ``2b``; empty where there is none."""
    tags: frozenset[Tag] = frozenset()
    """The tags of a wheel; an sdist has none."""

    @property
    def is_wheel(self) -> bool:
        """True for a wheel, False for an sdist."""
        return self.filename.endswith(WHEEL_SUFFIX)

    @property
    def key(self) -> str:
        """The one spelling of all names that mean the same file.

        ``Foo-1.0-py3-none-any.whl`` and ``foo-1.0.0-py3-none-any.whl`` are the same to every
        installer, so an index may hold one of them only.
        """
        # without trailing zeros: 1.0 and 1 are one version
        stem = f"{self.project}-{canonicalize_version(self.version)}"
        if not self.is_wheel:
            return f"{stem}{SDIST_SUFFIX}"
        tags = ".".join(sorted(map(str, self.tags)))
        return f"{stem}-{self.build}-{tags}{WHEEL_SUFFIX}"


def parse_distribution_name(filename: str) -> DistributionName:
    """Return what ``filename`` says; raises `InvalidUpload` for what the index does not take."""
    if not filename.endswith((WHEEL_SUFFIX, SDIST_SUFFIX)):
        raise InvalidUpload(
            f"{filename!r}: only wheels (.whl) and sdists (.tar.gz) are taken;"
            f" expected {_WHEEL_FORM} or {_SDIST_FORM}",
            hint="build a wheel and upload that",
        )
    if not _PLAIN.fullmatch(filename):
        raise InvalidUpload(
            f"{filename!r}: a file name has letters, digits and -_.+! only;"
            f" expected {_WHEEL_FORM} or {_SDIST_FORM}"
        )
    if len(filename) > _MAX_CHARACTERS:
        raise InvalidUpload(
            f"{filename!r}: a file name of {len(filename)} characters;"
            f" expected at most {_MAX_CHARACTERS}"
        )
    try:
        if filename.endswith(SDIST_SUFFIX):
            project, version = parse_sdist_filename(filename)
            return DistributionName(filename=filename, project=project, version=version)
        project, version, build, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename) as error:
        form = _SDIST_FORM if filename.endswith(SDIST_SUFFIX) else _WHEEL_FORM
        raise InvalidUpload(f"{error}; expected {form}") from error
    return DistributionName(
        filename=filename,
        project=project,
        version=version,
        build="".join(map(str, build)),
        tags=tags,
    )


def is_file_name(text: str) -> bool:
    """Tell whether a file of another index can be kept here under this name, its METADATA beside.

    It may be of a form that nobody uploads any more; it is a name and no path.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return (
        0 < size <= _LONGEST_NAME_BYTES
        and text not in {".", ".."}
        and not any(c == "/" or ord(c) < ord(" ") for c in text)
    )


def oddity_in(filename: str) -> str | None:
    r"""Return why no tool gives a file of another index this name; None for a name as others.

    Old sdists have spaces and letters of other scripts in theirs, which no tool writes any more
    and every installer takes. ``c:\foo-1.0.tar.gz`` is a path to some of them, and a character
    that nobody sees makes two files look like one.
    """
    if found := _RESERVED.search(filename):
        return f"no tool gives a file a name with {found.group()!r} in it"
    if not filename.isprintable():
        return "no tool gives a file a name with characters that cannot be printed"
    if filename != filename.strip() or filename.startswith(("-", ".", "~")):
        return f"no tool gives a file a name that begins or ends so: {filename!r}"
    return None


def named_in(filename: str) -> tuple[str, str]:
    """Return the project and the version that a file of another index says, or twice nothing.

    That may be an sdist of a form that nobody uploads any more (.zip).
    """
    for parse in (parse_wheel_filename, parse_sdist_filename):
        try:
            project, version, *_ = parse(filename)
        except (InvalidWheelFilename, InvalidSdistFilename, ValueError):
            continue
        return str(project), str(version)
    return "", ""


def version_in(filename: str) -> str:
    """Return the version that the name of a file of another index says, or nothing."""
    return named_in(filename)[1]
