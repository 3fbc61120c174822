"""The first station of an install: the wheels of the client's trees arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from park.errors import CannotSatisfy
from park.wire import LocalWheel
from park_repo.file_records import PublishedFile
from park_repo.index import Index
from park_server.installs.checked_request import CheckedRequest, TreeWheel

__all__ = ["UploadStation"]

UPLOAD_PATIENCE_S = 900.0
"""How long an install waits for the next wheel before its client is taken for dead."""


class UploadStation:
    """Tells which wheels the index lacks, and waits for them. Belongs to the event loop."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._waiting: set[asyncio.Event] = set()
        index.on_published.append(self._published)

    def missing(self, user: str, wheels: Iterable[TreeWheel | LocalWheel]) -> list[str]:
        """Return the file names of the ``wheels`` that ``user`` has still to upload.

        Reads those that are not known to be whole: not for an event loop.
        """
        return [wheel.filename for wheel in wheels if not self._index.has(wheel.sha256, user=user)]

    async def arrived(self, request: CheckedRequest) -> None:
        """Wait until every wheel is here; raises `CannotSatisfy` where no more seems to come."""
        published = asyncio.Event()
        self._waiting.add(published)
        try:
            while missing := await self._missing_now(published, request):
                await _next(published, missing)
        finally:
            self._waiting.discard(published)

    async def _missing_now(self, published: asyncio.Event, request: CheckedRequest) -> list[str]:
        """Return what `missing` does; an upload that comes meanwhile is told by ``published``."""
        published.clear()
        return await asyncio.to_thread(self.missing, request.user, request.wheels)

    def _published(self, _file: PublishedFile) -> None:
        for event in self._waiting:
            event.set()


async def _next(published: asyncio.Event, missing: Iterable[str]) -> None:
    try:
        await asyncio.wait_for(published.wait(), UPLOAD_PATIENCE_S)
    except TimeoutError:
        raise CannotSatisfy(
            f"no upload for {UPLOAD_PATIENCE_S:.0f} s; still missing: {', '.join(missing)}",
            hint="run `park install` again: it goes on where this one stopped",
        ) from None
