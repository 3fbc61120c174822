"""Files that are no environment's, as they are: of the system, of a root, of an area.

Their paths come from a job's process. So only what is a regular file or a folder is opened, by a
descriptor that is looked at again, without waiting for a pipe; and nothing of it is shown.
"""

from __future__ import annotations

import hashlib
import os
import stat
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import islice
from threading import Lock
from typing import Any

from park.model.memo.difference import Difference
from park.model.memo.usage import OutsideFile, Usage
from park.runtime.used.account import VARIABLES

__all__ = ["Outside", "by_rule", "is_late"]

_MOST_BYTES = 256 << 20
"""What is larger is told by size and time: to read it would take longer than many a job."""

_MOST_NAMES = 100_000
_REMEMBERED = 10_000
_TICK_NS = 50_000_000
"""Change times lag by up to a tick of the kernel, of 1 to 10 ms."""

_ABSENT = -1
_OWN = ("/", "/usr")
"""On the disks of these is what every program needs: without them nothing runs at all."""

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

    ``environ`` are the variables that the service hands on to jobs, ``own`` are folders on disks
    of this machine.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ, own: Iterable[str] = _OWN) -> None:
        self._environ = environ
        self._own_disks = {os.stat(path).st_dev for path in own}  # noqa: PTH116
        self._near: dict[str, None] = {}
        self._digests: dict[tuple[str, int, int, int, int], str] = {}
        self._lock = Lock()

    def look(self, paths: Iterable[str]) -> tuple[OutsideFile, ...]:
        """Return how each of ``paths`` is."""
        return tuple(self._look(path) for path in paths)

    def glance(self, files: Iterable[OutsideFile]) -> dict[str, int] | None:
        """Return when each of ``files`` changed last, in Unix nanoseconds, by its path.

        None where one is not as it was, or where that does not show at a glance. An event loop
        may wait for it: nothing is read, and what was not on this machine's own disks when it
        was looked at before, is not asked for, since another machine may never answer.
        """
        changed: dict[str, int] = {}
        for each in files:
            moment = self._changed(each) if each.path in self._near else None
            if moment is None:
                return None
            changed[each.path] = moment
        return changed

    def _changed(self, file: OutsideFile) -> int | None:
        """Return when ``file`` changed last, 0 where it is still absent; None for another one."""
        try:
            found = os.stat(file.path)  # noqa: PTH116 (as in `_look`)
        except (OSError, ValueError):
            return 0 if file.size == _ABSENT else None
        with self._lock:
            known = self._digests.get(_key(file.path, found))
        return found.st_ctime_ns if known is not None and known == file.sha256 else None

    def touched(self, path: str, since_ns: int) -> bool:
        """Tell whether ``path`` has changed since a time, so that a look now is too late."""
        try:
            return is_late(os.stat(path).st_ctime_ns, since_ns)  # noqa: PTH116
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
            self._note_place(path, found)
            if stat.S_ISDIR(found.st_mode):
                return OutsideFile(path=path, size=0, mtime_ns=0, sha256=self._names(path, found))
            if not stat.S_ISREG(found.st_mode):
                return OutsideFile(path=path, size=0, mtime_ns=0, sha256=None)
            if found.st_size > _MOST_BYTES:
                times = found.st_mtime_ns
                return OutsideFile(path=path, size=found.st_size, mtime_ns=times, sha256=None)
            digest, size = self._digest(path, found)
        except (OSError, ValueError):
            self._note_absent(path)
            return absent
        return OutsideFile(path=path, size=size, mtime_ns=0, sha256=digest)

    def _note_place(self, path: str, found: os.stat_result) -> None:
        """Note whether ``path`` is on a disk of this machine: ``found`` is what is there."""
        with self._lock:
            self._near.pop(path, None)
            if found.st_dev in self._own_disks:
                self._near[path] = None
            _forget_first(self._near)

    def _note_absent(self, path: str) -> None:
        with suppress(OSError, ValueError):
            self._note_place(path, os.stat(os.path.dirname(path)))  # noqa: PTH116, PTH120

    def _names(self, path: str, found: os.stat_result) -> str:
        """Return the digest of the names in a folder; raises `OSError`."""
        digest = _names(path)
        if time.time_ns() - found.st_ctime_ns > _TICK_NS:  # else it may change again unseen
            self._remember(_key(path, found), digest)
        return digest

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
            _forget_first(self._digests)


def _forget_first(remembered: dict[Any, Any]) -> None:
    while len(remembered) > _REMEMBERED:
        del remembered[next(iter(remembered))]


def is_late(changed_ns: int, since_ns: int) -> bool:
    """Tell whether what changed then may have been read before, from ``since_ns`` on."""
    return changed_ns > since_ns - _TICK_NS


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
