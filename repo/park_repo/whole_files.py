"""Files named by their digest: whether each still is what its name says.

A file that was seen to have its digest is remembered by how it looked then: size, times and
inode, which every write moves (see `park_repo.wheelstore.manifest`). While it looks the same, a
look is all that the answer costs; else the file is read and hashed, as after a start.
"""

from __future__ import annotations

import logging
import os
import secrets
from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING

from park.digests import file_sha256

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["WholeFiles"]

_log = logging.getLogger(__name__)

_Look = tuple[int, int, int, int]

_MOST_REMEMBERED = 50_000
"""About 15 MB; a file that was forgotten is read once more."""


class WholeFiles:
    """What is known of the files of one store; from any thread.

    What is found damaged goes into the folder ``quarantine``, so that nothing finds it.
    """

    def __init__(self, quarantine: Path) -> None:
        self._quarantine = quarantine
        self._looks: OrderedDict[str, _Look] = OrderedDict()
        self._lock = Lock()

    def note(self, path: Path) -> None:
        """Remember a file whose bytes were hashed when they were put there."""
        self._remember(path, _look(path))

    def _remember(self, path: Path, look: _Look) -> None:
        with self._lock:
            self._looks[str(path)] = look
            self._looks.move_to_end(str(path))
            if len(self._looks) > _MOST_REMEMBERED:
                self._looks.popitem(last=False)

    def looks_whole(self, path: Path) -> bool:
        """Tell, without reading it, whether the file is as it was when it was seen whole."""
        try:
            look = _look(path)
        except OSError:
            return False
        with self._lock:
            return self._looks.get(str(path)) == look

    def is_whole(self, path: Path, sha256: str) -> bool:
        """Tell whether the file is there with its digest; one that is not is set aside.

        Reads all of it unless it `looks_whole`: not for an event loop.
        """
        if self.looks_whole(path):
            return True
        try:
            before = _look(path)
            found = file_sha256(path)
        except OSError:
            return False
        if found != sha256:
            self._set_aside(path, sha256)
            return False
        self._remember(path, before)  # a write since then moved the look
        return True

    def was_damaged(self, sha256: str) -> bool:
        """Tell whether a file of this digest was set aside."""
        return any(self._quarantine.glob(f"{sha256}.*"))

    def _set_aside(self, path: Path, sha256: str) -> None:
        self._quarantine.mkdir(parents=True, exist_ok=True, mode=0o700)
        place = self._quarantine / f"{sha256}.{secrets.token_hex(4)}"
        path.replace(place)
        _log.error("%s does not have its SHA-256 any more, and is set aside: %s", path, place)


def _look(path: Path) -> _Look:
    status = os.lstat(path)
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino
