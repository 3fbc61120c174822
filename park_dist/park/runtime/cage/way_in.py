"""The way into a cage, which a process goes before the first line of anybody else's code.

What is wanted comes as words of a command line:

======================  ===================================================================
``reach=PATH``          others than root get there, whatever folders lead to it
``hide=FOLDER``         it holds ``keep=NAME`` and what is at ``show=PATH``, and nothing else, also
                        of what comes there later; nothing new is made there
``cover=PATH``          cover a file or folder, whatever it is
``tmp=FOLDER``          that is ``/tmp`` and ``/var/tmp``; shared memory, locks and queues are
                        empty; ``/proc`` shows of other accounts no process, where root asks for it
``own-processes``       be in a namespace of processes: others are not there at all
``network=none``        no network, or with ``loopback`` one that has this process alone in it
``limit=NAME:NUMBER``   ``nproc``, ``data`` or ``core`` of getrlimit(2)
``user=UID:GID:GROUPS`` who to be afterwards
``alone``               have terminals of one's own, give up what root may, what reaches others, and
                        the system calls that no job needs; with ``own-folder`` not what
                        `park.runtime.cage.own_folder` takes
======================  ===================================================================
"""

from __future__ import annotations

import os

from ..protect import bind_read_only  # noqa: TID252 (named otherwise in environments)
from . import landlock, own_processes, system_calls
from .apart import arrange_network, arrange_temporary, own_terminals
from .covers import cover, cover_all_but, hide, let_through
from .privileges import SETFCAP, become, give_up

__all__ = ["arrange_covers", "leave_powers"]

_OF_ROOT = (
    "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-", "/root/.ssh",
)  # fmt: skip
"""What every system keeps for root alone; a job that is root would own it."""

_GROUPS = "/sys/fs/cgroup"

_SETTINGS = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/sys")
"""What root writes to without a capability, also in what is mounted below."""

_OF_THE_KERNEL = (
    "/proc/kcore", "/proc/timer_list", "/proc/acpi", "/proc/scsi", "/proc/keys",
    "/sys/kernel/debug", "/sys/kernel/tracing", "/sys/firmware",
)  # fmt: skip
"""What tells root of the kernel and of all that runs, as containers cover it."""

_DEVICES = (
    "null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts", "shm", "mqueue", "fuse",
    "kfd", "dri", "infiniband",
)  # fmt: skip
"""Devices that programs use; all others, disks among them, root could open by their modes."""

_DEVICE_BEGINNINGS = ("nvidia", "accel")


def arrange_covers(words: list[str]) -> bool:
    """Cover what ``words`` name; called where mounts are this process's own. Raises `OSError`."""
    kept, shown, reached = _of(words, "keep"), _of(words, "show"), _of(words, "reach")
    if "own-processes" in words:  # before the covers of /proc, which would be below the new one
        own_processes.enter()
    elif _of(words, "tmp"):
        own_processes.hide_others()
    if _of(words, "user"):
        let_through(reached)
    for folder in _of(words, "hide"):
        hide(folder, kept, shown)
    cover(_of(words, "cover"))
    if "alone" in words:
        own_terminals()
        if os.geteuid() == 0:
            _cover_roots_own()
        else:
            bind_read_only(_control_groups())
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
    cover([*_OF_ROOT, *_OF_THE_KERNEL])
    bind_read_only(_mounted_at_or_below(_SETTINGS))
    names = os.listdir("/dev")  # noqa: PTH208 (no Path here)
    used = [n for n in names if n in _DEVICES or n.startswith(_DEVICE_BEGINNINGS)]
    links = [n for n in names if os.path.islink(f"/dev/{n}")]  # noqa: PTH114 (no Path here)
    cover_all_but("/dev", [*used, *links])


def _mounted_at_or_below(paths: tuple[str, ...]) -> list[str]:
    """Return ``paths`` that are there, and what is mounted below: that is bound by itself."""
    with open("/proc/self/mounts", "rb") as file:  # noqa: PTH123 (no Path here)
        places = {os.fsdecode(line.split()[1]) for line in file}
    below = {place for place in places if place.startswith(tuple(f"{path}/" for path in paths))}
    return sorted({path for path in paths if os.path.lexists(path)} | below)


def _of(words: list[str], name: str) -> list[str]:
    return [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]
