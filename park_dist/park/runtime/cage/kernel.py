"""Calls of the kernel for which Python has no function, or a slow one to find."""

from __future__ import annotations

import os

from ..protect import libc  # noqa: TID252 (named otherwise in environments)

__all__ = ["call", "libc", "prctl"]


def call(number: int, *arguments: object) -> int:
    """Make the system call ``number``; raises `OSError`."""
    return _checked(int(libc().syscall(number, *arguments)))


def prctl(option: int, *arguments: int) -> int:
    """Ask the kernel for ``option`` of this process; raises `OSError`."""
    return _checked(int(libc().prctl(option, *(*arguments, 0, 0, 0, 0)[:4])))


def _checked(result: int) -> int:
    import ctypes

    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result
