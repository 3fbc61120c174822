"""Files by content that no job and no fetch refers to any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from threading import Lock

from park_server.content import ContentStore, KeptFile

__all__ = ["GRACE_S", "HELD_S", "ContentSweep", "Swept"]

GRACE_S = 86_400.0
"""How long a file is kept that nothing refers to: its job may be on its way."""

HELD_S = 3_600.0
"""How long what removed jobs had is kept, at least: another job may have left the same just now,
and is about to say so. Clients are given `GRACE_S`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Swept:
    """How much was removed, or would be; ``size`` is what it took on the disk."""

    files: int = 0
    size: int = 0


class ContentSweep:
    """Removes what is not in use; knows which files clients were told to be there.

    All methods are for any thread. What was told before the last start is seen by the age of the
    file: to be asked for makes it new.
    """

    def __init__(self, content: ContentStore, *, clock: Callable[[], float] = time.time) -> None:
        self._content = content
        self._clock = clock
        self._since = clock()
        self._lock = Lock()
        self._promised: dict[str, float] = {}
        self._released: set[str] = set()

    def promised(self, sha256: str) -> bool:
        """Tell whether a file is there, whole, which is kept for a while then.

        A client is told that it need not send it.
        """
        with self._lock:
            self._promised[sha256] = self._clock()
        return self._content.renew(sha256)

    def release(self, digests: AbstractSet[str]) -> None:
        """Let the next sweeps remove at once what jobs that are removed referred to."""
        with self._lock:
            self._released |= digests

    def sweep(self, in_use: AbstractSet[str]) -> Swept:
        """Remove what neither is ``in_use`` nor new; that was read after the last `release`."""
        self._forget_kept_promises()
        unused = [file for file in self._content.files() if file.sha256 not in in_use]
        gone = [file for file in unused if self._removed(file.sha256)]
        with self._lock:
            self._released &= {file.sha256 for file in unused}
        return _sum(gone)

    def would_sweep(self, in_use: AbstractSet[str], released: AbstractSet[str]) -> Swept:
        """Return what `sweep` would remove if ``released`` were."""
        with self._lock:
            known = self._released | released
            unused = (file for file in self._content.files() if file.sha256 not in in_use)
            return _sum([f for f in unused if not self._is_new(f.sha256, f.changed, known)])

    def discard(
        self,
        digests: AbstractSet[str],
        still_named: Callable[[AbstractSet[str]], AbstractSet[str]],
    ) -> None:
        """Remove those of ``digests`` that were released, and are neither new nor still named."""
        with self._lock:
            released = digests & self._released
        for sha256 in released - still_named(released):
            self._removed(sha256)

    def _removed(self, sha256: str) -> bool:
        with self._lock:  # so that no promise is made meanwhile
            is_new = partial(self._is_new, sha256, released=self._released)
            return self._content.remove(sha256, unless=is_new)

    def _is_new(self, sha256: str, changed: float, released: AbstractSet[str]) -> bool:
        """Tell whether a file that was put there, or asked for, at ``changed`` is kept for that."""
        now = self._clock()
        if self._promised.get(sha256, float("-inf")) > now - GRACE_S:
            return True
        # of what was there before this process nobody knows any more whether it was promised
        is_known = sha256 in released and changed > self._since
        return changed > now - (HELD_S if is_known else GRACE_S)

    def _forget_kept_promises(self) -> None:
        with self._lock:
            limit = self._clock() - GRACE_S
            self._promised = {name: at for name, at in self._promised.items() if at > limit}


def _sum(files: Sequence[KeptFile]) -> Swept:
    return Swept(files=len(files), size=sum(file.on_disk for file in files))
