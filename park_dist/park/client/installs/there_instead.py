"""What a service has of a project in place of what is installed here, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name

from park.build.local_set import LocalSet
from park.client.access.transport import Transport
from park.client.installs.versions import ServiceVersion, compared
from park.model.pins import Difference, RequirementSet, is_tree_version
from park.wire import API, EnvironmentRecord, decode

__all__ = ["ThereInstead", "nearest", "there_instead", "version_here"]

_COMPARED = 100
"""Releases, and working trees, that are compared: each comes with its pins, some 2 kB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ThereInstead:
    """What the service has instead: ``line`` says it, ``differences`` follow package by package.

    ``nearest`` is the version to fall back to: a release, or somebody's version, but never an
    edit of the same tree, which its author has left behind.
    """

    line: str
    nearest: ServiceVersion | None = None
    differences: tuple[Difference, ...] = ()


def version_here(transport: Transport, here: RequirementSet, project: str) -> ServiceVersion | None:
    """Return the environment on the service that is ``here``, whatever its status, or None."""
    query = {"project": project, "set_hash": here.hash}
    records = (decode(EnvironmentRecord, each) for each in _asked(transport, query))
    return next((found for each in records if (found := compared(each, here)).matches_local), None)


def there_instead(transport: Transport, here: LocalSet) -> ThereInstead:
    """Return what the service has of the project of ``here``, of each tree its newest edit.

    Of the newest versions: what is nearest is hardly one of a thousand versions ago.
    """
    found = _asked(transport, {"project": here.project.name, "edits": 1, "newest": _COMPARED})
    records = (decode(EnvironmentRecord, each) for each in found)
    return nearest((compared(each, here.requirements) for each in records), here.version)


def _asked(transport: Transport, query: Mapping[str, str | int]) -> list[Any]:
    answer: list[Any] = transport.json("GET", f"{API}/versions", params=query)
    return answer


def nearest(versions: Iterable[ServiceVersion], version: str) -> ThereInstead:
    """Return which of ``versions`` has the fewest differences to ``version`` here, and says it.

    The newest comes first among equals; an edit of the same tree only where there is no other.
    """
    found = list(versions)
    others = [each for each in found if not _is_edit(each, version)]
    if others:
        near = min(others, key=lambda each: len(each.differences))
        return ThereInstead(
            line=_differs(near, version), nearest=near, differences=near.differences
        )
    if not found:
        return ThereInstead(line="the service has no environment of it yet")
    return _among_edits(min(found, key=lambda each: len(each.differences)))


def _is_edit(found: ServiceVersion, version: str) -> bool:
    """Tell whether both are trees of one version, edited between."""
    return (
        is_tree_version(version)
        and is_tree_version(found.record.version)
        and found.record.version != version
        and found.record.version.partition("+")[0] == version.partition("+")[0]
    )


def _differs(near: ServiceVersion, version: str) -> str:
    if near.record.version == version:
        return "the service has it with other dependencies"
    return f"it differs from the nearest there, {near.record.version}"


def _among_edits(edit: ServiceVersion) -> ThereInstead:
    own = canonicalize_name(edit.record.project)
    differences = tuple(each for each in edit.differences if each.name != own)
    what = "another edit of it, with other dependencies" if differences else "another edit of it"
    return ThereInstead(line=f"the service has {what}", differences=differences)
