"""Routes of environments: list, show, verify, pin, remove; what they take on the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterator
from functools import partial
from itertools import islice
from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from park.errors import NotPermitted, UnknownItem
from park.model.lock_hash import LockHash
from park.wire import (
    EnvironmentDetail,
    EnvironmentSummary,
    PinRecord,
    StorageRecord,
    VerificationRecord,
)
from park.wire.newest import folded, kind_of
from park_server.envs import environment_rows
from park_server.envs.pylock import load
from park_server.http.auth import caller_of, require_role, user_of
from park_server.http.front.streamed_list import streamed_records
from park_server.http.parts import MOST, ServiceParts, parts_of
from park_server.http.routing.declared_routes import DeclaredRoutes
from park_server.installs.permitted.usable_locks import owners
from park_server.trust.rights import Role

__all__ = ["named", "router"]

router = DeclaredRoutes()

_AT_ONCE = 200
"""Environments that are read together."""


@router.get("/environments", response_model=list[EnvironmentSummary])
async def list_environments(
    request: Request, newest: Annotated[int | None, Query(ge=1, le=MOST)] = None
) -> Response:
    """Return the environments that the user may see, the newest first.

    With ``newest``, of each project the newest so many, of releases and of working trees.
    """
    parts, user = parts_of(request), user_of(request)

    return await streamed_records(user, summaries(parts, user, newest=newest))


@router.get("/storage")
async def storage(request: Request) -> StorageRecord:
    """Return what environments and unpacked wheels take, and may take."""
    return await asyncio.to_thread(_storage, parts_of(request))


@router.get("/environments/{prefix}")
async def show_environment(request: Request, prefix: str) -> EnvironmentDetail:
    """Return one environment with its packages."""
    parts = parts_of(request)
    summary = named(parts, user_of(request), prefix)
    return await asyncio.to_thread(_detail, parts, summary)


@router.post("/environments/{prefix}/verify")
async def verify_environment(
    request: Request, prefix: str, *, thorough: bool = False
) -> VerificationRecord:
    """Compare an environment with its manifests, and repair it where it was changed."""
    parts = parts_of(request)
    lock_hash = LockHash(named(parts, user_of(request), prefix).lock_hash)
    found = await parts.keeper.verify(lock_hash, thorough=thorough)
    return VerificationRecord(
        lock_hash=lock_hash, damages=list(found.damages), repaired=found.repaired
    )


@router.put("/environments/{prefix}/pin")
async def pin_environment(request: Request, prefix: str) -> EnvironmentSummary:
    """Keep an environment from eviction, for this user."""
    return await _pinned(request, prefix, pin=True)


@router.delete("/environments/{prefix}/pin")
async def unpin_environment(request: Request, prefix: str) -> EnvironmentSummary:
    """Take back this user's pin."""
    return await _pinned(request, prefix, pin=False)


@router.delete("/environments/{prefix}")
async def remove_environment(request: Request, prefix: str) -> EnvironmentSummary:
    """Evict an environment; its lock and its wheels stay, and a job brings it back.

    One that others installed, too, only whoever operates the service.
    """
    parts, user = parts_of(request), user_of(request)
    lock_hash = LockHash(named(parts, user, prefix).lock_hash)
    _require_own(request, lock_hash)
    await parts.keeper.remove(lock_hash, why=f"removed by {user}")
    return named(parts, user, lock_hash)


def _require_own(request: Request, lock_hash: LockHash) -> None:
    """Raise `NotPermitted` where others have installed the environment, for all but operators."""
    parts = parts_of(request)
    others = parts.database.read(lambda c: owners(c, lock_hash)) - {user_of(request)}
    if others and not caller_of(request).rights.has(Role.OPERATE):
        raise NotPermitted(
            f"environment {lock_hash[:12]}… is not yours alone: others have installed it, too",
            hint=f"ask {parts.about.user}, who operates this service",
        )


async def _pinned(request: Request, prefix: str, *, pin: bool) -> EnvironmentSummary:
    parts, user = parts_of(request), user_of(request)
    lock_hash = named(parts, user, prefix).lock_hash
    if user not in parts.database.read(lambda c: owners(c, lock_hash)):
        require_role(request, Role.OPERATE, "pin what you installed yourself: park install")
    change = environment_rows.pin if pin else environment_rows.unpin
    await parts.database.awrite(lambda c: change(c, lock_hash, user))
    return named(parts, user, lock_hash)


def summaries(
    parts: ServiceParts, user: str, *, prefix: str = "", newest: int | None = None
) -> Iterator[EnvironmentSummary]:
    """Yield what is known of each environment that ``user`` may see, a few read at a time.

    Of those whose lock hash begins with ``prefix``; of each project the ``newest``. One that has
    gone since they were chosen is left out. In any thread.
    """
    database = parts.database
    shared = parts.trust.sharing.with_user(user)
    installed = database.read(lambda c: environment_rows.installed(c, user, prefix, shared))
    pinned = database.read(environment_rows.pinned)
    every = [
        each
        for each in database.read(lambda c: environment_rows.newest_first(c, prefix))
        if each in installed and parts.approvals.permits(user, each)
    ]

    def kind(lock_hash: LockHash) -> Hashable:
        return kind_of([(project, version) for project, version, _ in installed[lock_hash]])

    # there may be thousands, of which a few are shown: only of these more is read than that
    shown = iter(folded(every, kind, newest))
    while some := list(islice(shown, _AT_ONCE)):
        known = database.read(partial(environment_rows.known, lock_hashes=[e for e, _ in some]))
        for each, older in some:
            if each in known:
                yield _summary(known[each], installed[each], pinned.get(each, []), older)


def named(parts: ServiceParts, user: str, prefix: str) -> EnvironmentSummary:
    """Return the one environment whose lock hash begins with ``prefix``."""
    if len(prefix) < environment_rows.SHORTEST_PREFIX:
        least = environment_rows.SHORTEST_PREFIX
        said = f"{prefix!r} is too short for a lock hash: {least} digits or more name one"
        raise UnknownItem(said, hint="`park env list` shows them")
    found = list(summaries(parts, user, prefix=prefix))
    if len(found) != 1:
        what = "several environments begin" if len(found) > 1 else "no environment begins"
        raise UnknownItem(f"{what} with {prefix!r}", hint="`park env list` shows them")
    return found[0]


def _summary(
    known: environment_rows.KnownEnvironment,
    installed: list[environment_rows.Installed],
    pinned_by: list[str],
    older: int,
) -> EnvironmentSummary:
    return EnvironmentSummary(
        lock_hash=known.lock_hash,
        status=known.state,
        python=known.python,
        packages=known.packages,
        size_bytes=known.size_bytes,
        own_bytes=known.own_bytes,
        created=known.created,
        realised=known.realised,
        last_used=known.last_used,
        projects=sorted({f"{each.project}=={each.version}" for each in installed}),
        installed_by=sorted({each.user for each in installed}),
        pinned_by=pinned_by,
        older=older,
    )


def _detail(parts: ServiceParts, summary: EnvironmentSummary) -> EnvironmentDetail:
    lock = parts.database.read(lambda c: environment_rows.lock(c, summary.lock_hash))
    packages = [
        PinRecord(name=package.name, version=str(package.version))
        for package in load(lock.document.encode()).packages
    ]
    environment = parts.environments.get(LockHash(summary.lock_hash))
    if environment is None:
        return EnvironmentDetail(environment=summary, packages=packages)
    return EnvironmentDetail(
        environment=summary,
        packages=packages,
        path=str(environment.path),
        python_full=environment.python,
        bytecode=parts.environments.has_bytecode(environment),
        conflicts=[f"{c.path}: {', '.join(c.owners)}" for c in environment.conflicts],
    )


def _storage(parts: ServiceParts) -> StorageRecord:
    own_bytes = parts.database.read(environment_rows.own_bytes)
    present = set(parts.environments.names())
    sizes = parts.environments.sizes()
    return StorageRecord(
        quota_bytes=parts.keeper.quota_bytes,
        store_bytes=sum(sizes.values()),
        environments_bytes=sum(own_bytes.get(each, 0) for each in present),
        wheels=len(sizes),
        environments=len(present),
    )
