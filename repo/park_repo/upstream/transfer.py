"""One download of a file from another index, which any number of readers follow."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from park.errors import UpstreamFault
from park_repo.upstream.attempts import ATTEMPTS, BACKOFF, may_pass

if TYPE_CHECKING:
    import httpx2

    from park_repo.upstream.upstream import Upstream

__all__ = ["Inspect", "RemoteFile", "Transfer"]

Inspect = Callable[[Path], None]
"""Looks at a file that has the right digest; raises a `ParkError` for one that nobody may get."""

_CHUNK_BYTES = 256 * 1024

_WHOLE, _PARTIAL = 200, 206


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteFile:
    """A file of another index: where it is there, and what it must be."""

    source: Upstream
    url: str
    sha256: str


class Transfer:
    """Brings a remote file to ``target`` by way of ``partial``: whole and verified, or not at all.

    Nobody gets a byte of it before the digest of all is the right one and ``inspect`` raised
    nothing: what an answer holds that is no file of the index is nothing to be passed on.
    Belongs to the event loop, and begins at once; it goes on though nobody waits any more.
    """

    def __init__(
        self, remote: RemoteFile, *, partial: Path, target: Path, inspect: Inspect
    ) -> None:
        self._inspect = inspect
        self._remote = remote
        self._partial = partial
        self._target = target
        self._written = 0
        self._is_over = False
        self._digest = hashlib.sha256()
        self._moved = asyncio.Condition()
        partial.touch()
        self.task = asyncio.get_running_loop().create_task(self._run())

    async def whole(self, received: Callable[[int], object] = lambda _: None) -> Path:
        """Return the file when it is whole; raises `UpstreamFault` where it cannot be had.

        ``received`` is called with the number of bytes since its last call.
        """
        seen = 0
        while not self.task.done():
            await self._past(seen)
            received(self._written - seen)
            seen = self._written
        return await asyncio.shield(self.task)

    async def _past(self, sent: int) -> None:
        """Wait until there is more than ``sent``, or no more comes."""
        async with self._moved:
            await self._moved.wait_for(lambda: self._is_over or self._written > sent)
        if self._is_over:
            await asyncio.wait({self.task})

    async def _run(self) -> Path:
        try:
            with self._partial.open("ab", buffering=0) as file:
                await self._receive(file)
                await asyncio.to_thread(os.fsync, file.fileno())
            self._check()
            await asyncio.to_thread(self._inspect, self._partial)
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._partial.rename(self._target)
        finally:
            self._partial.unlink(missing_ok=True)
            self._is_over = True
            await self._wake()
        return self._target

    async def _receive(self, file: BinaryIO) -> None:
        """Write the whole file; goes on after the bytes that are here when a try breaks off."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._try(file)
            except UpstreamFault:
                if attempt == ATTEMPTS:
                    raise
                await asyncio.sleep(BACKOFF.after(attempt))
            except _Refused as refusal:
                raise UpstreamFault(
                    f"upstream {self._remote.url} answered {refusal}; expected 200",
                    hint="its page lists the file; its operator should look why it has none",
                ) from refusal
            else:
                return

    async def _try(self, file: BinaryIO) -> None:
        # raw bytes: a server that packs a .tar.gz once more would change its digest
        headers = {"Accept-Encoding": "identity"}
        if self._written:
            headers["Range"] = f"bytes={self._written}-"
        async with self._remote.source.opened(self._remote.url, headers) as response:
            skipped = self._to_skip(response)
            async for chunk in response.aiter_raw(_CHUNK_BYTES):
                data = chunk[skipped:]
                skipped -= len(chunk) - len(data)
                await self._append(file, data)

    def _to_skip(self, response: httpx2.Response) -> int:
        """Return how many bytes of the answer are here already."""
        status = response.status_code
        if status == _PARTIAL and self._written:
            return 0
        if status == _WHOLE:
            return self._written
        if may_pass(status):
            raise UpstreamFault(f"upstream {self._remote.url} answered {status}; expected 200")
        raise _Refused(status)

    async def _append(self, file: BinaryIO, data: bytes) -> None:
        file.write(data)
        self._digest.update(data)
        self._written += len(data)
        await self._wake()

    def _check(self) -> None:
        found = self._digest.hexdigest()
        if found != self._remote.sha256:
            raise UpstreamFault(
                f"{self._remote.url} is not the file of its page:"
                f" expected sha256 {self._remote.sha256}, found {found}",
                hint="upstream changed a released file, or something between changed it",
            )

    async def _wake(self) -> None:
        async with self._moved:
            self._moved.notify_all()


class _Refused(Exception):
    """The other index answered with a status that the same request will meet again."""
