"""Control groups: the processes, the memory and the processors of the jobs of one fork server.

Version 1 or 2 of them, whichever the machine has and this user may write to (cgroups(7)). The
group is that of the fork server, so that no job waits for it: what is forked is in it from its
first moment, whatever sessions it begins.
"""

from __future__ import annotations

import logging
import os
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from park.runtime.descendants import descendants

__all__ = ["PREFIX", "ControlGroups", "almost_all_memory", "end_before_others", "found_groups"]

_log = logging.getLogger("park.jobs")

PREFIX = "park-"
"""How the names of all groups of services begin."""

_ROOT = Path("/sys/fs/cgroup")

_LIMITS = {
    1: {"pids": "pids.max", "memory": "memory.limit_in_bytes", "cpu": "cpu.cfs_quota_us"},
    2: {"pids": "pids.max", "memory": "memory.max", "cpu": "cpu.max"},
}

_PERIOD_US = 100_000
"""Of time of processors: the kernel's own, where nobody has said another one."""

_EVENTS = {1: "memory.oom_control", 2: "memory.events"}
"""Where the kernel counts what it ended."""

_KEPT_FREE = 20
"""The part of the machine's memory that is for no job: the service's, and the system's."""


_END_FIRST = 500
"""Added to what the kernel thinks of a job's processes when the machine itself has no memory left
(oom_score_adj, proc_pid_oom_score_adj(5), of 1000): as if each used half of the machine more."""


@cache
def almost_all_memory(told: Path = Path("/proc/meminfo")) -> int:
    """Return how much memory jobs may have where nobody has said it, in bytes.

    What is available when it is first asked, but for a part, so that a job which takes all is
    ended by its own limit: without one the machine loses the pages of all programs first, and
    stands still for minutes. What others need for a moment is not held against jobs: they may
    have half of the machine.
    """
    whole = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    kept = whole // _KEPT_FREE
    return max(_available(told, whole) - kept, whole // 2)


def _available(told: Path, whole: int) -> int:
    """Return what new programs can have without anything being taken from others (proc(5))."""
    with suppress(OSError, ValueError):
        for line in told.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return min(int(line.split()[1]) * 1024, whole)
    return whole


def end_before_others(pid: int) -> None:
    """Have the kernel end what ``pid`` starts from now, rather than anything of the machine's own.

    That is where its memory is full in spite of all limits.
    """
    with suppress(OSError):  # it has ended, or belongs to somebody else
        Path(f"/proc/{pid}/oom_score_adj").write_text(f"{_END_FIRST}\n", encoding="ascii")


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlGroups:
    """Where groups can be made, by what they limit, and their version.

    That is ``pids``, ``memory`` (in bytes) and ``cpu`` (processors).
    """

    version: int = 2
    places: tuple[tuple[str, Path], ...] = ()

    @property
    def limited(self) -> frozenset[str]:
        """What can be limited."""
        return frozenset(kind for kind, _ in self.places)

    def take_in(self, pid: int, name: str, limits: dict[str, int]) -> None:
        """Put process ``pid`` and all that it will start into groups ``name`` with ``limits``.

        What cannot be done is a line of the log: the fork server serves without it.
        """
        for kind, place in self.places:
            if kind in limits:
                file = _LIMITS[self.version][kind]
                limit = limits[kind] * (_PERIOD_US if kind == "cpu" else 1)
                try:
                    try:
                        _enter(place / name, pid, file, limit)
                    except FileNotFoundError:  # swept by another service while it was empty
                        _enter(place / name, pid, file, limit)
                except OSError as error:
                    _log.warning("jobs have no limit of %s: %s", kind, error)

    def ended_for_memory(self, name: str) -> int:
        """Return how often the kernel has ended a process of groups ``name`` for want of memory."""
        place = dict(self.places).get("memory")
        if place is None:
            return 0
        with suppress(OSError):
            lines = (place / name / _EVENTS[self.version]).read_text(encoding="ascii").splitlines()
            found = dict(line.split(maxsplit=1) for line in lines)
            return int(found.get("oom_kill", 0))
        return 0

    def sweep(self) -> None:
        """Remove groups without a process, which services that were killed have left."""
        for _, place in self.places:
            for group in place.glob(f"{PREFIX}*"):
                with suppress(OSError):  # it has processes
                    group.rmdir()

    def remove(self, name: str) -> None:
        """Remove the groups ``name``, whose last process has ended."""
        for _, place in self.places:
            with suppress(OSError):
                (place / name).rmdir()


def _enter(group: Path, pid: int, file: str, limit: int) -> None:
    group.mkdir(exist_ok=True)
    (group / file).write_text(f"{limit}\n")
    taken: set[int] = set()
    # what was started before its parent was taken in is in no group yet; what is started after, is
    while new := {pid, *descendants(pid)} - taken:
        for each in sorted(new):
            with suppress(ProcessLookupError):
                (group / "cgroup.procs").write_text(f"{each}\n")
        taken |= new


def found_groups(root: Path = _ROOT, own: Path = Path("/proc/self/cgroup")) -> ControlGroups:
    """Return where this process can make groups; nowhere, where it cannot."""
    try:
        lines = [line.split(":", 2) for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return ControlGroups()
    below = {each: path for _, names, path in lines for each in names.split(",")}
    for version, places in (
        (2, _unified(root, below.get("", "/"))),
        (1, tuple((kind, _at(root / kind, below[kind])) for kind in _LIMITS[1] if kind in below)),
    ):
        usable = tuple((kind, path) for kind, path in places if _may_make(path))
        if usable:
            return ControlGroups(version=version, places=usable)
    return ControlGroups()


def _unified(root: Path, below: str) -> tuple[tuple[str, Path], ...]:
    """Return the place in the tree of version 2, for each controller that children get there."""
    place = _at(root, below)
    with suppress(OSError):
        given = (place / "cgroup.subtree_control").read_text(encoding="ascii").split()
        return tuple((kind, place) for kind in _LIMITS[2] if kind in given)
    return ()


def _at(tree: Path, below: str) -> Path:
    return tree / below.lstrip("/")


def _may_make(place: Path) -> bool:
    return os.access(place, os.W_OK) and (place / "cgroup.procs").exists()
