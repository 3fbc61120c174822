"""Where the service that leads hears from those that stand by for its home: a socket in the home.

Who may connect is whoever may look into its folder: this user alone. A port could be somebody
else's once its service has died; a name in this folder cannot.
"""

from __future__ import annotations

import socket
from pathlib import Path

from park_server.sockets.in_folder import listening

__all__ = ["bound", "folder_of"]

_BACKLOG = 2048


def folder_of(home: Path) -> Path:
    """Return the folder of the socket of the service that serves ``home``."""
    return home / "leader"


def bound(folder: Path) -> socket.socket:
    """Return what listens in ``folder``, in the place of any earlier one. Raises `OSError`."""
    folder.mkdir(exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    return listening(folder, _BACKLOG)
