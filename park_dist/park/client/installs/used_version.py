"""The environment of a project whose version was said beforehand."""

from __future__ import annotations

from packaging.utils import NormalizedName, canonicalize_name

from park.build.cache import user_cache
from park.build.local_set import LocalSet, local_set
from park.client.access.known_services import option_for
from park.client.access.transport import Transport
from park.client.choosing.nearness import ranked
from park.client.choosing.use import Use, keep_use, use_of
from park.client.choosing.versions import compared, versions_there
from park.client.installs.matching import substituted
from park.client.report import Report
from park.client.submission.binding import Binding
from park.errors import CannotSatisfy, LocalSetError
from park.model.entry_point import EntryPoint
from park.wire import EnvironmentRecord

__all__ = ["HERE", "binding_used", "binding_used_unseen", "forget_lock", "keep_lock"]

HERE = "here"
"""In the place of a lock: the version of here, as where nothing is said."""


def binding_used(
    transport: Transport, here: LocalSet, use: Use, entry_point: EntryPoint, report: Report
) -> Binding:
    """Return the nearest to ``here`` of the environments that ``use`` allows.

    Raises `CannotSatisfy` where the service has none of them.
    """
    records = _allowed(transport, use, entry_point)
    versions = [compared(each, here.requirements) for each in records]
    place = ranked(versions, here.requirements, here.project.name, here.version)
    nearest = place[0].version
    if nearest.matches_local:
        record = nearest.record
        return Binding(lock_hash=record.lock_hash, set_hash=record.set_hash)
    return substituted(here, nearest, f"as was said: {use.said}", report)


def binding_used_unseen(transport: Transport, use: Use, entry_point: EntryPoint) -> Binding:
    """Return the newest that ``use`` allows of a project that is not installed here."""
    record = _allowed(transport, use, entry_point)[0]
    return Binding(lock_hash=record.lock_hash, is_named=True)


def keep_lock(transport: Transport, target: str, lock: str) -> EnvironmentRecord:
    """Have jobs of ``target`` run in ``lock`` of the service from now on, and return what that is.

    ``target`` is a module or a project, installed here or not. Raises `CannotSatisfy` where the
    service has no such environment of it.
    """
    use = use_of(_project_of(target), lock=lock)
    record = _allowed(transport, use)[0]
    keep_use(transport.address.url, use.project, record.lock_hash)
    return record


def forget_lock(transport: Transport, target: str) -> NormalizedName:
    """Have jobs of ``target`` run in the version of here again, and return its project.

    The service is not asked: one that takes nothing refuses an install, and the choice stays.
    """
    project = _project_of(target)
    keep_use(transport.address.url, project, None)
    return project


def _project_of(target: str) -> NormalizedName:
    try:
        return local_set(target, cache=user_cache()).project.name
    except LocalSetError:
        return canonicalize_name(target)


def _allowed(
    transport: Transport, use: Use, entry_point: EntryPoint | None = None
) -> list[EnvironmentRecord]:
    asked = None if entry_point is None else str(entry_point)
    there = versions_there(transport, project=use.project, entry_point=asked)
    found = use.among(there)
    if not found:
        on = option_for(transport.address.url)
        has = ", ".join(dict.fromkeys(each.version for each in there)) or "none at all"
        raise CannotSatisfy(
            f"{transport.address.url} has no environment of {use.project} as was said"
            f" ({use.said}); it has {has}",
            hint=f"park versions{on} --nearest {use.project} lists what it has",
        )
    return found
