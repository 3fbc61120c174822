"""Who is at the other end of a Unix socket, as the kernel says."""

from __future__ import annotations

import socket
import struct
import sys

from park.errors import NotPermitted

__all__ = ["peer_uid", "require_own_peer"]

_LOCAL_PEERCRED = 1
"""<sys/un.h> of macOS and the BSDs, which Python does not name; at the level SOL_LOCAL, 0."""

_XUCRED = struct.Struct("=IIh")
"""The beginning of ``struct xucred`` (unpcb(4)): version, uid, number of groups."""

_UCRED = struct.Struct("=iII")
"""``struct ucred`` (unix(7)): pid, uid, gid."""


def peer_uid(connection: socket.socket) -> int:
    """Return the user whose process has the other end; raises `OSError`."""
    if sys.platform == "linux":
        data = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
        return int(_UCRED.unpack(data)[1])
    data = connection.getsockopt(0, _LOCAL_PEERCRED, 76)
    return int(_XUCRED.unpack_from(data)[1])


def require_own_peer(connection: socket.socket, uid: int) -> None:
    """Raise `NotPermitted` where the other end is not a process of user ``uid``."""
    found = peer_uid(connection)
    if found != uid:
        raise NotPermitted(f"the other end of the agent's socket is user {found}, not {uid}")
