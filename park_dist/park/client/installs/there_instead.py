"""What a service has of a project in place of what is installed here, in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from park.build.local_set import LocalSet
from park.client.access.transport import Transport
from park.client.choosing.nearness import Ranked, is_edit, ranked
from park.client.choosing.version_lines import lines_of
from park.client.choosing.versions import ServiceVersion, compared, versions_there
from park.errors import EnvironmentMismatch, NotPermitted
from park.model.pins import Difference, RequirementSet

__all__ = [
    "ThereInstead",
    "instead_of",
    "mismatch",
    "there_instead",
    "version_here",
    "what_is_here",
]

_COMPARED = 100
"""Releases, and working trees, that are compared: each comes with its pins, some 2 kB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ThereInstead:
    """What the service has instead: ``line`` says it, ``differences`` follow package by package.

    ``versions`` are those to fall back to, the nearest first: releases, and somebody's
    versions, but never an edit of the same tree, which its author has left behind.
    """

    line: str
    versions: tuple[Ranked, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def nearest(self) -> ServiceVersion | None:
        """The first of ``versions``."""
        return self.versions[0].version if self.versions else None


def version_here(transport: Transport, here: RequirementSet, project: str) -> ServiceVersion | None:
    """Return the environment on the service that is ``here``, whatever its status, or None."""
    records = versions_there(transport, project=project, set_hash=here.hash)
    return next((found for each in records if (found := compared(each, here)).matches_local), None)


def there_instead(
    transport: Transport, here: LocalSet, entry_point: str | None = None
) -> ThereInstead:
    """Return what the service has of the project of ``here``, of each tree its newest edit.

    Of the newest versions: what is nearest is hardly one of a thousand versions ago. Where jobs
    of ``entry_point`` ran in them, what they import weighs more than what they do not.
    """
    records = versions_there(
        transport,
        project=here.project.name,
        edits=1,
        newest=_COMPARED,
        entry_point=entry_point,
    )
    versions = [compared(each, here.requirements) for each in records]
    return instead_of(versions, here.requirements, here.project.name, here.version)


def instead_of(
    versions: Iterable[ServiceVersion], here: RequirementSet, project: str, version: str
) -> ThereInstead:
    """Return what of ``versions`` is to be had in place of ``version`` here, and says it."""
    found = ranked(versions, here, project, version)
    others = tuple(each for each in found if not is_edit(each.version.record.version, version))
    if others:
        near = others[0].version
        return ThereInstead(
            line=_differs(near, version), versions=others, differences=near.differences
        )
    if not found:
        return ThereInstead(line="the service has no environment of it yet")
    return _among_edits(found[0].version)


def _differs(near: ServiceVersion, version: str) -> str:
    if near.record.version == version:
        return "the service has it with other dependencies"
    return f"it differs from the nearest there, {near.record.version}"


def _among_edits(edit: ServiceVersion) -> ThereInstead:
    own = canonicalize_name(edit.record.project)
    differences = tuple(each for each in edit.differences if each.name != own)
    what = "another edit of it, with other dependencies" if differences else "another edit of it"
    return ThereInstead(line=f"the service has {what}", differences=differences)


def what_is_here(here: LocalSet) -> str:
    """Name the version of here, for people."""
    return f"{here.project.name} {here.version} on Python {here.requirements.python}"


_LISTED = 5
"""Versions that an error tells of; `park versions --nearest` has them all."""


def mismatch(
    here: LocalSet, instead: ThereInstead, url: str, refusal: NotPermitted | None
) -> EnvironmentMismatch:
    """Return the error that says what there is, the nearest first, and how it differs from here.

    ``refusal`` is why the service makes no environment of what is here, where it was asked to.
    """
    module = here.module or here.project.root
    lines = [f"{url} has no environment that matches {what_is_here(here)}"]
    hint = f"park install {module}"
    if refusal is not None:
        lines.append(f"it does not make one for you: {refusal.message}")
        hint = refusal.hint or "ask its operator"
    lines.append(instead.line)
    for each in instead.versions[:_LISTED]:
        lines += (f"  {line}" for line in lines_of(each))
    if instead.versions:
        lock = instead.versions[0].version.record.lock_hash[:12]
        hint = f"{hint}; or run in the nearest: --lock {lock}, or for all of its jobs park install"
        hint = f"{hint} {module} --use {lock}"
    else:
        lines += (f"  {difference}" for difference in instead.differences)
    return EnvironmentMismatch(
        "\n".join(lines),
        hint=hint,
        details={
            "differences": [each.as_json() for each in instead.differences],
            "versions": [each.as_json() for each in instead.versions],
        },
    )
