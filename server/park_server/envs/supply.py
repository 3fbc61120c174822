"""Where the wheels of a lock come from: the service's own index first, else their URL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from park_repo.index import Index
from park_server.envs.download import Downloader
from park_server.envs.fill import Fetch
from park_server.envs.lock import LockedWheel

__all__ = ["WheelSupply"]


class WheelSupply:
    """Gives the file of each wheel that a lock selects."""

    def __init__(self, index: Index, downloads: Downloader) -> None:
        self._index = index
        self._downloads = downloads

    def for_user(self, user: str) -> Fetch:
        """Return the `Fetch` of ``user``, who sees the released wheels and his own trees."""

        def fetch(wheel: LockedWheel, received: Callable[[int], object]) -> Path:
            if self._index.has(wheel.sha256, user=user):
                return self._index.path_of(wheel.sha256)
            return self._downloads.fetch(wheel, received)

        return fetch
