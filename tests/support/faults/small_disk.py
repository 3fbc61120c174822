"""A file system of its own that is soon full."""

from __future__ import annotations

import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["small_file_system"]


@contextmanager
def small_file_system(place: Path, megabytes: int, *, inodes: int | None = None) -> Iterator[Path]:
    """Mount one at ``place``, a folder that is made; skip where nothing can be mounted.

    It takes so many files and folders; None: half as many as the machine has pages of memory.
    """
    place.mkdir()
    said = f"size={megabytes}m" + ("" if inodes is None else f",nr_inodes={inodes}")
    command = ["mount", "-t", "tmpfs", "-o", said, "tmpfs", str(place)]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"no file system can be mounted here: {error}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)
