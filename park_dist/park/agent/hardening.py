"""What keeps the memory of a process from others of the same user."""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = ["harden", "is_dumpable"]

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4
"""<linux/prctl.h>."""

_PT_DENY_ATTACH = 31
"""<sys/ptrace.h> of macOS."""


def harden() -> None:
    """Let nobody but root read the memory of this process, now or in a core file.

    On Linux it is not dumpable (prctl(2)): its /proc is root's, and no debugger attaches. On
    macOS no debugger attaches. Files that it makes are its user's alone.
    """
    os.umask(0o077)
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "linux":
        if libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(PR_SET_DUMPABLE)")
    elif sys.platform == "darwin":
        libc.ptrace(_PT_DENY_ATTACH, 0, None, 0)


def is_dumpable() -> bool:
    """Tell whether others of the same user may read this process's memory (Linux)."""
    return bool(ctypes.CDLL(None).prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0))
