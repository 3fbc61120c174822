"""How near what a service has is to what is installed here: a total order, with its reasons.

Two versions are compared step by step, and the first step in which they differ decides:

1. one with the Python minor of here comes before one with another;
2. one that was released, or is somebody's, before an edit of the same tree, which its author
   has left behind;
3. the nearer version of the project itself (`distance`);
4. the nearer versions of what jobs of the entry point import there, where that is known;
5. the nearer versions of everything else, the worst of them first;
6. the one that was installed last.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from park.client.choosing.versions import ServiceVersion
from park.model.pins import Difference, RequirementSet, is_tree_version

__all__ = ["Ranked", "distance", "is_edit", "ranked"]

_OF_ONE_RELEASE = (2, 0)

_ABSENT = (9, 0)
"""Farther than any version is one that only one side has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ranked:
    """One version of a service at its place, the nearest first.

    ``reason`` says what puts it behind the one before it, "" for the first.
    ``is_compatible`` tells that what jobs of the entry point import there, the project
    included, has the same versions here; None where nothing of it has run there.
    """

    version: ServiceVersion
    reason: str
    is_compatible: bool | None

    def as_json(self) -> dict[str, Any]:
        """Return the documented JSON form."""
        record = self.version.record
        return {
            "project": record.project,
            "version": record.version,
            "python": record.python,
            "lock_hash": record.lock_hash,
            "compatible": self.is_compatible,
            "farther": self.reason or None,
            "differences": [each.as_json() for each in self.version.differences],
        }


def ranked(
    versions: Iterable[ServiceVersion], here: RequirementSet, project: str, version: str
) -> list[Ranked]:
    """Return ``versions`` of ``project`` in their order to ``version`` here.

    Among equals the order stays: a service tells its newest first.
    """
    placed = [_Place.of(each, here, canonicalize_name(project), version) for each in versions]
    placed.sort(key=lambda place: place.steps)
    before: list[_Place | None] = [None, *placed]
    return [
        Ranked(
            version=place.version,
            reason="" if last is None else _reason(last, place),
            is_compatible=place.is_compatible,
        )
        for last, place in zip(before, placed, strict=False)
    ]


def distance(a: str | None, b: str | None) -> tuple[int, ...]:
    """Return how far two versions are from each other, as numbers that compare.

    (0, 0): the same. (1, 0): builds or edits of one release, which differ in their local
    part. (2, 0): the same release, but for pre, post or dev. (3, n): n apart in the fourth
    number or a later one; (4, n) in the third, (5, n) in the second, (6, n) in the first,
    (7, n) in the epoch; where n is the same, the numbers after it decide. (8, 0): one of them
    is no version (PEP 440). (9, 0): one is absent.
    """
    if a == b:
        return (0, 0)
    if a is None or b is None:
        return _ABSENT
    try:
        return _between(Version(a), Version(b))
    except ValueError:
        return (8, 0)


def _between(one: Version, other: Version) -> tuple[int, ...]:
    if one.public == other.public:
        return (1, 0)
    if one.epoch != other.epoch:
        return (7, abs(one.epoch - other.epoch))
    low, high = sorted((one, other))
    # a later version has the larger numbers: 1.9 is nearer to 2.0 than 1.8, 3.0 than 3.5
    apart = [y - x for x, y in zip_longest(low.release, high.release, fillvalue=0)]
    place = next((place for place, n in enumerate(apart) if n), None)
    return (2, 0) if place is None else (max(6 - place, 3), *apart[place:])


def is_edit(found: str, version: str) -> bool:
    """Tell whether both versions are of one tree, edited between.

    Where version control counts (``1.2.dev3``, ``1.2.dev4``), each commit makes another one.

    >>> is_edit("1.2.dev3+g12ab.t0123456789abcdef", "1.2.dev4+g34cd.tfedcba9876543210")
    True
    """
    if found == version or not (is_tree_version(version) and is_tree_version(found)):
        return False
    return distance(found, version) <= _OF_ONE_RELEASE


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """A version there, and how far it is from that of here."""

    version: ServiceVersion
    steps: tuple[Any, ...]
    imported: tuple[Difference, ...]
    others: tuple[Difference, ...]
    is_compatible: bool | None

    @classmethod
    def of(cls, found: ServiceVersion, here: RequirementSet, project: str, version: str) -> _Place:
        record = found.record
        packages = [each for each in found.differences if each.name not in {"python", project}]
        used: Collection[str] | None = record.used
        imported = tuple(each for each in packages if used is not None and each.name in used)
        others = tuple(each for each in packages if each not in imported)
        same_python = record.python == here.python
        own = distance(record.version, version)
        return cls(
            version=found,
            steps=(
                not same_python,
                is_edit(record.version, version),
                own,
                _worst_first(imported),
                _worst_first(others),
            ),
            imported=imported,
            others=others,
            is_compatible=None if used is None else same_python and own == (0, 0) and not imported,
        )


def _worst_first(found: Iterable[Difference]) -> list[tuple[int, ...]]:
    return sorted((distance(each.local, each.service) for each in found), reverse=True)


def _reason(nearer: _Place, place: _Place) -> str:
    """Say in which step ``place`` is behind the one that is ``nearer``."""
    step = next(
        (n for n, (a, b) in enumerate(zip(nearer.steps, place.steps, strict=True)) if a != b), None
    )
    record = place.version.record
    reasons = {
        0: f"it has Python {record.python}",
        1: "it is an edit that its author has left behind",
        2: f"{record.version} is farther from here than {nearer.version.record.version}",
        3: f"what its jobs import differs more: {_named(place.imported)}",
        4: f"its other packages differ more: {_named(place.others)}",
        None: "it is as near, and was installed before",
    }
    return reasons[step]


_NAMED = 3
"""Packages that a reason names."""


def _named(found: Sequence[Difference]) -> str:
    worst = sorted(found, key=lambda each: distance(each.local, each.service), reverse=True)
    names = [f"{each.name} {each.service or 'absent'}" for each in worst[:_NAMED]]
    return ", ".join(names) + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
