"""What core metadata must say in the fields that others read, beside the requirements.

Values that no reader understands are refused; a field that an older Metadata-Version does not
have is left alone, since builders of every age write such (core metadata, PEP 639, PEP 643).
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import parse_email
from packaging.utils import InvalidName, canonicalize_name

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

__all__ = ["fields_are_sound", "licence_files", "read_metadata"]

_NEVER_DYNAMIC = frozenset({"metadata-version", "name", "version"})
"""What a builder may not leave open (PEP 643)."""

_DECIDE = ("metadata-version", "name", "version", "requires-python", "license-expression")
"""Fields that may be there once: of two, some readers take the first and some the last."""

_WITHOUT_LICENCE_FILES = frozenset({"1.0", "1.1", "1.2", "2.1", "2.2", "2.3"})
"""Metadata-Versions from before PEP 639: there License-File is a builder's own field."""


def read_metadata(text: bytes) -> RawMetadata:
    """Return the fields of METADATA or PKG-INFO; raises `InvalidUpload` where readers differ."""
    metadata, unread = parse_email(text)
    for field in _DECIDE:
        if field in unread:
            found = ", ".join(map(repr, unread[field]))
            raise InvalidUpload(f"its metadata have {field} as {found}; expected it once, in UTF-8")
    return metadata


def fields_are_sound(metadata: RawMetadata) -> None:
    """See that extras are names, the licence is an expression, and what is open may be open."""
    for extra in metadata.get("provides_extra", []):
        try:
            canonicalize_name(extra, validate=True)
        except InvalidName:
            raise InvalidUpload(
                f"Provides-Extra is no name: {extra!r}",
                hint="an extra has letters, digits, '.', '-' and '_', and a letter or a digit at "
                "each end",
            ) from None
    _licence_is_sound(metadata.get("license_expression"))
    fixed = sorted(_NEVER_DYNAMIC.intersection(map(str.lower, metadata.get("dynamic", []))))
    if fixed:
        raise InvalidUpload(f"Dynamic names {', '.join(fixed)}, which no build may change")


def licence_files(metadata: RawMetadata) -> list[str]:
    """Return the paths of licence files that a release has, seen from its root (PEP 639).

    Raises `InvalidUpload` for what is no path below that, and for a release with both
    License and License-Expression, of which readers see one.
    """
    if metadata.get("metadata_version") in _WITHOUT_LICENCE_FILES:
        return []
    if "license" in metadata and "license_expression" in metadata:
        raise InvalidUpload(
            "its metadata have both License and License-Expression; expected one of them",
            hint='write license = "MIT" in pyproject.toml, and build with a current backend',
        )
    paths = metadata.get("license_files", [])
    for path in paths:
        if "\\" in path or path.startswith(("/", "..")) or posixpath.normpath(path) != path:
            raise InvalidUpload(
                f"License-File is no path below the root of the project: {path!r}",
                hint="such a path has / between its parts, and no ..",
            )
    return paths


def _licence_is_sound(text: str | None) -> None:
    if text is None:
        return
    try:
        canonicalize_license_expression(text)
    except InvalidLicenseExpression as error:
        raise InvalidUpload(
            f"License-Expression is none of SPDX: {text!r}: {str(error).partition(chr(10))[0]}",
            hint="for example MIT, or Apache-2.0 OR BSD-3-Clause, or LicenseRef-Own",
        ) from None
