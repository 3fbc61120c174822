"""Where the wheels of a lock come from: the service's own index, or what is behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from park.errors import CannotSatisfy
from park_repo.index import Index
from park_server.envs.fill import Fetch
from park_server.envs.pylock import LockedWheel
from park_server.envs.wheel_download import Downloader

__all__ = ["WheelSupply"]


class WheelSupply:
    """Gives the file of each wheel that a lock selects.

    ``loop`` is the event loop of the index: environments are made in threads.
    """

    def __init__(
        self, index: Index, downloads: Downloader, *, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._index = index
        self._downloads = downloads
        self._loop = loop

    def for_user(self, user: str) -> Fetch:
        """Return the `Fetch` of ``user``, who sees the released wheels and his own trees."""

        def fetch(wheel: LockedWheel, received: Callable[[int], object]) -> Path:
            if wheel.sha256 in self._index.refused:
                raise CannotSatisfy(
                    f"{wheel.filename} is quarantined on this service",
                    hint="its operator has set it aside; install with another version",
                )
            if self._index.has(wheel.sha256, user=user):
                return self._index.path_of(wheel.sha256)
            if wheel.url is not None:
                return self._downloads.fetch(wheel, received)
            work = self._index.remote_files.whole(
                wheel.name, wheel.sha256, wheel.filename, received=received
            )
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()

        return fetch
