"""Core metadata: the few fields of it that name a project, its version and its requirements."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import InvalidName, NormalizedName, canonicalize_name

from park.errors import LocalSetError
from park.model.pins import normalized_version

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["CoreMetadata", "parse_metadata", "project_name"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CoreMetadata:
    """What a distribution says of itself (the Core Metadata specification).

    ``requires`` has the ``Requires-Dist`` values as written, markers included; ``extras``
    the ``Provides-Extra`` names, normalised (PEP 685).
    """

    name: NormalizedName
    version: str
    requires: tuple[str, ...]
    extras: tuple[str, ...]


def project_name(text: str, *, where: str) -> NormalizedName:
    """Return ``text`` as a normalised project name (PEP 503).

    Raises `LocalSetError`, naming ``where`` it was read, if it is not a valid name.
    """
    try:
        return canonicalize_name(text, validate=True)
    except InvalidName:
        raise LocalSetError(
            f"not a project name: {text!r} in {where}; "
            "expected ASCII letters, digits, '.', '-' and '_', a letter or digit at both ends",
            hint="correct the name where the project declares it, and install it again",
        ) from None


def parse_metadata(text: str, *, where: str) -> CoreMetadata:
    """Read a METADATA or PKG-INFO file.

    Only the headers are looked at, and not with `email`: a description can have 100 kB, and
    85 distributions with 1 MB in all take 20 ms with it and 3 ms with this (measured).
    Raises `LocalSetError` where name or version is missing.
    """
    fields: dict[str, list[str]] = {}
    for field, value in _headers(text):
        fields.setdefault(field, []).append(value)
    if "name" not in fields or "version" not in fields:
        raise LocalSetError(
            f"{where} has no Name or no Version; expected both (Core Metadata specification)",
            hint="the installation is damaged: install that project again",
        )
    return CoreMetadata(
        name=project_name(fields["name"][0], where=where),
        version=normalized_version(fields["version"][0]),
        requires=tuple(fields.get("requires-dist", ())),
        extras=tuple(map(canonicalize_name, fields.get("provides-extra", ()))),
    )


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """Yield each header as (lower-case field name, value), folded lines joined."""
    field, value = "", ""
    for line in text.splitlines():
        if not line:
            break
        if line[0] in " \t":
            value += " " + line.strip()
            continue
        if field:
            yield field, value
        name, _, rest = line.partition(":")
        field, value = name.strip().lower(), rest.strip()
    if field:
        yield field, value
