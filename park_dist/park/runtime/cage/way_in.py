"""The way into a cage, which a process goes before the first line of anybody else's code.

What is wanted comes as words of a command line:

======================  ===================================================================
``reach=PATH``          others than root get there, whatever folders lead to it
``hide=FOLDER``         cover what is in it, but for ``keep=NAME`` and what is at ``show=PATH``
``cover=PATH``          cover a file or folder, whatever it is
``tmp=FOLDER``          that is ``/tmp``; ``/dev/shm`` is empty, and others' processes not seen
``network=none``        no network, or with ``loopback`` one that has this process alone in it
``limit=NAME:NUMBER``   ``nproc`` or ``data`` of getrlimit(2)
``user=UID:GID:GROUPS`` who to be afterwards
``alone``               give up what root may, what reaches others, and the system calls that
                        no job needs; with ``own-folder`` not what
                        `park.runtime.cage.own_folder` takes
======================  ===================================================================
"""

from __future__ import annotations

import os

from ..protect import bind_read_only  # noqa: TID252 (named otherwise in environments)
from . import landlock, system_calls
from .apart import arrange_network, arrange_temporary
from .covers import cover, cover_all_but, let_through
from .privileges import SETFCAP, become, give_up

__all__ = ["arrange_covers", "leave_powers"]

_OF_ROOT = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/root/.ssh",
)  # fmt: skip
"""What every system keeps for root alone; a job that is root would own it."""

_GROUPS = "/sys/fs/cgroup"

_SETTINGS = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus")
"""What root writes to without a capability."""

_DEVICES = (
    "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "fuse",
    "kfd", "dri", "infiniband",
)  # fmt: skip
"""Devices that programs use; all others, disks among them, root could open by their modes."""

_DEVICE_BEGINNINGS = ("nvidia", "accel")


def arrange_covers(words: list[str]) -> bool:
    """Cover what ``words`` name; called where mounts are this process's own. Raises `OSError`."""
    kept, shown, reached = _of(words, "keep"), _of(words, "show"), _of(words, "reach")
    if _of(words, "user"):
        let_through(reached)
    for folder in _of(words, "hide"):
        cover_all_but(folder, kept, shown)
    cover(_of(words, "cover"))
    if "alone" in words:
        bind_read_only(_control_groups())
        if os.geteuid() == 0:
            _cover_roots_own()
    for folder in _of(words, "tmp"):
        arrange_temporary(folder, reached)
    for network in _of(words, "network"):
        arrange_network(network)
    return True


def leave_powers(words: list[str]) -> None:
    """Be who ``words`` say, without powers; raises `OSError`."""
    for name, _, number in (limit.partition(":") for limit in _of(words, "limit")):
        _limit(name, int(number))
    for account in _of(words, "user"):
        user, group, others = account.split(":")
        become(int(user), int(group), [int(each) for each in others.split(",") if each])
    if "alone" in words:
        give_up(SETFCAP if os.geteuid() == 0 and "own-folder" in words else None)
        if landlock.is_available():
            landlock.enter_domain()
        if system_calls.is_available():
            system_calls.refuse(system_calls.program(system_calls.KERNEL))
            if "own-folder" not in words:
                system_calls.refuse(system_calls.program(system_calls.NAMESPACES))


def _limit(name: str, number: int) -> None:
    """Set what the kernel counts for each account (nproc), or for each process (data)."""
    import resource

    resource.setrlimit(getattr(resource, f"RLIMIT_{name.upper()}"), (number, number))


def _control_groups() -> list[str]:
    """Return where processes could move themselves out of their limits."""
    if not os.path.isdir(_GROUPS):  # noqa: PTH112 (no Path here)
        return []
    below = [f"{_GROUPS}/{name}" for name in os.listdir(_GROUPS)]  # noqa: PTH208
    return [_GROUPS, *(each for each in below if os.path.ismount(each))]


def _cover_roots_own() -> None:
    cover(list(_OF_ROOT))
    bind_read_only([path for path in _SETTINGS if os.path.lexists(path)])
    names = os.listdir("/dev")  # noqa: PTH208 (no Path here)
    used = [n for n in names if n in _DEVICES or n.startswith(_DEVICE_BEGINNINGS)]
    links = [n for n in names if os.path.islink(f"/dev/{n}")]  # noqa: PTH114 (no Path here)
    cover_all_but("/dev", [*used, *links], [])


def _of(words: list[str], name: str) -> list[str]:
    return [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]
