"""Calls of the kernel for which Python has no function, or a slow one to find."""

from __future__ import annotations

import os
from functools import cache

__all__ = ["call", "libc", "prctl"]

TYPE_CHECKING = False  # `typing` costs milliseconds at the start of each fork server
if TYPE_CHECKING:
    import ctypes


@cache
def libc() -> ctypes.CDLL:
    """Return the C library, opened once, before any fork: it costs a child page faults.

    Raises `ImportError` where this Python has no `ctypes`.
    """
    import ctypes

    return ctypes.CDLL(None, use_errno=True)


def call(number: int, *arguments: object) -> int:
    """Make the system call ``number``; raises `OSError`."""
    return _checked(int(libc().syscall(number, *arguments)))


def prctl(option: int, *arguments: int) -> int:
    """Ask the kernel for ``option`` of this process; raises `OSError`."""
    import ctypes

    padded = (*arguments, 0, 0, 0, 0)[:4]
    return _checked(int(libc().prctl(option, *map(ctypes.c_ulong, padded))))


def _checked(result: int) -> int:
    import ctypes

    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
