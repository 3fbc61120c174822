"""Hear of every change below a folder as it happens, from the kernel (inotify(7)).

Events are queued by the very system call that changes something, whoever makes it, also
root and also through another mount of the same folder. So a look at the queue tells for
sure what was touched since the last look; nothing else has to be read. Not heard are
changes through a memory map, and on a network file system those of other machines: for
these the manifests are compared in full now and then.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections import defaultdict
from pathlib import Path
from threading import Lock
from typing import Protocol

__all__ = ["NoWatch", "TreeWatch", "Watch", "best_watch"]

# <sys/inotify.h>
_MODIFY, _ATTRIB, _CLOSE_WRITE = 0x2, 0x4, 0x8
_MOVED, _CREATE, _DELETE = 0xC0, 0x100, 0x200
_DELETE_SELF, _MOVE_SELF = 0x400, 0x800
_OVERFLOW, _IGNORED = 0x4000, 0x8000
_ONLYDIR, _DONT_FOLLOW = 0x01000000, 0x02000000
_CHANGES = _MODIFY | _ATTRIB | _CLOSE_WRITE | _MOVED | _CREATE | _DELETE | _DELETE_SELF | _MOVE_SELF
_EVENT = struct.Struct("iIII")
_READ_BYTES = 1 << 16


class Watch(Protocol):
    """Tells which of some trees were touched."""

    def watch(self, name: str, root: Path) -> bool:
        """Watch ``root`` and all below it as ``name``; False where that cannot be done.

        What was watched under this name before is forgotten.
        """

    def touched(self) -> set[str]:
        """Return the names touched since the last call; they are watched no longer."""

    def close(self) -> None:
        """Watch nothing any more."""


class NoWatch:
    """For systems without inotify: watches nothing, so that everything is compared."""

    def watch(self, name: str, root: Path) -> bool:  # noqa: ARG002 (the Protocol's)
        """Decline."""
        return False

    def touched(self) -> set[str]:
        """Know of nothing."""
        return set()

    def close(self) -> None:
        """Do nothing."""


class TreeWatch:
    """Watches with inotify: one watch for each directory. Thread-safe.

    Raises `OSError` where the kernel gives no instance (``max_user_instances``).
    """

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._descriptor < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        self._lock = Lock()
        self._names: dict[int, str] = {}
        self._numbers: defaultdict[str, list[int]] = defaultdict(list)

    def watch(self, name: str, root: Path) -> bool:
        """See `Watch`; False where ``max_user_watches`` is used up, or ``root`` is gone."""
        with self._lock:
            self._forget(name)
            for folder, _, _ in os.walk(root):
                number = self._libc.inotify_add_watch(
                    self._descriptor, os.fsencode(folder), _CHANGES | _ONLYDIR | _DONT_FOLLOW
                )
                if number < 0:
                    self._forget(name)
                    return False
                self._names[number] = name
                self._numbers[name].append(number)
            return name in self._numbers

    def touched(self) -> set[str]:
        """See `Watch`; after an overflow of the queue, every name."""
        with self._lock:
            found: set[str] = set()
            for number, mask in self._events():
                if mask & _OVERFLOW:
                    found.update(self._numbers)
                elif not mask & _IGNORED and number in self._names:
                    found.add(self._names[number])
            for name in found:
                self._forget(name)
            return found

    def close(self) -> None:
        """Close the queue."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _events(self) -> list[tuple[int, int]]:
        """Return the queued events: the number of a watch, and what happened."""
        events: list[tuple[int, int]] = []
        while True:
            try:
                content = os.read(self._descriptor, _READ_BYTES)
            except BlockingIOError:
                return events
            offset = 0
            while offset < len(content):
                number, mask, _, length = _EVENT.unpack_from(content, offset)
                events.append((number, mask))
                offset += _EVENT.size + length

    def _forget(self, name: str) -> None:
        for number in self._numbers.pop(name, ()):
            if self._names.pop(number, None) is not None:
                self._libc.inotify_rm_watch(self._descriptor, number)


def best_watch() -> Watch:
    """Return what this machine can do."""
    if sys.platform != "linux":
        return NoWatch()
    try:
        return TreeWatch()
    except OSError:
        return NoWatch()
