"""A lock with some of its wheels exchanged: pure.

Where a new wheel requires what the old one did, the resolution would come out the same: all
versions are pinned, and no requirement is new. So the old lock with the wheel exchanged is
the new lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.parser import HeaderParser

from packaging.pylock import Package, Pylock
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import NormalizedName, canonicalize_name

from park.model.pylock import wheel_package
from park_server.envs.pylock import OWN_WHEELS, LockedWheel

__all__ = ["exchanged", "same_requirements"]


def same_requirements(before: str, after: str) -> bool:
    """Tell whether two texts of core metadata make the same demands on a resolution.

    That is: on Python, on other projects, and under the same extras. What cannot be parsed
    is compared as it is written.
    """
    return _demands(before) == _demands(after)


def exchanged(lock: Pylock, wheels: Mapping[NormalizedName, LockedWheel]) -> Pylock | None:
    """Return ``lock`` (of our form) with ``wheels`` in the place of those of the same names.

    None where it has no such project.
    """
    if not wheels.keys() <= {package.name for package in lock.packages}:
        return None
    packages = [
        _package(package, wheels[package.name]) if package.name in wheels else package
        for package in lock.packages
    ]
    return replace(lock, packages=packages)


def _package(package: Package, wheel: LockedWheel) -> Package:
    own = wheel_package(wheel.name, wheel.version, wheel, path=f"{OWN_WHEELS}/{wheel.filename}")
    return replace(package, version=own.version, wheels=own.wheels)


def _demands(metadata: str) -> tuple[str, frozenset[str], frozenset[str]]:
    headers = HeaderParser().parsestr(metadata)
    return (
        _specifier(headers.get("Requires-Python", "")),
        frozenset(map(_requirement, headers.get_all("Requires-Dist", []))),
        frozenset(map(canonicalize_name, headers.get_all("Provides-Extra", []))),
    )


def _specifier(text: str) -> str:
    try:
        return str(SpecifierSet(text))
    except InvalidSpecifier:
        return text


def _requirement(text: str) -> str:
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return text
    found.name = canonicalize_name(found.name)
    return str(found)
