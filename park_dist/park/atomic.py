"""Files that appear whole or not at all: written beside, renamed into their place."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

__all__ = ["write_atomically"]


def write_atomically(path: Path, text: str, *, mode: int = 0o666, durable: bool = False) -> None:
    """Write ``text`` (UTF-8) to ``path``, whose folder is made where it is missing.

    Readers see the old or the new text. ``mode`` holds from the first moment, less the
    umask; ``durable`` lets the text survive a power cut once this returns.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
    try:
        with open(os.open(beside, flags, mode), "w", encoding="utf-8") as file:  # noqa: PTH123 (a descriptor)
            file.write(text)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
