"""Functions with much data in them: as a file, which a service gets once for a sweep."""

from __future__ import annotations

import atexit
import hashlib
import os
import shutil
import tempfile
import threading
from pathlib import Path

__all__ = ["MOST_INLINE", "kept_as_file"]

MOST_INLINE = 64 << 10
"""Bytes that go into each request of a sweep; more is sent once, by its content."""

_lock = threading.Lock()
_folder: list[Path] = []


def kept_as_file(data: bytes) -> Path:
    """Return a file with ``data``, which is there until this process ends."""
    path = _home() / hashlib.sha256(data).hexdigest()
    if not path.exists():
        path.write_bytes(data)
    return path


def _home() -> Path:
    with _lock:
        if not _folder:
            made = Path(tempfile.mkdtemp(prefix="park-functions-"))
            _folder.append(made)
            owner = os.getpid()
            # what is on its way is sent before: the interpreter waits for that first
            atexit.register(lambda: _remove(made, owner))
        return _folder[0]


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork, whose parent still sends what is there
        shutil.rmtree(folder, ignore_errors=True)
