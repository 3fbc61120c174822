"""Giving up what root may, and what a file's owner could give: for this process and its children.

See capabilities(7) and prctl(2).
"""

from __future__ import annotations

import os
import sys

from .kernel import libc, prctl

__all__ = [
    "SETFCAP",
    "become",
    "bound_to",
    "gain_nothing",
    "give_up",
    "keep_only",
    "not_dumpable",
]

SETFCAP = 31
"""What root needs to be root in a user namespace, since Linux 5.12 (user_namespaces(7))."""

# <linux/prctl.h>, <linux/capability.h>
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_DUMPABLE = 4
_CAPABILITY_VERSION_3 = 0x20080522
_CAPABILITIES = 64
"""More than there are; of those that the kernel does not know it says so."""


def become(user: int, group: int, others: list[int] | None = None) -> None:
    """Be ``user`` and ``group`` for good, in no group but ``others`` besides; raises `OSError`."""
    os.setgroups(others or [])
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    prctl(_PR_SET_DUMPABLE, 1)  # the change took it: nobody could read its own /proc


def not_dumpable() -> None:
    """Let no process of the same user look into this one."""
    prctl(_PR_SET_DUMPABLE, 0)


def gain_nothing() -> None:
    """Let no program that is started from here have more rights than this process."""
    prctl(_PR_SET_NO_NEW_PRIVS, 1)


def give_up(kept: int | None = None) -> None:
    """Give up every capability, also those that root's programs would begin with.

    But for the one with the number ``kept``. Raises `OSError`.
    """
    bound_to(kept)
    keep_only(kept)
    gain_nothing()


def bound_to(kept: int | None) -> None:
    """Let no program that is started from here begin with a capability but ``kept``."""
    drop = libc().prctl  # each child of a fork server does all of this, and waits for it
    for number in range(_CAPABILITIES):
        if number != kept and drop(_PR_CAPBSET_DROP, number, 0, 0, 0) < 0:
            break  # none of this number, or not ours to drop: an ordinary user has none


def keep_only(kept: int | None) -> None:
    """Give up the capabilities of this process itself but for ``kept``; raises `OSError`."""
    remaining = _word(0 if kept is None else 1 << kept)
    header = _word(_CAPABILITY_VERSION_3) + _word(0)
    # effective, permitted, inheritable; then those with numbers above 31
    if libc().capset(header, remaining + remaining + bytes(16)) != 0:
        import ctypes

        raise OSError(ctypes.get_errno(), "capset")


def _word(value: int) -> bytes:
    return value.to_bytes(4, sys.byteorder)
