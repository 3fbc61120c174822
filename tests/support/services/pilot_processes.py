"""The processes of a service's pilots, as the machine's own list has them."""

from __future__ import annotations

import os
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["driver_of", "helpers_of", "interchange_of", "pools_of", "workers_of"]


def driver_of(home: Path) -> list[int]:
    """Return the driver of the service at ``home``: one, where it has any."""
    return [pid for pid in _started_for(home) if b"park_server.pilots.driver" in _words(pid)]


def interchange_of(home: Path) -> list[int]:
    """Return Parsl's interchange."""
    below = _children()
    children = [child for driver in driver_of(home) for child in below[driver]]
    return [pid for pid in children if b"interchange" in _words(pid)]


def pools_of(home: Path) -> list[int]:
    """Return the pilots themselves: each a pool of workers."""
    pools = [pid for pid in _started_for(home) if b"process_worker_pool.py" in _words(pid)]
    return [pid for pid in pools if b"bash" not in _words(pid).partition(b"\0")[0]]


def helpers_of(home: Path) -> list[int]:
    """Return what all pilots have started: workers, and what holds what these share."""
    below = _children()
    return [child for pool in pools_of(home) for child in below[pool]]


def workers_of(home: Path) -> list[int]:
    """Return the workers of all pilots that have served a job: fork servers are below them."""
    below, environments = _children(), os.fsencode(home / "envs")
    return [
        child
        for pool in pools_of(home)
        for child in below[pool]
        if any(_words(each).startswith(environments) for each in below[child])
    ]


def _started_for(home: Path) -> list[int]:
    folder = os.fsencode(home / "pilots")
    return [pid for pid in _processes() if folder in _words(pid)]


def _children() -> dict[int, list[int]]:
    found: defaultdict[int, list[int]] = defaultdict(list)
    for pid in _processes():
        stat = _read(pid, "stat").rpartition(b")")[2].split()
        if stat:
            found[int(stat[1])].append(pid)
    return found


def _processes() -> Iterator[int]:
    for entry in Path("/proc").glob("[0-9]*"):
        yield int(entry.name)


def _words(pid: int) -> bytes:
    return _read(pid, "cmdline")


def _read(pid: int, name: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""
