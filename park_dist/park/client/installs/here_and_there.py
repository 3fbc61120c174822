"""What a service has of projects, beside what is installed here."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.utils import NormalizedName, canonicalize_name

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set, project_set
from park.client.choosing.nearness import Ranked, ranked
from park.client.choosing.version_list import VersionList
from park.client.choosing.versions import compared, versions_there
from park.client.installs.index_memory import known_lacking
from park.errors import LocalSetError, NoDistribution
from park.local.set_options import PLAIN, SetOptions

if TYPE_CHECKING:
    from park.client.access.transport import Transport

__all__ = ["nearest_to_here", "versions_beside"]


def versions_beside(transport: Transport, project: str | None, newest: int | None) -> VersionList:
    """Return what the service has, each version compared with what is installed here."""
    records = versions_there(transport, project=project, newest=newest)
    options = _as_known(transport)
    names = {each.project for each in records}
    local = {name: _local_requirements(name, options) for name in names}
    return VersionList(
        compared(each, None if (here := local[each.project]) is None else here.requirements)
        for each in records
    )


def nearest_to_here(transport: Transport, project: str, entry_point: str | None) -> list[Ranked]:
    """Return what the service has of ``project``, the nearest to what is here first."""
    name = canonicalize_name(project)
    here = _set_here(name, _as_known(transport))
    records = versions_there(transport, project=name, entry_point=entry_point)
    found = [compared(each, here.requirements) for each in records]
    return ranked(found, here.requirements, name, here.version)


def _as_known(transport: Transport) -> SetOptions:
    return PLAIN.copying(known_lacking(transport.address.url))


def _set_here(name: NormalizedName, options: SetOptions) -> LocalSet:
    """Return the set of a project: as it is installed, else of its tree in the current folder.

    Jobs of such a tree are submitted without an install, so whoever hears what there is instead
    asks for it there. Raises `NoDistribution`.
    """
    try:
        return project_set(name, cache=user_cache(), options=options)
    except NoDistribution:
        with suppress(LocalSetError):
            found = local_set(name.replace("-", "_"), cache=user_cache(), options=options)
            if found.project.name == name:
                return found
        raise


def _local_requirements(project: str, options: SetOptions) -> LocalSet | None:
    """Return the local set of a project by its name, or None where it is not installed here."""
    try:
        return project_set(canonicalize_name(project), cache=user_cache(), options=options)
    except LocalSetError:
        return None
