"""Fetches: what is kept already, else a download; then verified and kept by content."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import httpx2

from park.digests import is_sha256
from park.errors import (
    CannotSatisfy,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
    TooLarge,
    UsageError,
)
from park.model.ids import JobId
from park.wire import FetchRequest
from park_repo.database import Database
from park_server.bouncing.wanted_passes import Wanted, WantedPassBook
from park_server.content import ContentStore
from park_server.fetch_target import Target, target_of
from park_server.fetches import fetch_rows
from park_server.fetches.download import Download, client_of
from park_server.fetches.fetch_progress import Progress
from park_server.fetches.names import DEFAULT_NAME, file_name, safe_name
from park_server.fetches.own_files import OwnFiles
from park_server.fetches.partial import Partial, Partials, Source, too_large
from park_server.fetches.patience import Patience, Pause
from park_server.jobs.seams import FetchedFile
from park_server.proofs.identity import ServiceIdentity
from park_server.quotas.incoming import Incoming, RoomFor
from park_server.threads import in_thread

__all__ = ["UrlFetcher"]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """What is to be fetched for ``job``; ``sha256`` is None where any content will do.

    ``limit`` is how many bytes it may have: what the service fetches, or his user has room for.
    """

    job: JobId
    key: fetch_rows.Key
    target: Target
    sha256: str | None
    limit: int
    incoming: Incoming

    def accepts(self, sha256: str) -> bool:
        """Tell whether content with this digest is what was asked for."""
        return self.sha256 in {None, sha256}

    def own(self, sha256: str, size: int, name: str) -> FetchedFile:
        """Return what was here already; raises `CannotSatisfy` for another digest."""
        if not self.accepts(sha256):
            raise _another(self, sha256)
        url = self.key.url
        return FetchedFile(url=url, sha256=sha256, size=size, name=safe_name(name) or DEFAULT_NAME)


class UrlFetcher:
    """Fetches by http and https, over ``transport``, files of up to ``limit`` bytes.

    ``room`` counts what comes for a user, and raises `OverLimit` where he may not have it.
    ``root`` is for what is not here whole yet, on the file system of ``content``; ``jobs``
    has the folder of each job, ``own`` the files of this service; ``holds`` tells whether a user
    has shown that he has the content of a digest. ``identity``
    signs what is asked with grants that are bound to it; ``passes`` are wanted for
    those that are bounced. ``digest_of`` a secret is what is kept of it. ``pause`` waits between
    attempts.
    """

    def __init__(
        self,
        *,
        database: Database,
        content: ContentStore,
        root: Path,
        jobs: Path,
        transport: httpx2.AsyncBaseTransport,
        limit: int,
        room: RoomFor,
        digest_of: Callable[[str], str],
        own: OwnFiles | None = None,
        holds: Callable[[str, str], bool] = lambda *_: False,
        identity: ServiceIdentity | None = None,
        passes: WantedPassBook | None = None,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._database = database
        self._content = content
        self._partials = Partials(root)
        self._jobs = jobs
        self._transport = transport
        self._limit = limit
        self._room = room
        self._digest_of = digest_of
        self._own = own
        self._holds = holds
        self._identity = identity
        self._passes = passes
        self._pause = pause
        self._turns = _Turns()
        self._running: set[str] = set()
        self._is_stopping = False

    def sweep(self) -> None:
        """Remove parts of files that nobody fetches any more; those of others are resumed."""
        there = self._partials.jobs() - self._running
        if not there:
            return
        wanted = self._database.read(lambda connection: fetch_rows.unfinished(connection, there))
        self._partials.sweep(wanted | self._running)

    def stop(self) -> None:
        """Let fetches that are cancelled from now on keep what they have, for the next start."""
        self._is_stopping = True

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    async def fetch(self, job: JobId, user: str, request: FetchRequest) -> FetchedFile:
        """Return the file of ``request``, as `park_server.jobs.seams.Fetcher` says."""
        target = target_of(request)
        key = fetch_rows.key_of(user, target, self._digest_of)
        self._running.add(job)
        try:
            self.sweep()
            # the second of two that want the same asks only whether it has changed
            async with self._turns.of(key):
                with self._room(user) as incoming:
                    limit = int(min(self._limit, await incoming.admit(0)))
                    order = _Order(
                        job=job,
                        key=key,
                        target=target,
                        sha256=_expected(request),
                        limit=limit,
                        incoming=incoming,
                    )
                    return await self._had(order)
        finally:
            self._running.discard(job)

    async def _had(self, order: _Order) -> FetchedFile:
        try:
            found = await self._from_here(order) or await self._fetched(order)
        except TooLarge:
            await order.incoming.admit(order.limit + 1)  # where it is the user's limit, it says so
            raise
        order.incoming.keep()
        return found

    async def _from_here(self, order: _Order) -> FetchedFile | None:
        """Return a file of this very service; None where it is elsewhere."""
        if self._own is None:
            return None
        url, user = order.key.url, order.key.user
        file = self._own.of_job(url, user)
        if file is not None:
            return order.own(file.sha256, file.size, file.name)
        opened = self._own.in_area(url, user)
        if opened is None:
            return None
        descriptor, name = opened
        return order.own(*await self._copied(order, descriptor), name)

    async def _copied(self, order: _Order, descriptor: int) -> tuple[str, int]:
        """Return SHA-256 and size of a file, once its content is kept; closes it."""
        with open(descriptor, "rb") as source:  # noqa: ASYNC230 (it is open)
            size = os.fstat(descriptor).st_size
            if size > order.limit:
                raise too_large(size, order.limit)
            await order.incoming.admit(size)
            sha256, size = await in_thread(self._content.copy, source)
        await order.incoming.admit(size)  # it may have grown meanwhile
        return sha256, size

    async def _fetched(self, order: _Order) -> FetchedFile:
        before = self._database.read(lambda connection: fetch_rows.before(connection, order.key))
        key, asked = order.key, order.sha256
        if asked is not None and await in_thread(self._is_kept, key.user, asked):
            return self._kept(key, before, asked)
        if before is not None and not (
            order.accepts(before.sha256) and await in_thread(self._content.renew, before.sha256)
        ):
            before = None
        with self._partials.of(order.job, order.limit) as partial:
            try:
                return await self._downloaded(order, before, partial)
            except BaseException as error:
                if not self._may_be_resumed(order.job, error):
                    partial.remove()
                raise

    def _is_kept(self, user: str, sha256: str) -> bool:
        """Tell whether the content is here, and ``user`` has shown that he has it.

        A digest alone is no key to what others sent or fetched.
        """
        is_his = self._holds(user, sha256) or self._database.read(
            lambda connection: fetch_rows.has_had(connection, user, sha256)
        )
        return is_his and self._content.renew(sha256)

    def _may_be_resumed(self, job: JobId, error: BaseException) -> bool:
        """Tell whether what is here of a fetch that ended with ``error`` will be of use."""
        if isinstance(error, asyncio.CancelledError):
            return self._is_stopping
        if not isinstance(error, ServiceUnreachable):
            return False
        return self._database.read(lambda connection: fetch_rows.may_run_again(connection, job))

    def _kept(
        self, key: fetch_rows.Key, before: fetch_rows.Before | None, sha256: str
    ) -> FetchedFile:
        """Return a file of which the store has the content: nobody need be asked."""
        known = before is not None and before.sha256 == sha256
        return FetchedFile(
            url=key.url,
            sha256=sha256,
            size=self._content.path_of(sha256).stat().st_size,
            name=before.name if before is not None and known else file_name(None, key.url),
        )

    async def _downloaded(
        self, order: _Order, before: fetch_rows.Before | None, partial: Partial
    ) -> FetchedFile:
        left = partial.recover()
        while await in_thread(next, left, None) is not None:
            continue
        async with client_of(self._transport) as client:
            download = Download(
                client=client,
                target=order.target,
                partial=partial,
                progress=Progress(self._jobs / order.job / "progress.jsonl"),
                patience=Patience(pause=self._pause),
                limit=order.limit,
                admit=order.incoming.admit,
                before=before,
                identity=self._identity,
                pass_for=lambda target: self._pass_for(order, target),
            )
            source, sha256 = await self._whole(download)
            if partial.was_resumed and sha256 is not None and not order.accepts(sha256):
                download.from_start()  # what was here may not have been the beginning of it
                source, sha256 = await self._whole(download)
        if source is None and before is not None:
            return await self._unchanged(order.key, before)
        if source is None or sha256 is None:
            raise ServiceFault(f"nothing came of {order.target.shown}")
        if not order.accepts(sha256):
            raise _another(order, sha256)
        return await self._keep(order.key, source, partial, sha256)

    async def _pass_for(self, order: _Order, target: Target) -> str:
        """Return a pass for one request to ``target``; raises `PassRefused`."""
        _, _, told = (target.authorization or "").partition(" ")
        grant, _, service = told.partition(" ")
        below = str(target.url.copy_with(query=None, fragment=None)).removeprefix(service)
        if self._passes is None or not service or not below.startswith("/"):
            raise CannotSatisfy(f"{target.shown} is not of the service that the grant is of")
        wanted = Wanted(
            user=order.key.user,
            job=order.job,
            grant=grant,
            service=service,
            method="GET",
            path=unquote(below),
        )
        return await self._passes.token(wanted)

    async def _whole(self, download: Download) -> tuple[Source | None, str | None]:
        """Return what came, and its SHA-256; (None, None) where nothing has changed."""
        source = await download.run()
        return source, None if source is None else await in_thread(download.partial.finish)

    async def _unchanged(self, key: fetch_rows.Key, before: fetch_rows.Before) -> FetchedFile:
        await self._database.awrite(lambda connection: fetch_rows.checked(connection, key, before))
        return FetchedFile(url=key.url, sha256=before.sha256, size=before.size, name=before.name)

    async def _keep(
        self, key: fetch_rows.Key, source: Source, partial: Partial, sha256: str
    ) -> FetchedFile:
        size = partial.size
        await in_thread(self._content.take, partial.path, sha256)
        partial.remove()
        await self._database.awrite(
            lambda connection: fetch_rows.remember(connection, key, source, sha256, size)
        )
        return FetchedFile(url=key.url, sha256=sha256, size=size, name=source.name)


def _expected(request: FetchRequest) -> str | None:
    if request.sha256 is None:
        return None
    sha256 = request.sha256.lower()
    if not is_sha256(sha256):
        raise UsageError(f"sha256={request.sha256!r} is no SHA-256 in hex")
    return sha256


def _another(order: _Order, found: str) -> ParkError:
    return CannotSatisfy(
        f"{order.target.shown} is not the file that was asked for:"
        f" expected SHA-256 {order.sha256}, found {found}",
        hint="its owner has changed it, or something on the way has",
    )


class _Turns:
    """One at a time for each key."""

    def __init__(self) -> None:
        self._locks: dict[fetch_rows.Key, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def of(self, key: fetch_rows.Key) -> AsyncIterator[None]:
        lock, users = self._locks.get(key, (asyncio.Lock(), 0))
        self._locks[key] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._locks.pop(key)
            if users > 1:
                self._locks[key] = (lock, users - 1)
