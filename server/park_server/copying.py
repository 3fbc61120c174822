"""The bytes of one open file in another: shared where the file system can, else copied.

``FICLONE`` (ioctl_ficlonerange(2): Btrfs, XFS, bcachefs) costs no room and no time, and what
is written to either file afterwards is not in the other. A hard link would be neither.
"""

from __future__ import annotations

import fcntl
import hashlib
import os

__all__ = ["copied", "reflinked"]

_FICLONE = 0x40049409
"""<linux/fs.h>: _IOW(0x94, 9, int)."""

_BLOCK = 1 << 20
_NOTHING = bytes(_BLOCK)


def reflinked(source: int, target: int) -> tuple[str, int] | None:
    """Let the empty ``target`` share the bytes of ``source``; None where that cannot be.

    Returns SHA-256 and size of what ``target`` has then, whatever becomes of ``source``.
    """
    try:
        fcntl.ioctl(target, _FICLONE, source)
    except OSError:
        return None
    with os.fdopen(os.dup(target), "rb") as file:
        file.seek(0)
        return hashlib.file_digest(file, "sha256").hexdigest(), os.fstat(target).st_size


def copied(source: int, target: int, size: int) -> tuple[str, int]:
    """Copy up to ``size`` bytes; return SHA-256 and size of what was written.

    Holes stay holes: a file of zeros takes no more room here than there. Raises `OSError`.
    """
    digest, done = hashlib.sha256(), 0
    while done < size and (block := os.pread(source, min(_BLOCK, size - done), done)):
        digest.update(block)
        if block != _NOTHING:
            _write(target, block, done)
        done += len(block)
    os.ftruncate(target, done)
    return digest.hexdigest(), done


def _write(target: int, block: bytes, offset: int) -> None:
    """Write all of ``block`` (pwrite(2) may write less)."""
    left = memoryview(block)
    while left:
        written = os.pwrite(target, left, offset)
        left, offset = left[written:], offset + written
