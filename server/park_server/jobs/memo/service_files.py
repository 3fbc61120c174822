"""What is in the files on the service that calls name, at the moment at which one looks."""

from __future__ import annotations

import errno
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable
from hashlib import file_digest

from park.errors import ParkError, UnknownItem
from park_server.areas.areas import Areas

__all__ = ["ABSENT", "ServiceFiles"]

ABSENT = "absent"
"""What stands for a file that is not there."""

_REMEMBERED = 10_000


class ServiceFiles:
    """Digests of the files of users; what did not change is not read again. Blocking."""

    def __init__(self, areas: Areas) -> None:
        self._areas = areas
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, ...], str] = OrderedDict()

    def contents(self, names: Iterable[str], user: str) -> dict[str, str]:
        """Return the digests of what ``user`` calls ``names``; without those that have none.

        A folder has none, and neither has what the service cannot read.
        """
        found = {name: self.digest(name, user) for name in names}
        return {name: digest for name, digest in found.items() if digest is not None}

    def digest(self, name: str, user: str) -> str | None:
        """Return the SHA-256 of a file, `ABSENT`, or None where it has no content."""
        try:
            descriptor = self._areas.open(name, user)
        except UnknownItem as error:
            return ABSENT if _is_absent(error) else None
        except ParkError:
            return None
        with os.fdopen(descriptor, "rb") as file:
            before = _state(descriptor)
            with self._lock:
                known = self._known.get(before)
            if known is not None:
                return known
            try:
                digest = file_digest(file, "sha256").hexdigest()
            except OSError:
                return None
            if _state(descriptor) == before:
                self._remember(before, digest)
            return digest

    def _remember(self, state: tuple[int, ...], digest: str) -> None:
        with self._lock:
            self._known[state] = digest
            if len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)


def _is_absent(error: UnknownItem) -> bool:
    """Tell whether nothing is there, as against something that is no file."""
    cause = error.__cause__
    return not isinstance(cause, OSError) or cause.errno == errno.ENOENT


def _state(descriptor: int) -> tuple[int, ...]:
    found = os.fstat(descriptor)
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
