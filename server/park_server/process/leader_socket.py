"""Where the service that leads hears from those that stand by for its home: a socket in the home.

Who may connect is whoever may look into its folder: this user alone. A port could be somebody
else's once its service has died; a name in this folder cannot.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["bound", "folder_of", "short"]

_BACKLOG = 2048


def folder_of(home: Path) -> Path:
    """Return the folder of the socket of the service that serves ``home``."""
    return home / "leader"


@contextmanager
def short(folder: Path) -> Iterator[str]:
    """Yield the path of the socket in ``folder`` by an open directory.

    Paths of sockets end at 107 bytes, and homes may be deeper than that. Raises `OSError`.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{descriptor}/socket"
    finally:
        os.close(descriptor)


def bound(folder: Path) -> socket.socket:
    """Return what listens in ``folder``, in the place of any earlier one. Raises `OSError`."""
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    (folder / "socket").unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short(folder) as path:
            listener.bind(path)
        listener.listen(_BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
