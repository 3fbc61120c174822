"""What goes along although nothing requires it: named by hand, and installed here."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from park.errors import LocalSetError, NoDistribution, NotImportable
from park.local.distributions import look_up
from park.local.find import Describe, find, with_extras
from park.local.hint_commands import quoted

if TYPE_CHECKING:
    from pathlib import Path

    from park.local.project import LocalProject

__all__ = ["taken_project"]


def taken_project(text: str, *, cwd: Path | None, describe: Describe) -> LocalProject:
    """Return what is installed here and named by ``text``, which may have extras.

    It is the name of a project, with or without the version that it must have; or else what
    `park.local.find.find` takes: a module, a source tree, a wheel. Raises `NoDistribution`
    where nothing here is called so, `LocalSetError` where it has another version.
    """
    requirement = _requirement(text)
    project = None if requirement is None else look_up(canonicalize_name(requirement.name))
    if requirement is None or project is None:
        return _found(text, cwd, describe, is_path=requirement is None)
    if not requirement.specifier.contains(project.version, prereleases=True):
        raise LocalSetError(
            f"{text} was to be taken along; {project} is installed here",
            hint=f"take what is here: --with {project.name}; "
            f"or have the service resolve it: requires=[{text!r}]",
        )
    return with_extras(project, frozenset(requirement.extras))


def _found(text: str, cwd: Path | None, describe: Describe, *, is_path: bool) -> LocalProject:
    try:
        return find(text, cwd=cwd, describe=describe)
    except (NotImportable, NoDistribution):
        if is_path:
            raise
        raise NoDistribution(
            f"{text} is not installed in this interpreter ({sys.executable})",
            hint="--with takes along what is installed here; what only the service's index has "
            f"it resolves itself: park run {quoted(text)} MODULE:FUNCTION, or requires=[{text!r}]",
        ) from None


def _requirement(text: str) -> Requirement | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    is_plain = requirement.url is None and requirement.marker is None
    return requirement if is_plain else None
