"""Files that appear whole or not at all: written beside, renamed into their place.

They may be lost with the power: `park_repo.durable` writes those that must not be.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["appearing", "write_atomically"]


@contextmanager
def appearing(target: Path, *, beside: Path | None = None) -> Iterator[Path]:
    """Give a path to write to, which becomes ``target`` at the end of the block.

    Where the block raises, ``target`` stays what it was, and what was written goes. The path
    is a hidden one in the same folder, or the one ``beside``.
    """
    written = beside or target.with_name(f".{target.name}.{os.urandom(4).hex()}")
    try:
        yield written
        written.replace(target)
    finally:
        written.unlink(missing_ok=True)


def write_atomically(path: Path, text: str, *, mode: int = 0o666) -> None:
    """Write ``text`` (UTF-8) to ``path``, whose folder is made where it is missing.

    Readers see the old or the new text. ``mode`` holds from the first moment, less the
    umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    with (
        appearing(path) as beside,
        open(os.open(beside, flags, mode), "w", encoding="utf-8") as file,  # noqa: PTH123 (a descriptor)
    ):
        file.write(text)
