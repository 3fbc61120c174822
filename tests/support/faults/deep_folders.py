"""Folders in each other, deeper than a call or a path goes."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["deep_folders"]


def deep_folders(base: Path, depth: int, content: bytes | None = None) -> None:
    """Make ``depth`` folders in each other; longer than any path may be.

    With ``content`` there is a file in the last of them.
    """
    here = os.open(base, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 20, dir_fd=here)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    if content is not None:
        descriptor = os.open("file", os.O_WRONLY | os.O_CREAT, dir_fd=here)
        os.write(descriptor, content)
        os.close(descriptor)
    os.close(here)
