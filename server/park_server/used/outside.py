"""Files that are no environment's, as they are: of the system, of a root, of an area.

Their paths come from a job's process. So only what is a regular file or a folder is opened, by a
descriptor that is looked at again, without waiting for a pipe; and nothing of it is shown.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from itertools import islice
from threading import Lock

from park.model.memo.difference import Difference
from park.model.memo.usage import OutsideFile, Usage
from park.runtime.used.account import VARIABLES

__all__ = ["Outside", "by_rule"]

_MOST_BYTES = 256 << 20
"""What is larger is told by size and time: to read it would take longer than many a job."""

_MOST_NAMES = 100_000
_REMEMBERED = 10_000
_TICK_NS = 50_000_000
"""Change times lag by up to a tick of the kernel, of 1 to 10 ms."""

_ABSENT = -1
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def by_rule(variables: Mapping[str, str]) -> list[str]:
    """Return the files that every C library may have read by itself: time zone and locales."""
    zone = variables.get("TZ", "").removeprefix(":")
    named = [zone if zone.startswith("/") else f"/usr/share/zoneinfo/{zone}"] if zone else []
    return ["/etc/localtime", *_locales(), *named]


def _locales() -> list[str]:
    """Return the C library's files of locales: few, or one archive of all."""
    found = [f"{folder}/{name}" for folder, _, names in os.walk(_LOCALES) for name in names]
    return [_LOCALES, f"{_LOCALES}/locale-archive", *found[:_MOST_LOCALES]]


_LOCALES = "/usr/lib/locale"
_MOST_LOCALES = 500
"""Those of a dozen languages."""


class Outside:
    """Looks at files, and remembers digests by size, times and inode. Blocking, thread-safe.

    ``environ`` are the variables that the service hands on to jobs.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._digests: dict[tuple[str, int, int, int, int], str] = {}
        self._lock = Lock()

    def look(self, paths: Iterable[str]) -> tuple[OutsideFile, ...]:
        """Return how each of ``paths`` is."""
        return tuple(self._look(path) for path in paths)

    def touched(self, path: str, since_ns: int) -> bool:
        """Tell whether ``path`` has changed since a time, so that a look now is too late."""
        try:
            return os.stat(path).st_ctime_ns > since_ns - _TICK_NS  # noqa: PTH116
        except (OSError, ValueError):
            return False

    def outside_changed(self, usage: Usage) -> Difference | None:
        """Return what of ``usage`` outside of environments is not as it was; None where all is."""
        changes = [
            f"{before.path} {_happened(before, now)}"
            for before in usage.outside
            if (now := self._look(before.path)) != before
        ]
        passed = {name: self._environ[name] for name in VARIABLES if name in self._environ}
        changes += [
            f"the variable {name} of the service is another"
            for name in sorted(_HANDED_ON)
            if passed.get(name) != usage.variables.get(name)
        ]
        return Difference(changes=tuple(changes)) if changes else None

    def _look(self, path: str) -> OutsideFile:
        absent = OutsideFile(path=path, size=_ABSENT, mtime_ns=0, sha256=None)
        try:
            found = os.stat(path)  # noqa: PTH116 (links of the system are followed: localtime is one)
            if stat.S_ISDIR(found.st_mode):
                return OutsideFile(path=path, size=0, mtime_ns=0, sha256=_names(path))
            if not stat.S_ISREG(found.st_mode):
                return OutsideFile(path=path, size=0, mtime_ns=0, sha256=None)
            if found.st_size > _MOST_BYTES:
                times = found.st_mtime_ns
                return OutsideFile(path=path, size=found.st_size, mtime_ns=times, sha256=None)
            digest, size = self._digest(path, found)
        except (OSError, ValueError):
            return absent
        return OutsideFile(path=path, size=size, mtime_ns=0, sha256=digest)

    def _digest(self, path: str, found: os.stat_result) -> tuple[str, int]:
        """Return digest and size, read where it is not remembered; raises `OSError`."""
        key = _key(path, found)
        with self._lock:
            known = self._digests.get(key)
        if known is not None:
            return known, found.st_size
        descriptor = os.open(path, _FLAGS)
        with os.fdopen(descriptor, "rb") as file:
            now = os.fstat(descriptor)
            if not stat.S_ISREG(now.st_mode) or now.st_size > _MOST_BYTES:
                raise OSError(f"{path} was exchanged")
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            unchanged = _key(path, os.fstat(descriptor)) == _key(path, now)
        if unchanged:
            self._remember(_key(path, now), digest)
        return digest, now.st_size

    def _remember(self, key: tuple[str, int, int, int, int], digest: str) -> None:
        with self._lock:
            self._digests[key] = digest
            while len(self._digests) > _REMEMBERED:
                del self._digests[next(iter(self._digests))]


_HANDED_ON = frozenset({"LANG", "LC_ALL", "LC_CTYPE", "TZ"})
"""Of `VARIABLES`, what a service hands on (`park_server.jobs.engines.fork_server_client`)."""


def _key(path: str, found: os.stat_result) -> tuple[str, int, int, int, int]:
    return path, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _names(path: str) -> str:
    """Return the digest of the names in a folder; raises `OSError`."""
    with os.scandir(path) as entries:
        names = sorted(entry.name for entry in islice(entries, _MOST_NAMES))
    return hashlib.sha256(b"\0".join(map(os.fsencode, names))).hexdigest()


def _happened(before: OutsideFile, now: OutsideFile) -> str:
    if before.size == _ABSENT:
        return "is there now"
    return "is gone" if now.size == _ABSENT else "changed"
