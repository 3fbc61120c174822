"""Folders in each other, deeper than a call or a path goes."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["deep_folders"]


def deep_folders(base: Path, depth: int) -> None:
    """Make ``depth`` folders in each other; longer than any path may be."""
    here = os.open(base, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d" * 20, dir_fd=here)
        inner = os.open("d" * 20, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
