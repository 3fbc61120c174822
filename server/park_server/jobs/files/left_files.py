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

__all__ = ["DEEPEST", "MOST_FILES", "collect", "tell"]

_log = logging.getLogger("park.jobs")

MOST_FILES = 100_000
"""Files and folders that one job may leave: each is a row, and in each answer about the job."""

DEEPEST = 100
"""Folders in folders; each takes a descriptor while what is in it is collected."""

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
    largest = _disk_bytes(content)
    with content.intake() as intake:
        for found in tree:
            try:
                kept.append(_kept(tree, found, intake, largest))
            except NotPlain as error:
                left_out.append(f"{found.path!r} is {error}")
            except FileNotFoundError:
                left_out.append(f"{found.path!r} went while it was collected")
            except PermissionError as error:
                left_out.append(f"{found.path!r} cannot be read: {error.strerror}")
    return tuple(kept), left_out


def _kept(tree: Tree, found: Found, intake: Intake, largest: int) -> FileRecord:
    descriptor = tree.open(found)
    try:
        if os.fstat(descriptor).st_size > largest:
            raise NotPlain("larger than the disk of the service")
        sha256, size = intake.add(descriptor)
    finally:
        os.close(descriptor)
    return FileRecord(name=found.path, sha256=sha256, size=size)


def _disk_bytes(content: ContentStore) -> int:
    disk = os.statvfs(content.folder)
    return disk.f_blocks * disk.f_frsize


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
