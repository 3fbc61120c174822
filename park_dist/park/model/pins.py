"""Pins, requirement sets, their hash and their differences.

A requirement set is what a client has installed for one project: every project of the
closure, pinned. A local tree carries the hash of its files in its version
(``1.4.2+t3f…``), so equal pins mean equal code.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NewType

from packaging.utils import NormalizedName, canonicalize_name
from packaging.version import Version

from park.errors import UsageError

__all__ = [
    "Difference",
    "Pin",
    "RequirementSet",
    "SetHash",
    "differences",
    "is_tree_version",
    "normalized_version",
    "parse_pin",
]

SetHash = NewType("SetHash", str)
"""SHA-256 in hex over the sorted pins of a requirement set and its Python minor."""

_SET_HASH_FORMAT = 1

_HEX = frozenset("0123456789abcdef")


def normalized_version(text: str) -> str:
    """Return ``text`` as PEP 440 normalises it, or unchanged where it is no PEP 440 version.

    Old distributions with other versions are still installed here and there; they keep
    their spelling, and a service that cannot take them says so.
    """
    try:
        return str(Version(text))
    except ValueError:  # `InvalidVersion`, or more digits than Python converts
        return text


def is_tree_version(version: str) -> bool:
    """Tell whether ``version`` names a working tree (a last local segment ``t<16 hex>``).

    >>> is_tree_version("1.0+t0123456789abcdef"), is_tree_version("1.0+g12")
    (True, False)
    """
    last = version.partition("+")[2].rpartition(".")[2]
    return len(last) == 17 and last[0] == "t" and _HEX.issuperset(last[1:])  # noqa: PLR2004 (t and 16 hex digits)


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Pin:
    """One project at one version. Both are kept in their normalised spelling."""

    name: NormalizedName
    version: str

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


def parse_pin(name: str, version: str) -> Pin:
    """Return the pin with name (PEP 503) and version (PEP 440) normalised."""
    return Pin(name=canonicalize_name(name), version=normalized_version(version))


@dataclass(frozen=True, kw_only=True, slots=True)
class RequirementSet:
    """The pins of a closure for one Python minor (such as ``"3.11"``), sorted by name."""

    python: str
    pins: tuple[Pin, ...]
    asked: frozenset[NormalizedName] = field(default=frozenset(), compare=False)
    """Names of releases that were asked for, and are not installed here."""

    @classmethod
    def of(cls, python: str, pins: Iterable[Pin]) -> RequirementSet:
        """Sort ``pins`` and return their set.

        Raises `UsageError` where one name has two versions.
        """
        by_name: dict[NormalizedName, Pin] = {}
        for pin in pins:
            other = by_name.setdefault(pin.name, pin)
            if other != pin:
                raise UsageError(f"two versions of {pin.name} in one set: {other}, {pin}")
        return cls(python=python, pins=tuple(sorted(by_name.values())))

    @property
    def hash(self) -> SetHash:
        """The set hash: the same on every platform, on client and service alike."""
        document = {
            "format": _SET_HASH_FORMAT,
            "python": self.python,
            "pins": [[pin.name, pin.version] for pin in self.pins],
        }
        canonical = json.dumps(document, separators=(",", ":"), sort_keys=True)
        return SetHash(hashlib.sha256(canonical.encode()).hexdigest())

    def versions(self) -> dict[NormalizedName, str]:
        """Return the version of each name."""
        return {pin.name: pin.version for pin in self.pins}


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Difference:
    """One project that two sets hold differently; None where a set lacks it."""

    name: str
    local: str | None
    service: str | None
    is_here: bool = field(default=True, compare=False)
    """Whether ``local`` is installed here, and not merely asked for."""

    def __str__(self) -> str:
        side = "here" if self.is_here else "asked for"
        return f"{self.name}: {self.local or 'absent'} {side}, {self.service or 'absent'} there"

    def as_json(self) -> dict[str, str | None]:
        """Return the documented JSON form."""
        return {"name": self.name, "local": self.local, "service": self.service}


def differences(
    local: Mapping[NormalizedName, str], service: Mapping[NormalizedName, str]
) -> tuple[Difference, ...]:
    """Compare two sets of versions by name, package by package, sorted by name."""
    return tuple(
        Difference(name=name, local=local.get(name), service=service.get(name))
        for name in sorted(local.keys() | service.keys())
        if local.get(name) != service.get(name)
    )
