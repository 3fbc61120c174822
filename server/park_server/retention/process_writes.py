"""What the processes of a job have open and have written, as the kernel says (proc(5))."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from park_server.retention.sizes_on_disk import BLOCK

__all__ = ["OpenFile", "OpenFiles", "open_files", "written"]

_MOST = 20_000
"""Descriptors that are looked at: a process may have a million."""

_WRITES = b"write_bytes:"


@dataclass(frozen=True, slots=True)
class OpenFile:
    """A file that is open for writing: what it takes in bytes, and how many names it has."""

    size: int
    names: int


OpenFiles = dict[tuple[int, int], OpenFile]
"""Files by device and inode."""


def written(processes: Sequence[int]) -> int | None:
    """Return how many bytes ``processes`` have sent to disks; None where there is none to ask.

    With those of their children that have ended. Of one that may not be asked, or that has gone
    meanwhile, nothing is known.
    """
    known = [size for size in map(_written, processes) if size is not None]
    return sum(known) if known else None


def _written(pid: int) -> int | None:
    try:
        with open(f"/proc/{pid}/io", "rb") as file:  # noqa: PTH123 (no path of ours)
            lines = file.read().splitlines()
    except OSError:
        return None
    return next((int(line[len(_WRITES) :]) for line in lines if line.startswith(_WRITES)), None)


def open_files(processes: Sequence[int], *, on: Path) -> OpenFiles:
    """Return the files on the disk of ``on`` that ``processes`` have open for writing."""
    try:
        device = on.stat().st_dev
    except OSError:
        return {}
    found: OpenFiles = {}
    for status in islice(_open_for_writing(processes), _MOST):
        if stat.S_ISREG(status.st_mode) and status.st_dev == device:
            key = status.st_dev, status.st_ino
            found[key] = OpenFile(status.st_blocks * BLOCK, status.st_nlink)
    return found


def _open_for_writing(processes: Sequence[int]) -> Iterator[os.stat_result]:
    for pid in processes:
        folder = f"/proc/{pid}/fd"
        try:
            names = os.listdir(folder)  # noqa: PTH208 (names alone)
        except OSError:  # gone, or closed to us
            continue
        for name in names:
            try:
                # the mode of the link says for what it was opened, and its target what it is
                if os.lstat(f"{folder}/{name}").st_mode & stat.S_IWUSR:
                    yield os.stat(f"{folder}/{name}")  # noqa: PTH116
            except OSError:
                continue
