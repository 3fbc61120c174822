"""The socket of a folder that one user alone may look into: named by descriptors, at any depth."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["listening", "short"]


@contextmanager
def short(folder: Path) -> Iterator[str]:
    """Yield the path of the socket in ``folder`` by an open directory.

    Paths of sockets end at 107 bytes, and folders may be deeper than that. Raises `OSError`.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/socket"
    finally:
        os.close(descriptor)


def listening(folder: Path, backlog: int) -> socket.socket:
    """Return what listens in ``folder``, for its owner alone, in the place of any earlier one.

    Raises `OSError`.
    """
    place = folder / "socket"
    place.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short(folder) as path:
            listener.bind(path)
        place.chmod(0o600)
        listener.listen(backlog)
    except OSError:
        listener.close()
        raise
    return listener
