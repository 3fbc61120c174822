"""Files by content that no job and no fetch refers to any more."""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from threading import Lock

from park_server.content import ContentStore

__all__ = ["GRACE_S", "ContentSweep", "Swept"]

GRACE_S = 86_400.0
"""How long a file is kept that nothing refers to: its job may be on its way."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """How much was removed, or would be."""

    files: int = 0
    size: int = 0


class ContentSweep:
    """Removes what is not in use; knows which files clients were told to be there."""

    def __init__(self, content: ContentStore, *, clock: Callable[[], float] = time.time) -> None:
        self._content = content
        self._clock = clock
        self._lock = Lock()
        self._promised: dict[str, float] = {}

    def promise(self, sha256: str) -> None:
        """Keep a file for a while: a client was told that it need not send it."""
        with self._lock:
            self._promised[sha256] = self._clock()

    def discard(self, digests: AbstractSet[str], in_use: AbstractSet[str]) -> None:
        """Remove what jobs that are removed referred to, and nobody else does."""
        for sha256 in digests - in_use:
            if not self._is_promised(sha256):
                self._content.remove(sha256)

    def sweep(self, in_use: AbstractSet[str], *, dry_run: bool = False) -> Swept:
        """Remove what neither is ``in_use`` nor new, or with ``dry_run`` say how much it is."""
        self._forget_kept_promises()
        before = self._clock() - GRACE_S
        files = size = 0
        for file in self._content.files():
            if file.sha256 in in_use or file.changed > before or self._is_promised(file.sha256):
                continue
            if not dry_run:
                self._content.remove(file.sha256)
            files, size = files + 1, size + file.size
        return Swept(files=files, size=size)

    def _is_promised(self, sha256: str) -> bool:
        with self._lock:
            return self._promised.get(sha256, float("-inf")) > self._clock() - GRACE_S

    def _forget_kept_promises(self) -> None:
        with self._lock:
            limit = self._clock() - GRACE_S
            self._promised = {name: at for name, at in self._promised.items() if at > limit}
