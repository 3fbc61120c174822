"""The station of an install at which it gets its lock: a known one, or a new one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

from packaging.pylock import Pylock

from park.model.pins import Pin, RequirementSet
from park_repo.database import Database
from park_repo.index import Index
from park_server.envs.pylock import Selection, load, normalise, select
from park_server.envs.realise_progress import OnProgress, Progress
from park_server.envs.resolve import ResolutionRequest, Resolver
from park_server.installs import lock_rows
from park_server.installs.checked_request import CheckedRequest
from park_server.installs.exchanged_lock import LockExchange
from park_server.installs.source_station import SourceStation

__all__ = ["LockStation", "Locked", "ResolverAccess"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ResolverAccess:
    """A resolver, and what it needs to work: our own index (with a token) and a cache."""

    resolver: Resolver
    index_url: str = field(repr=False)
    cache: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A lock as a document, and what it selects here.

    ``added`` is what only this platform needs: selected, but not pinned by the client.
    """

    document: Pylock
    selection: Selection
    added: tuple[Pin, ...]


class LockStation:
    """Finds the lock of a request, or has it resolved."""

    def __init__(
        self, database: Database, index: Index, resolver: ResolverAccess, sources: SourceStation
    ) -> None:
        self._database = database
        self._index = index
        self._resolver = resolver
        self._sources = sources
        self._exchange = LockExchange(database, index)

    async def locked(self, request: CheckedRequest, progress: OnProgress) -> Locked:
        """Return the lock of ``request``; what it brings as source is built for a new one."""
        document = await asyncio.to_thread(self._known, request)
        if document is None:
            request = await self._sources.built(request, progress)
            document = await asyncio.to_thread(self._made, request, progress)
        return await asyncio.to_thread(_selected, document, request)

    def stop(self) -> None:
        """End what is resolved."""
        self._resolver.resolver.stop()

    def _known(self, request: CheckedRequest) -> Pylock | None:
        """Return the lock that is settled, or that of an earlier install like this one."""
        lock_hash = request.lock
        if lock_hash is None:
            known = self._database.read(lambda c: lock_rows.known(c, request))
            if known is None:
                return None
            lock_hash = known.lock_hash
        text = self._database.read(lambda c: lock_rows.document(c, lock_hash))
        return load(text.encode())

    def _made(self, request: CheckedRequest, progress: OnProgress) -> Pylock:
        """Return the lock of an earlier install with new wheels in it, or a resolved one."""
        exchanged = self._exchange.document(request)
        if exchanged is not None:
            return exchanged
        progress(Progress(stage="resolve", done=0, total=0, unit="pins"))
        return self._resolved(request)

    def _resolved(self, request: CheckedRequest) -> Pylock:
        access, interpreter = self._resolver, request.interpreter
        wanted = ResolutionRequest(
            pins=request.requirements,
            interpreter=interpreter,
            index_url=access.index_url,
            cache=access.cache,
            trees=self._trees(request),
            alone=request.as_installed,
        )
        resolved = access.resolver.resolve(wanted)
        return normalise(resolved, interpreter, service_url=access.index_url)

    def _trees(self, request: CheckedRequest) -> dict[Pin, Path]:
        """Return the file of each tree's wheel."""
        return {
            wheel.pin: self._index.stored_at(
                self._index.file_by_hash(wheel.sha256, user=request.user, filename=wheel.filename)
            )
            for wheel in request.wheels
        }


def _selected(document: Pylock, request: CheckedRequest) -> Locked:
    selection = select(document, request.interpreter)
    return Locked(
        document=document, selection=selection, added=added(selection, request.requirements)
    )


def added(selection: Selection, requirements: RequirementSet) -> tuple[Pin, ...]:
    """Return what ``selection`` has beyond the pins of the client."""
    pinned = requirements.versions()
    return tuple(
        Pin(name=wheel.name, version=wheel.version)
        for wheel in selection.wheels
        if wheel.name not in pinned
    )
