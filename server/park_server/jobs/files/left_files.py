"""What a job left in its work directory: kept by content, as far as it is plain files."""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence

from park.model.file_names import readable
from park.model.ids import JobId
from park.wire import FileRecord
from park_server.content import ContentStore, Intake
from park_server.untrusted import Found, NotPlain, Tree, open_plain

__all__ = ["DEEPEST", "MOST_FILES", "MOST_HOLES", "collect", "tell"]

_log = logging.getLogger("park.jobs")

MOST_FILES = 100_000
"""Files and folders that one job may leave: each is a row, and in each answer about the job."""

DEEPEST = 100
"""Folders in folders; each takes a descriptor while what is in it is collected."""

MOST_HOLES = 16 << 30
"""Bytes of sparse files that no disk has, of all files of a job: to leave a hole costs nothing, and
to read it takes a second for each half a gigabyte or so, in which its slot is taken."""

_BLOCK = 512
"""Bytes of a block, in which stat(2) counts them."""

_MOST_LINES = 20
"""Lines about what was not kept."""


def collect(work: int, content: ContentStore) -> tuple[tuple[FileRecord, ...], list[str]]:
    """Keep what the open folder ``work`` has; return its records, and lines about what is left out.

    The files stay where they are, so that a crash before the caller's commit loses nothing.
    Links, pipes, devices and files that are elsewhere, too, are not kept: they may be what is
    not the job's to show. Raises `TooMuch`, and `OSError` where the disk does not take them.
    """
    tree = Tree(work, most=MOST_FILES, deepest=DEEPEST)
    kept, left_out = [], []
    holes = _Holes(content)
    with content.intake() as intake:
        for found in tree:
            try:
                kept.append(_kept(tree, found, intake, holes))
            except NotPlain as error:
                left_out.append(f"{found.path!r} is {error}")
            except FileNotFoundError:
                left_out.append(f"{found.path!r} went while it was collected")
            except PermissionError as error:
                left_out.append(f"{found.path!r} cannot be read: {error.strerror}")
    return tuple(kept), left_out


class _Holes:
    """What the files of one job have of bytes that no disk has: they are read like all others."""

    def __init__(self, content: ContentStore) -> None:
        disk = os.statvfs(content.folder)
        self._largest = disk.f_blocks * disk.f_frsize
        self._left = MOST_HOLES

    def require_room(self, file: os.stat_result) -> None:
        """Raise `NotPlain` for a file that is longer than can be, or than the job has room for."""
        if file.st_size > self._largest:
            raise NotPlain("larger than the disk of the service")
        holes = max(0, file.st_size - file.st_blocks * _BLOCK)
        if holes > self._left:
            raise NotPlain(f"mostly holes: a job may leave {MOST_HOLES:,} bytes that no disk has")
        self._left -= holes


def _kept(tree: Tree, found: Found, intake: Intake, holes: _Holes) -> FileRecord:
    descriptor = tree.open(found)
    try:
        holes.require_room(os.fstat(descriptor))
        sha256, size = intake.add(descriptor)
    finally:
        os.close(descriptor)
    return FileRecord(name=found.path, sha256=sha256, size=size)


def tell(inside: int, job: JobId, left_out: Sequence[str]) -> None:
    """Append what was ``left_out`` to the standard error in the open folder of ``job``."""
    lines = [f"park: not kept: {line}" for line in left_out[:_MOST_LINES]]
    if len(left_out) > _MOST_LINES:
        lines.append(f"park: not kept: {len(left_out) - _MOST_LINES:,} more")
    _log.warning("job %s: %d files not kept: %s", job, len(left_out), readable(left_out[0]))
    try:
        stream = open_plain("stderr", inside, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    except (OSError, NotPlain):  # the log of the service has it
        return
    with os.fdopen(stream, "wb") as file:
        file.write("".join(f"{line}\n" for line in lines).encode("utf-8", "backslashreplace"))
