"""What core metadata must say in the fields that others read, beside the requirements.

Values that no reader understands are refused; a field that an older Metadata-Version does not
have is left alone, since builders of every age write such (core metadata, PEP 639, PEP 643).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import InvalidName, canonicalize_name

from park.errors import InvalidUpload

if TYPE_CHECKING:
    from packaging.metadata import RawMetadata

__all__ = ["fields_are_sound"]

_NEVER_DYNAMIC = frozenset({"metadata-version", "name", "version"})
"""What a builder may not leave open (PEP 643)."""


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
