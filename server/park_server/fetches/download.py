"""Bring one file into its partial file: requests, redirects, cuts, and what comes between."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx2

from park.errors import (
    CannotSatisfy,
    NotPermitted,
    ParkError,
    ServiceFault,
    ServiceUnreachable,
    TooLarge,
)
from park_repo.user_agent import USER_AGENT
from park_server.fetch_target import BOUNCED, Target, redirected
from park_server.fetches.answers import (
    Again,
    Answer,
    Body,
    Elsewhere,
    FromStart,
    Held,
    Nothing,
    Whole,
    judged,
)
from park_server.fetches.fetch_progress import Progress
from park_server.fetches.fetch_rows import Before
from park_server.fetches.gunzip import BadGzip
from park_server.fetches.names import file_name
from park_server.fetches.network_faults import fault_of, full_disk
from park_server.fetches.partial import Partial, Source, too_large
from park_server.fetches.patience import Pace, Patience
from park_server.proofs.identity import SCHEME, ServiceIdentity
from park_server.threads import in_thread

__all__ = ["TIMEOUTS", "Download", "client_of"]

TIMEOUTS = httpx2.Timeout(connect=15.0, read=60.0, write=60.0, pool=60.0)
"""In seconds; ``read`` is the longest time without a byte."""

_BLOCK = 1 << 20
"""Written at a time: large enough that the way to a thread costs nothing."""

_HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "identity",  # ranges are of what comes, digests of what is meant
}


class _Cut(Exception):
    """An attempt has failed that may succeed later, ``after_s`` seconds if that was said."""

    def __init__(self, error: ParkError, after_s: float | None = None) -> None:
        super().__init__(error)
        self.error = error
        self.after_s = after_s


class _Lent(httpx2.AsyncBaseTransport):
    """A transport that outlives its client."""

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._transport.handle_async_request(request)


def client_of(transport: httpx2.AsyncBaseTransport) -> httpx2.AsyncClient:
    """Return a client for one file: with cookies of its own, on connections that are shared."""
    return httpx2.AsyncClient(
        transport=_Lent(transport),
        headers=_HEADERS,
        timeout=TIMEOUTS,
        follow_redirects=False,
        trust_env=False,
    )


@dataclass(kw_only=True)
class Download:
    """One file on its way from ``target`` into ``partial``.

    ``before`` is what was had from there before, and is still kept: then the question is
    whether it has changed. ``limit`` in bytes; ``admit`` counts those that are announced and
    that came, and raises `OverLimit` where there is no room for them. ``identity`` signs what is
    asked with grants; ``pass_for`` returns a pass for one request with a grant that is bounced.
    """

    client: httpx2.AsyncClient
    target: Target
    partial: Partial
    progress: Progress
    patience: Patience
    limit: int
    admit: Callable[[int], Awaitable[float]]
    before: Before | None = None
    identity: ServiceIdentity | None = None
    pass_for: Callable[[Target], Awaitable[str]] | None = None
    _distrusts_part: bool = False
    _asking: Target | None = None

    async def run(self) -> Source | None:
        """Return what the file is once it is here whole; None: as it was ``before``.

        Raises `ParkError` with one line where it cannot be had.
        """
        while True:
            had = self.partial.size
            try:
                return await self._attempt()
            except _Cut as error:
                cut = error
            except (httpx2.HTTPError, ssl.SSLError) as error:
                fault = fault_of(error, self._asking or self.target)
                if not fault.passes:
                    raise fault.error from error
                cut = _Cut(fault.error)
            except OSError as error:  # of this machine's disk: the network's are httpx's
                raise self._disk_fault(error) from error
            had_bytes = self.partial.size > had
            await self.patience.after(cut.error, had_bytes=had_bytes, asked_s=cut.after_s)

    def from_start(self) -> None:
        """Let the next run use nothing of what is here."""
        self._distrusts_part = True

    async def _attempt(self) -> Source | None:
        target = self.target
        while True:
            self._asking = target
            async with self._asked(target) as (response, held, is_question):
                answer = self._judged(response, target, held)
                match answer:
                    case Elsewhere():
                        target = redirected(target, answer.location)
                    case FromStart():
                        self._distrusts_part = True
                    case Again():
                        raise _Cut(answer.error, answer.after_s)
                    case Nothing():
                        self._unchanged(target, is_question=is_question)
                        return None
                    case Whole():
                        return self._complete()
                    case Body():
                        return await self._received(response, answer, target)

    @asynccontextmanager
    async def _asked(
        self, target: Target
    ) -> AsyncIterator[tuple[httpx2.Response, Held | None, bool]]:
        """Ask ``target``, for the rest where a part is here, or whether it has changed."""
        headers: dict[str, str] = {}
        auth = await self._signing(target)
        held = None if self._distrusts_part else self.partial.held(target.place)
        before = self.before
        is_question = held is None and before is not None and before.place == target.place
        if target.authorization is not None and auth is None:
            headers["Authorization"] = target.authorization
        if held is not None:
            headers |= {"Range": f"bytes={held.size}-", "If-Range": held.validator}
        elif is_question and before is not None:
            headers |= before.known.headers()
        request = self.client.build_request("GET", target.url, headers=headers)
        response = await self.client.send(request, stream=True, auth=auth)
        try:
            yield response, held, is_question
        finally:
            await response.aclose()

    async def _signing(self, target: Target) -> httpx2.Auth | None:
        """Return what signs the use of a grant that is bound to this service; None: nothing is.

        For one that is bounced that is a pass, however long it takes to get one.
        """
        scheme, _, token = (target.authorization or "").partition(" ")
        if self.identity is None:
            return None
        if scheme == BOUNCED and self.pass_for is not None:
            return self.identity.use(await self.pass_for(target))
        return self.identity.use(token) if scheme == SCHEME else None

    def _judged(self, response: httpx2.Response, target: Target, held: Held | None) -> Answer:
        try:
            return judged(response.status_code, response.headers, url=target.shown, held=held)
        except NotPermitted as error:
            if target.withheld is None:
                raise
            hint = f"the credentials are for {target.withheld}, so they were not sent there"
            raise NotPermitted(error.message, hint=hint) from error

    async def _received(self, response: httpx2.Response, body: Body, target: Target) -> Source:
        """Write the content that follows; return what it is."""
        self._check_room(body, target)
        if body.total is not None and not body.is_coded:
            await self.admit(body.total)
        if body.start == 0:
            source = self._source(response, body, target)
            await in_thread(self.partial.restart, source, is_coded=body.is_coded)
            self._distrusts_part = False
        total = None if body.is_coded else body.total
        try:
            await self._written(response, total, target)
        except TooLarge as error:
            raise TooLarge(f"{target.shown}: {error}", hint=error.hint) from error
        except BadGzip as error:
            line = f"{target.shown} is not in the coding gzip, which it says it is: {error}"
            raise CannotSatisfy(line) from error
        if total is not None and self.partial.size != total:
            self._distrusts_part = self.partial.size > total
            found = f"{self.partial.size:,} of {total:,} bytes came"
            raise _Cut(ServiceUnreachable(f"{target.shown} was cut off: {found}"))
        return self._complete()

    async def _written(self, response: httpx2.Response, total: int | None, target: Target) -> None:
        buffer = bytearray()
        pace = Pace(clock=asyncio.get_running_loop().time)
        try:
            async for chunk in response.aiter_raw():
                buffer += chunk
                self.progress.report(self.partial.size + len(buffer), total)
                if len(buffer) >= _BLOCK:
                    await self._flush(buffer)
                if pace.is_too_slow(len(chunk)):
                    raise _Cut(ServiceUnreachable(f"{target.shown} is too slow to be had"))
        except (httpx2.HTTPError, ssl.SSLError):
            await self._flush(buffer)  # what came is not asked for again
            raise
        await self._flush(buffer)

    async def _flush(self, buffer: bytearray) -> None:
        if buffer:
            await in_thread(self.partial.append, bytes(buffer))
            buffer.clear()
            await self.admit(self.partial.size)

    def _check_room(self, body: Body, target: Target) -> None:
        """Raise `ParkError` where the size that was announced is too much."""
        if body.total is None:
            return
        if body.total > self.limit and not body.is_coded:
            error = too_large(body.total, self.limit)
            raise TooLarge(f"{target.shown}: {error}", hint=error.hint)
        free = shutil.disk_usage(self.partial.path.parent).free
        # a part that is of no use makes room first
        if body.total - max(body.start, self.partial.size) > free:
            raise CannotSatisfy(
                f"no space left on the service for {target.shown}:"
                f" {body.total:,} bytes; {free:,} are free",
                hint="ask the operator of the service for space",
            )

    def _source(self, response: httpx2.Response, body: Body, target: Target) -> Source:
        headers = response.headers
        return Source(
            place=target.place,
            name=file_name(headers.get("content-disposition"), str(target.url)),
            validator=body.validator,
            etag=headers.get("etag"),
            last_modified=headers.get("last-modified"),
            total=body.total,
        )

    def _complete(self) -> Source:
        if self.partial.source is None:
            raise ServiceFault("a file came whose source is not known")
        self.progress.report(self.partial.size, self.partial.size, is_last=True)
        return self.partial.source

    def _unchanged(self, target: Target, *, is_question: bool) -> None:
        if not is_question or self.before is None:
            raise CannotSatisfy(f"{target.shown} answered 304 Not Modified, which was not asked")
        self.progress.report(self.before.size, self.before.size, is_last=True)

    def _disk_fault(self, error: OSError) -> ParkError:
        url = (self._asking or self.target).shown
        total = None if self.partial.source is None else self.partial.source.total
        return full_disk(error, url, total) or ServiceFault(
            f"the service cannot keep {url}: {error.strerror or error}"
        )
