"""What a user's processes have for themselves: temporary files, shared memory, a network.

In mounts of this process's own; for it and its children.
"""

from __future__ import annotations

import os

from ..protect import mount  # noqa: TID252 (named otherwise in environments)
from .covers import show_below
from .kernel import libc

__all__ = ["arrange_network", "arrange_temporary"]

# <sys/mount.h>, <sched.h>, <net/if.h>, <linux/sockios.h>
_NOSUID_NODEV = 2 | 4
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_SHARED_MEMORY = "/dev/shm"  # noqa: S108 (whose it is, is what this is about)


def arrange_temporary(folder: str, shown: list[str]) -> None:
    """Have ``folder`` be ``/tmp``, but for what is ``shown`` there; ``/dev/shm`` is empty.

    Raises `OSError` where /tmp cannot be had.
    """
    show_below("/tmp", folder, shown)  # noqa: S108
    if os.path.isdir(_SHARED_MEMORY):  # noqa: PTH112 (no Path here)
        mount("park", _SHARED_MEMORY, _NOSUID_NODEV, "tmpfs", "mode=1777")


def arrange_network(kind: str) -> None:
    """Have no network from now on; for ``loopback``, one with a loopback. Raises `OSError`."""
    if libc().unshare(_CLONE_NEWNET) != 0:
        import ctypes

        raise OSError(ctypes.get_errno(), "no network namespace is permitted here")
    if kind == "loopback":
        import fcntl
        import socket
        import struct

        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
            # struct ifreq: a name of 16 characters, then the flags
            fcntl.ioctl(asked, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))
