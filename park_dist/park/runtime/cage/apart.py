"""What a user's processes have for themselves: temporary files, memory, terminals, a network.

In mounts of this process's own; for it and its children.
"""

from __future__ import annotations

import os

from ..protect import mount  # noqa: TID252 (named otherwise in environments)
from .covers import cover, show_below
from .kernel import libc

__all__ = ["arrange_network", "arrange_temporary", "own_messages", "own_terminals"]

# <sys/mount.h>, <sched.h>, <net/if.h>, <linux/sockios.h>
_NOSUID_NODEV = 2 | 4
_NOSUID_NOEXEC = 2 | 8
_CLONE_NEWIPC = 0x08000000
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_TMP, _LASTING_TMP = "/tmp", "/var/tmp"  # noqa: S108 (whose they are, is what this is about)
_TERMINALS = "/dev/pts"
_EMPTY = (
    ("/dev/shm", "tmpfs", "mode=1777"),  # noqa: S108
    ("/run/lock", "tmpfs", "mode=1777,size=1m"),
    ("/dev/mqueue", "mqueue", ""),
)
"""What else everybody may write to on a usual system (and find there by its name)."""


def arrange_temporary(folder: str, shown: list[str]) -> None:
    """Have ``folder`` be ``/tmp`` and ``/var/tmp``, but for what is ``shown`` there.

    Shared memory is empty, and so are locks and queues, also those of System V, which are in no
    folder (ipc_namespaces(7)). Raises `OSError` where that cannot be had.
    """
    own_messages()
    show_below(_TMP, folder, shown)
    if _is_folder(_LASTING_TMP):
        show_below(_LASTING_TMP, _TMP, shown)
    for place, kind, options in _EMPTY:
        if _is_folder(place):
            mount("park", place, _NOSUID_NODEV, kind, options)


def own_messages() -> None:
    """Share no memory, semaphores or queues by number or name from now on. Raises `OSError`."""
    if libc().unshare(_CLONE_NEWIPC) != 0:
        import ctypes

        raise OSError(ctypes.get_errno(), "no namespace of messages is permitted here")


def own_terminals() -> None:
    """Have no terminal but those that are opened from now on.

    One of the same account could be read, a password that is typed there as well, and written to.
    Where no others can be had, there are none at all. Raises `OSError`.
    """
    if _is_folder(_TERMINALS):
        try:
            mount("park", _TERMINALS, _NOSUID_NOEXEC, "devpts", "ptmxmode=0666,mode=600")
        except OSError:
            cover([_TERMINALS])


def _is_folder(path: str) -> bool:
    return os.path.isdir(path) and not os.path.islink(path)  # noqa: PTH112, PTH114 (no Path here)


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
