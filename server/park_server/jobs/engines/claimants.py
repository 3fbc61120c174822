"""Whose process a claim names: a job owns its folder, and may write down any process as its own.

A service signals what a claim names, and follows it. So that must be the job's, which the kernel
says: it runs as its user's account and, where each job is shown its own folder alone, has that
folder among its mounts. No job can make a mount, and no other job has that one.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from park.runtime import processes
from park.runtime.processes import Identity

__all__ = ["Claimants"]

_PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claimants:
    """What the processes of a job have: the user id ``uid`` and, as a mount, its ``directory``.

    ``directory`` is None where jobs are not shown their own folders alone.
    """

    uid: int
    directory: str | None

    def are(self, owner: Identity) -> bool:
        """Tell whether ``owner`` is a process of this job."""
        if owner.pid == os.getpid() or not owner.is_alive() or _uid_of(owner.pid) != self.uid:
            return False
        return self.directory is None or self.directory in _mounts_of(owner.pid)

    def found(self) -> list[Identity]:
        """Return the living processes of this job, whatever its claim says; none where untold."""
        if self.directory is None:
            return []
        pids = [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208 (names)
        named = (processes.identity(pid) for pid in pids if self.directory in _mounts_of(pid))
        return [each for each in named if each is not None]


def _uid_of(pid: int) -> int | None:
    """Return as whom a process runs, also one that lets nobody look into it."""
    try:
        text = (_PROC / f"{pid}/status").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    return next((int(line.split()[1]) for line in text.splitlines() if line[:4] == "Uid:"), None)


def _mounts_of(pid: int) -> set[str]:
    """Return where something is mounted for a process; nowhere where that is not told."""
    try:
        lines = (_PROC / f"{pid}/mountinfo").read_bytes().splitlines()
    except OSError:
        return set()
    return {_unescaped(line.split()[4]) for line in lines}


def _unescaped(word: bytes) -> str:
    """Return the path of a word of mountinfo: in it spaces and the like are octal numbers."""
    text, *parts = word.split(b"\\")
    return os.fsdecode(text + b"".join(bytes([int(p[:3], 8)]) + p[3:] for p in parts))
